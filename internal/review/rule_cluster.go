package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func cluster() Rule {
	return Rule{
		ID: "cluster", Title: "CLUSTER", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL writes the whole table anew in the order of an index, and nobody can read or write it meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-cluster.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.Cluster)
			if !is {
				return nil
			}
			if change.Table.Name == "" {
				return one(Hit{Message: "CLUSTER writes every table anew that was clustered before"})
			}
			return one(Hit{Message: "CLUSTER writes " + name(change.Table) + " anew while nobody can use it", Tables: []statement.Name{change.Table}})
		},
	}
}
