package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addPrimaryKey() Rule {
	return Rule{
		ID: "add-primary-key", Title: "A PRIMARY KEY builds its index", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "The index is built while nobody can read or write the table.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddConstraint)
			if !is || add.Constraint.Type != statement.PrimaryKey || add.Constraint.NotEnforced || add.Constraint.UsingIndex != "" {
				return nil
			}
			constraint := add.Constraint
			return one(Hit{
				Message: "an index is built on " + name(add.Table) + " while nobody can use it", Tables: []statement.Name{add.Table},
				Suggestion: c.uniqueSteps(add.Table, constraint),
			})
		},
	}
}
