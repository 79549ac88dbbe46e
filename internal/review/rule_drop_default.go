package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropDefault() Rule {
	return Rule{
		ID: "drop-default", Title: "A NOT NULL column loses its default", Severity: Blocking, live: true,
		Why:    "INSERTs that leave the column out fail from then on, and the version of the application that still runs may make such.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			hit := Hit{Severity: Warning}
			var column string
			unseen := false
			switch change := c.Change.(type) {
			case statement.SetDefault:
				if change.Default != nil && !change.Default.Null {
					return nil
				}
				table := c.Table(change.Table)
				known, found := table.Column(change.Column)
				unseen = !found && (table == nil || table.Partial) || found && known.Type.Name.Name == ""
				if !unseen && (!known.NotNull || !known.HasDefault) || c.defaultLater(change) {
					return nil
				}
				hit.Tables, column = []statement.Name{change.Table}, change.Column
			case statement.AddIdentity:
				if !change.Drop {
					return nil
				}
				hit.Tables, column, hit.Severity = []statement.Name{change.Table}, change.Column, Blocking
			default:
				return nil
			}
			if c.addedHere(hit.Tables[0], column) {
				return nil
			}
			hit.Message = "INSERTs into " + name(hit.Tables[0]) + " that leave out " + statement.QuoteWord(column) + " fail"
			if unseen {
				hit.Message += ", if it is NOT NULL and had a default"
			}
			return one(hit)
		},
	}
}

// defaultLater tells whether up gives a column a default again.
func (c *Case) defaultLater(of statement.SetDefault) bool {
	up := changesOf(c.File.up)
	return slices.ContainsFunc(up[min(len(c.Earlier), len(up)):], func(change statement.Change) bool {
		set, is := change.(statement.SetDefault)
		return is && set.Table == of.Table && set.Column == of.Column && set.Default != nil && !set.Default.Null
	})
}
