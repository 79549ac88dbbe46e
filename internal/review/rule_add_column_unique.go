package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnUnique() Rule {
	return Rule{
		ID: "add-column-unique", Title: "A UNIQUE or PRIMARY KEY column is added", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "The index is built while nobody can read or write the table.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			for _, constraint := range column.Constraints {
				if (constraint.Type == statement.Unique || constraint.Type == statement.PrimaryKey) && !constraint.NotEnforced {
					return one(Hit{
						Message: "a unique index is built on " + name(add.Table) + " while nobody can use it", Tables: []statement.Name{add.Table},
						Suggestion: addPlainColumn(add.Table, column) + c.uniqueSteps(add.Table, constraint),
					})
				}
			}
			return nil
		},
	}
}
