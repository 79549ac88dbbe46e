package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func concurrentlyIfNotExists() Rule {
	return Rule{
		ID: "concurrently-if-not-exists", Title: "CONCURRENTLY with IF NOT EXISTS", Severity: Warning, live: true, down: downInformation,
		Why:    "A build that fails leaves an invalid index behind, which no query uses and every write keeps up to date. With IF NOT EXISTS the next try finds it, does nothing, and counts as done.",
		Source: "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
		change: func(c *Case) []Hit {
			index, is := c.Change.(statement.CreateIndex)
			if !is || !index.Concurrently || !index.IfNotExists || c.droppedBefore(index.Name) {
				return nil
			}
			return one(Hit{
				Message:    "if a first try fails, IF NOT EXISTS keeps the invalid index " + statement.QuoteWord(index.Name) + " and nobody notices",
				Tables:     []statement.Name{index.Table},
				Suggestion: noTransaction + "DROP INDEX CONCURRENTLY IF EXISTS " + statement.Quote(statement.Name{Schema: index.Table.Schema, Name: index.Name}) + ";\n" + index.ConcurrentSQL() + ";",
			})
		},
	}
}
