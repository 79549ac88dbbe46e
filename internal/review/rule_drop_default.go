package review

import (
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
			switch change := c.Change.(type) {
			case statement.SetDefault:
				if change.Default != nil && !change.Default.Null {
					return nil
				}
				if known, found := c.Table(change.Table).Column(change.Column); !found || !known.NotNull || !known.HasDefault {
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
			return one(hit)
		},
	}
}
