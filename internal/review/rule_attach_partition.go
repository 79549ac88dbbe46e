package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func attachPartition() Rule {
	return Rule{
		ID: "attach-partition", Title: "A partition is attached, and its rows are read", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the partition, SHARE UPDATE EXCLUSIVE on the parent",
		Why:    "PostgreSQL reads all rows of the table to see that they belong there, and nobody can use it meanwhile. A validated CHECK that says the same as the bound spares it the reading.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-ATTACH-PARTITION",
		change: func(c *Case) []Hit {

			attach, is := c.Change.(statement.AttachPartition)
			if !is || attach.OfIndex || len(c.effects) == 0 || c.effects[0].work != scan {
				return nil
			}
			return one(Hit{
				Message: "all rows of " + name(attach.Partition) + " are read to see that they belong into " + name(attach.Table), Tables: []statement.Name{attach.Partition},
				Suggestion: "-- first, in migrations of their own: ADD CONSTRAINT … CHECK with the bound as its condition and NOT VALID, then VALIDATE CONSTRAINT; after this one, drop it",
			})
		},
	}
}
