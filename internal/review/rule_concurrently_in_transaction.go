package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func concurrentlyInTransaction() Rule {
	return Rule{
		ID: "concurrently-in-transaction", Title: "CONCURRENTLY inside a transaction", Severity: Blocking, down: downSame,
		Why:    "PostgreSQL refuses the statement there, and so the migration fails: goose runs a file as one transaction unless it says NO TRANSACTION, and several statements between StatementBegin and StatementEnd are one as well.",
		Source: "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
		change: func(c *Case) []Hit {
			if !c.Transaction.Open {
				return nil
			}
			what := ""
			switch change := c.Change.(type) {
			case statement.CreateIndex:
				if change.Concurrently {
					what = "CREATE INDEX CONCURRENTLY"
				}
			case statement.Drop:
				if change.Concurrently {
					what = "DROP INDEX CONCURRENTLY"
				}
			case statement.Reindex:
				if change.Concurrently || change.Kind == statement.Database || change.Kind == "system" {
					what = "this REINDEX"
				}
			case statement.DetachPartition:
				if change.Concurrently {
					what = "DETACH PARTITION CONCURRENTLY"
				}
			case statement.Vacuum:
				if !change.OnlyAnalyze {
					what = "VACUUM"
				}
			case statement.Define:
				if change.Kind == statement.Database {
					what = "CREATE DATABASE"
				}
			case statement.RoleSetting:
				if change.Kind == "system" {
					what = "ALTER SYSTEM"
				}
			case statement.Other:
				what = map[string]string{"create table space": "CREATE TABLESPACE", "drop table space": "DROP TABLESPACE"}[change.Statement]
			}
			if what == "" {
				return nil
			}
			hit := Hit{Message: what + " cannot run inside a transaction: it fails"}
			if c.Transaction.Open && c.Transaction.Goose {
				hit.Suggestion = "-- +goose NO TRANSACTION\n-- as the first line of the file, with nothing else in it"
			}
			return one(hit)
		},
	}
}
