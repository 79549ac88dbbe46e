package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func concurrentlyOnPartitionedTable() Rule {
	return Rule{
		ID: "concurrently-on-partitioned-table", Title: "CREATE INDEX CONCURRENTLY on a partitioned table", Severity: Blocking, down: downSame,
		Why:    "PostgreSQL refuses it: an index of the parent is made of those of the partitions.",
		Source: "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
		change: func(c *Case) []Hit {
			index, is := c.Change.(statement.CreateIndex)
			if !is || !index.Concurrently || index.Only {
				return nil
			}
			table := c.Table(index.Table)
			if table == nil || table.PartitionBy == "" {
				return nil
			}
			return one(Hit{Message: name(index.Table) + " is partitioned: CREATE INDEX CONCURRENTLY fails", Tables: []statement.Name{index.Table}, Suggestion: partitionedIndex(index)})
		},
	}
}
