package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropIndexNotConcurrent() Rule {
	return Rule{
		ID: "drop-index-not-concurrent", Title: "An index is dropped without CONCURRENTLY", Severity: Warning, live: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Readers and writers of the table wait while the statement waits for those before it, and until the transaction ends.",
		Source: "https://www.postgresql.org/docs/current/sql-dropindex.html",
		change: func(c *Case) []Hit {
			drop, is := c.Change.(statement.Drop)
			if !is || drop.Kind != statement.Index || drop.Concurrently {
				return nil
			}
			var hits []Hit
			for _, object := range drop.Objects {
				table, index := c.Schema.Index(object.Name)
				if table != nil && (index.Constraint != "" || table.PartitionBy != "") || drop.IfExists && table == nil && c.Schema.Complete {
					continue
				}
				ifExists := ""
				if drop.IfExists {
					ifExists = "IF EXISTS "
				}
				hit := Hit{
					Message:    "dropping the index " + name(object.Name) + " locks its table against everybody",
					Suggestion: noTransaction + "DROP INDEX CONCURRENTLY " + ifExists + statement.Quote(object.Name) + ";",
				}
				if table != nil {
					if index.Origin.Migration >= c.File.Group {
						continue // It is as new as its table could be.
					}
					hit.Tables = []statement.Name{table.Name}
				}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}
