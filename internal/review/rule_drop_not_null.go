package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropNotNull() Rule {
	return Rule{
		ID: "drop-not-null", Title: "NULL is allowed where it was not", Severity: Warning, live: true,
		Why:    "The version of the application that still runs may meet NULL in a column that never had one. Once there is one, the constraint cannot be put back.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.DropNotNull)
			if !is {
				return nil
			}
			if column, known := c.Table(change.Table).Column(change.Column); known && column.Type.Name.Name != "" && !column.NotNull {
				return nil
			}
			return one(Hit{Message: "readers of " + name(change.Table) + " may meet NULL in " + statement.QuoteWord(change.Column), Tables: []statement.Name{change.Table}})
		},
	}
}
