package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnVolatileDefault() Rule {
	return Rule{
		ID: "add-column-volatile-default", Title: "A column is added with a default that differs from row to row", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:     "ACCESS EXCLUSIVE on the table",
		Why:      "PostgreSQL writes the whole table anew to store the values, and nobody can read or write it meanwhile. A default that is the same for all rows, now() among them, needs none of that.",
		Versions: "Since PostgreSQL 11 a default that is the same for all rows is stored once.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			if column.Default == nil || !c.volatile(column.Default) {
				return nil
			}
			table, column1 := statement.Quote(add.Table), statement.QuoteWord(column.Name)
			return one(Hit{
				Message: "the default " + column.Default.SQL() + " is computed for each row: " + name(add.Table) + " is written anew", Tables: []statement.Name{add.Table},
				Suggestion: addPlainColumn(add.Table, column) + "ALTER TABLE " + table + " ALTER COLUMN " + column1 + " SET DEFAULT " + column.Default.SQL() +
					";\n-- then fill the rows that are there in batches, in a migration of its own that says: -- +goose NO TRANSACTION",
			})
		},
	}
}
