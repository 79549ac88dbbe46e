package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropDefault() Rule {
	return Rule{
		ID: "drop-default", Title: "A NOT NULL column loses its default", Severity: Warning, live: true,
		Why:    "INSERTs that leave the column out fail from then on, and the version of the application that still runs may make such.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.SetDefault)
			if !is || change.Default != nil && !change.Default.Null {
				return nil
			}
			if column, known := c.Table(change.Table).Column(change.Column); !known || !column.NotNull || !column.HasDefault || addedBefore(c, change.Table, change.Column) {
				return nil
			}
			return one(Hit{Message: "INSERTs into " + name(change.Table) + " that leave out " + statement.QuoteWord(change.Column) + " fail", Tables: []statement.Name{change.Table}})
		},
	}
}

// addedBefore tells whether the section added a column before.
func addedBefore(c *Case, table statement.Name, column string) bool {
	return slices.ContainsFunc(c.Earlier, func(change statement.Change) bool {
		added, is := change.(statement.AddColumn)
		return is && added.Table == table && added.Column.Name == column
	})
}
