package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnCheck() Rule {
	return Rule{
		ID: "add-column-check", Title: "A column is added with a CHECK", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL reads all rows to check them, and nobody can read or write the table meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			for _, constraint := range column.Constraints {
				if constraint.Type == statement.Check && !constraint.NotEnforced {
					return one(Hit{
						Message: "all rows of " + name(add.Table) + " are read to check " + statement.QuoteWord(column.Name), Tables: []statement.Name{add.Table},
						Suggestion: addPlainColumn(add.Table, column) + c.validateSteps(add.Table, constraint),
					})
				}
			}
			if c.Schema.ConstrainedDomain(column.Type.Name) {
				return one(Hit{
					Message: "all rows of " + name(add.Table) + " are written anew: the domain " + name(column.Type.Name) + " has a constraint, which is checked in each", Tables: []statement.Name{add.Table},
					Suggestion: "-- a column of the type that the domain is made of, and the condition as a CHECK of the table: NOT VALID first, VALIDATE in a migration after it",
				})
			}
			return nil
		},
	}
}
