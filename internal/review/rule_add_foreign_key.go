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
				Suggestion: validateForeignKey(c, add),
			})
		},
	}
}

// validateForeignKey returns the safe steps; on a partitioned table there are none before PostgreSQL 18.
func validateForeignKey(c *Case, add statement.AddConstraint) string {
	chosen := add.Table.Name + "_fkey"
	if len(add.Constraint.Columns) > 0 {
		chosen = add.Table.Name + "_" + add.Constraint.Columns[0] + "_fkey"
	}
	if table := c.Table(add.Table); table != nil && table.PartitionBy != "" && c.Version < 18 {
		return "-- NOT VALID does not work on a partitioned table before PostgreSQL 18: add the foreign key to each partition with NOT VALID, and validate it there"
	}
	return validateSteps(add.Table, add.Constraint, chosen)
}
