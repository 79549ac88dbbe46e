package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func detachPartition() Rule {
	return Rule{
		ID: "detach-partition", Title: "A partition is detached without CONCURRENTLY", Severity: Warning, live: true, down: downInformation,
		Lock:     "ACCESS EXCLUSIVE on the partitioned table",
		Why:      "Readers and writers of the whole partitioned table wait while the statement waits for those before it.",
		Versions: "CONCURRENTLY came with PostgreSQL 14.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION",
		change: func(c *Case) []Hit {

			detach, is := c.Change.(statement.DetachPartition)
			if !is || detach.Concurrently || detach.Finalize {
				return nil
			}
			suggestion := noTransaction + "ALTER TABLE " + statement.Quote(detach.Table) + " DETACH PARTITION " + statement.Quote(detach.Partition) + " CONCURRENTLY;"
			if other, _ := c.Schema.DefaultPartition(detach.Table, statement.Limits{}); other != nil {
				suggestion = "-- CONCURRENTLY does not work beside a default partition: detach that first, in a moment of little traffic, or let the lock have a short lock_timeout"
			}
			return one(Hit{
				Message: "detaching " + name(detach.Partition) + " locks all of " + name(detach.Table), Tables: []statement.Name{detach.Table},
				Suggestion: suggestion,
			})
		},
	}
}
