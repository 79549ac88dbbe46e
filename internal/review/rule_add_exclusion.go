package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addExclusion() Rule {
	return Rule{
		ID: "add-exclusion", Title: "An exclusion constraint is added", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Its index is built while nobody can read or write the table, and there is no way to build it beforehand.",
		Source: "https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddConstraint)
			if !is || add.Constraint.Type != statement.Exclusion || add.Constraint.NotEnforced {
				return nil
			}
			return one(Hit{
				Message: "an index is built on " + name(add.Table) + " while nobody can use it", Tables: []statement.Name{add.Table},
			})
		},
	}
}
