package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func primaryKeyNullable() Rule {
	return Rule{
		ID: "primary-key-nullable", Title: "A primary key over columns that may be NULL", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL makes the columns NOT NULL, and reads all rows for that while nobody can use the table; one NULL makes the migration fail.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddConstraint)
			if !is || add.Constraint.Type != statement.PrimaryKey || add.Constraint.UsingIndex == "" || c.effectOn(c.Schema.Resolve(add.Table)).work != scan {
				return nil
			}
			for _, column := range indexColumns(c.Schema, add.Table, add.Constraint.UsingIndex) {
				if !c.Table(add.Table).NeverNull(column) {
					return one(Hit{
						Message: name(add.Table) + " is read to see that " + statement.QuoteWord(column) + " is never NULL", Tables: []statement.Name{add.Table},
						Suggestion: c.notNullSteps(add.Table, column) + "\n-- and then the primary key",
					})
				}
			}
			return nil
		},
	}
}
