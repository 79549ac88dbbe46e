package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func attachPartition() Rule {
	return Rule{
		ID: "attach-partition", Title: "A partition comes, and rows are read", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the partition and on the default partition, SHARE UPDATE EXCLUSIVE on the parent",
		Why:    "PostgreSQL reads all rows of a table that is attached to see that they belong there, and those of the default partition for such as belong into the new one; nobody can use them meanwhile. A validated CHECK that says so spares it the reading.",
		Source: "https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE",
		change: func(c *Case) []Hit {
			var parent, partition statement.Name
			var limits statement.Limits
			switch change := c.Change.(type) {
			case statement.AttachPartition:
				parent, partition, limits = change.Table, change.Partition, change.Limits
			case statement.CreateTable:
				parent, partition, limits = change.PartitionOf, change.Table, change.Limits
			}
			var hits []Hit
			for _, one := range c.effects {
				switch {
				case partition.Name == "" || one.work != scan:
				case one.table == c.Schema.Resolve(partition):
					hits = append(hits, Hit{
						Message: "all rows of " + name(partition) + " are read to see that they belong into " + name(parent), Tables: []statement.Name{partition},
						Suggestion: boundCheck(c, parent, partition, limits, true),
					})
				default:
					hits = append(hits, Hit{
						Message: "all rows of the default partition " + name(one.table) + " are read, to find those that belong into " + name(partition), Tables: []statement.Name{one.table},
						Suggestion: boundCheck(c, parent, one.table, limits, false),
					})
				}
			}
			return hits
		},
	}
}

// boundCheck returns how a table gets a CHECK that its rows belong into a partition, or that none does.
func boundCheck(c *Case, parent, table statement.Name, limits statement.Limits, inside bool) string {
	known := c.Table(parent)
	if !limits.Known || known == nil || len(known.PartitionKey) != 1 || known.PartitionKey[0] == "" {
		return "-- first, in migrations of their own: ADD CONSTRAINT … CHECK with the bound as its condition and NOT VALID, then VALIDATE CONSTRAINT; after this one, drop it"
	}
	key := statement.QuoteWord(known.PartitionKey[0])
	var parts []string
	compare := func(value, within, without string) {
		if value != "" && inside {
			parts = append(parts, key+" "+within+" "+quoteText(value))
		} else if value != "" {
			parts = append(parts, key+" "+without+" "+quoteText(value))
		}
	}
	compare(limits.From, ">=", "<")
	compare(limits.To, "<", ">=")
	if len(limits.In) > 0 {
		values := make([]string, len(limits.In))
		for i, value := range limits.In {
			values[i] = quoteText(value)
		}
		parts = []string{key + map[bool]string{true: " IN (", false: " NOT IN ("}[inside] + strings.Join(values, ", ") + ")"}
	}
	condition := strings.Join(parts, " OR ")
	if inside {
		condition = strings.Join(append([]string{key + " IS NOT NULL"}, parts...), " AND ")
	}
	alter, constraint := "ALTER TABLE "+statement.Quote(table)+" ", statement.QuoteWord(table.Name+"_bound")
	return "-- first, in two migrations of their own; once the partition is there, it can be dropped\n" +
		alter + "ADD CONSTRAINT " + constraint + " CHECK (" + condition + ") NOT VALID;\n" + alter + "VALIDATE CONSTRAINT " + constraint + ";"
}
