package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropPrimaryKey() Rule {
	return Rule{
		ID: "drop-primary-key", Title: "A primary key is dropped", Severity: Blocking, live: true, down: downQuiet,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Logical replication finds rows by it: UPDATE and DELETE of a published table fail without one. Upserts that name it fail, and so do foreign keys that point to it.",
		Source: "https://www.postgresql.org/docs/current/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY",
		change: func(c *Case) []Hit {
			drop, is := c.Change.(statement.DropConstraint)
			if !is {
				return nil
			}
			primary, known := c.Table(drop.Table).PrimaryKey()
			if known && primary.Name != drop.Name || !known && drop.Name != drop.Table.Name+"_pkey" {
				return nil
			}
			return one(Hit{Message: name(drop.Table) + " is left without a primary key", Tables: []statement.Name{drop.Table}})
		},
	}
}
