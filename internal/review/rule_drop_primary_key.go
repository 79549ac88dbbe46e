package review

import (
	"slices"

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
			hit := Hit{Message: name(drop.Table) + " is left without a primary key", Tables: []statement.Name{drop.Table}}
			if c.anotherKey(drop) {
				hit.Message = "the primary key of " + name(drop.Table) + " is replaced by another"
			}
			return one(hit)
		},
	}
}

// anotherKey tells whether up gives a table a primary key after the one that it drops.
func (c *Case) anotherKey(drop statement.DropConstraint) bool {
	up := changesOf(c.File.up)
	return slices.ContainsFunc(up[min(len(c.Earlier), len(up)):], func(change statement.Change) bool {
		add, is := change.(statement.AddConstraint)
		return is && add.Table == drop.Table && add.Constraint.Type == statement.PrimaryKey
	})
}
