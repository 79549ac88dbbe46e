package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func setNotNull() Rule {
	return Rule{
		ID: "set-not-null", Title: "SET NOT NULL reads the whole table", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:     "ACCESS EXCLUSIVE on the table",
		Why:      "PostgreSQL reads all rows to see that none is NULL, and nobody can read or write the table meanwhile. A validated CHECK that says the same spares it the reading.",
		Versions: "PostgreSQL 18 has NOT NULL constraints that can be added NOT VALID and validated later.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL",
		change: func(c *Case) []Hit {

			var table statement.Name
			column := ""
			switch change := c.Change.(type) {
			case statement.SetNotNull:
				table, column = change.Table, change.Column
			case statement.AddConstraint:
				if change.Constraint.Type == statement.NotNull && !change.Constraint.NotValid && len(change.Constraint.Columns) == 1 {
					table, column = change.Table, change.Constraint.Columns[0]
				}
			}
			if column == "" || c.Schema.NeverNull(table, column) {
				return nil
			}
			return one(Hit{
				Message: "all rows of " + name(table) + " are read to see that " + statement.QuoteWord(column) + " is never NULL", Tables: []statement.Name{table},
				Suggestion: c.notNullSteps(table, column),
			})
		},
	}
}
