package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropReplicaIndex() Rule {
	return Rule{
		ID: "drop-replica-index", Title: "The index that replication uses is dropped", Severity: Blocking, live: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "REPLICA IDENTITY USING INDEX names it: without it, UPDATE and DELETE of a published table fail.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY",
		change: func(c *Case) []Hit {
			drop, is := c.Change.(statement.Drop)
			if !is || drop.Kind != statement.Index {
				return nil
			}
			for _, object := range drop.Objects {
				if table, index := c.Schema.Index(object.Name); table != nil && table.ReplicaIndex == index.Name.Name {
					return one(Hit{Message: name(table.Name) + " is replicated by the index " + name(object.Name), Tables: []statement.Name{table.Name}})
				}
			}
			return nil
		},
	}
}
