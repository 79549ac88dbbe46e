package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnGenerated() Rule {
	return Rule{
		ID: "add-column-generated", Title: "A stored generated column is added", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:     "ACCESS EXCLUSIVE on the table",
		Why:      "PostgreSQL computes and stores the value of every row, and nobody can read or write the table meanwhile.",
		Versions: "Since PostgreSQL 18 a column can be VIRTUAL: nothing is stored, and nothing written anew.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			if column.Stored == nil {
				return nil
			}
			return one(Hit{
				Message: "the value of " + statement.QuoteWord(column.Name) + " is stored in every row: " + name(add.Table) + " is written anew", Tables: []statement.Name{add.Table},
				Suggestion: addPlainColumn(add.Table, column) +
					"-- then let a trigger or the application write it, and fill the rows that are there in batches",
			})
		},
	}
}
