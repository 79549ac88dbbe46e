package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addForeignKey() Rule {
	return Rule{
		ID: "add-foreign-key", Title: "A foreign key is added and checked at once", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "SHARE ROW EXCLUSIVE on both tables",
		Why:    "Nobody can write to either table until all rows are checked and the transaction has ended.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddConstraint)
			if !is || add.Constraint.Type != statement.ForeignKey || add.Constraint.NotEnforced || add.Constraint.NotValid {
				return nil
			}
			constraint := add.Constraint
			return one(Hit{
				Message: "all rows of " + name(add.Table) + " are checked while nobody can write to it or to " + name(constraint.References), Tables: []statement.Name{add.Table},
				Suggestion: c.validateSteps(add.Table, constraint),
			})
		},
	}
}
