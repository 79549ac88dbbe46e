package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addCheck() Rule {
	return Rule{
		ID: "add-check", Title: "A CHECK is added and checked at once", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Nobody can read or write the table until all rows are checked and the transaction has ended.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddConstraint)
			if !is || add.Constraint.Type != statement.Check || add.Constraint.NotEnforced || add.Constraint.NotValid || len(add.Constraint.NotNullColumns) > 0 && c.effectOn(add.Table).work == brief {
				return nil
			}
			constraint := add.Constraint
			return one(Hit{
				Message: "all rows of " + name(add.Table) + " are checked while nobody can use it", Tables: []statement.Name{add.Table},
				Suggestion: c.validateSteps(add.Table, constraint),
			})
		},
	}
}
