package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func indexNotConcurrent() Rule {
	return Rule{
		ID: "index-not-concurrent", Title: "An index is built without CONCURRENTLY", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "SHARE on the table, until the transaction ends",
		Why:    "Nobody can write to the table until the index is built and the transaction has ended; reading goes on.",
		Source: "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
		change: func(c *Case) []Hit {
			index, is := c.Change.(statement.CreateIndex)
			if !is || index.Concurrently {
				return nil
			}
			if table := c.Table(index.Table); index.Only && (table == nil || table.PartitionBy != "") {
				return nil // It is empty, until those of the partitions are attached.
			}
			hit := Hit{Message: "building this index keeps writers out of " + name(index.Table), Tables: []statement.Name{index.Table}}
			if table := c.Table(index.Table); table == nil || table.PartitionBy == "" {
				hit.Suggestion = noTransaction + index.ConcurrentSQL() + ";"
			} else {
				hit.Suggestion = partitionedIndex(index.OnlySQL())
			}
			return one(hit)
		},
	}
}

// partitionedIndex returns how an index comes on a partitioned table without keeping writers out: empty on the parent first.
func partitionedIndex(only string) string {
	return "-- CONCURRENTLY does not work on a partitioned table: build the index on each partition with CONCURRENTLY,\n" +
		"-- make an empty one ON ONLY the parent, and attach those of the partitions with ALTER INDEX … ATTACH PARTITION\n" + only + ";"
}
