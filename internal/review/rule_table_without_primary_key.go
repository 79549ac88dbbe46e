package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func tableWithoutPrimaryKey() Rule {
	return Rule{
		ID: "table-without-primary-key", Title: "A table without a primary key", Severity: Information,
		Why:    "Logical replication cannot UPDATE or DELETE its rows, nothing tells two equal rows apart, and nothing can point to one.",
		Source: "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS",
		whole: func(w *Whole) []Hit {

			var hits []Hit
			for i, change := range w.Changes {
				create, is := change.(statement.CreateTable)
				if !is || create.Temporary || create.Foreign || create.FromQuery || create.PartitionOf.Name != "" || len(create.Inherits)+len(create.Like) > 0 {
					continue
				}
				table := w.After.Table(create.Table)
				if _, found := table.PrimaryKey(); table == nil || found {
					continue
				}
				key := " ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"
				if _, numbered := table.Column("id"); numbered {
					key = " ADD PRIMARY KEY (id);"
				}
				hits = append(hits, Hit{Message: name(create.Table) + " has no primary key", Tables: []statement.Name{create.Table}, Line: w.Lines[i],
					Suggestion: "ALTER TABLE " + statement.Quote(create.Table) + key})
			}
			return hits
		},
	}
}
