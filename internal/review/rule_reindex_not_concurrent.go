package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func reindexNotConcurrent() Rule {
	return Rule{
		ID: "reindex-not-concurrent", Title: "An index is rebuilt without CONCURRENTLY", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "SHARE on the table, ACCESS EXCLUSIVE on the index",
		Why:    "Nobody can write to the table while its index is built anew, and queries that would use the index wait.",
		Source: "https://www.postgresql.org/docs/current/sql-reindex.html",
		change: func(c *Case) []Hit {
			reindex, is := c.Change.(statement.Reindex)
			if !is || reindex.Concurrently {
				return nil
			}
			hit := Hit{Message: strings.TrimSpace("rebuilding keeps writers out: REINDEX " + strings.ToUpper(string(reindex.Kind)) + " " + name(reindex.Object))}
			if len(c.effects) > 0 {
				hit.Tables = []statement.Name{c.effects[0].table}
			}
			if reindex.Kind != "system" && reindex.Object.Name != "" {
				hit.Suggestion = noTransaction + "REINDEX " + strings.ToUpper(string(reindex.Kind)) + " CONCURRENTLY " + statement.Quote(reindex.Object) + ";"
			}
			return one(hit)
		},
	}
}
