package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func concurrentlyOnPartitionedTable() Rule {
	return Rule{
		ID: "concurrently-on-partitioned-table", Title: "CONCURRENTLY where a partitioned table does not have it", Severity: Blocking, down: downSame,
		Why:    "PostgreSQL refuses it: an index of the parent is made of those of the partitions, and beside a default partition none can be detached so.",
		Source: "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
		change: func(c *Case) []Hit {
			if detach, is := c.Change.(statement.DetachPartition); is && detach.Concurrently {
				if other, _ := c.Schema.DefaultPartition(detach.Table, statement.Limits{}); other != nil {
					return one(Hit{Message: name(detach.Table) + " has a default partition, " + name(other.Name) + ": DETACH PARTITION CONCURRENTLY fails", Tables: []statement.Name{detach.Table}})
				}
			}
			index, is := c.Change.(statement.CreateIndex)
			if !is || !index.Concurrently || index.Only {
				return nil
			}
			table := c.Table(index.Table)
			if table == nil || table.PartitionBy == "" {
				return nil
			}
			return one(Hit{Message: name(index.Table) + " is partitioned: CREATE INDEX CONCURRENTLY fails", Tables: []statement.Name{index.Table}, Suggestion: partitionedIndex(index.OnlySQL())})
		},
	}
}
