package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func refreshNotConcurrent() Rule {
	return Rule{
		ID: "refresh-not-concurrent", Title: "A materialized view is refreshed without CONCURRENTLY", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the materialized view",
		Why:    "Nobody can read the view while its query runs. CONCURRENTLY needs a unique index on the view.",
		Source: "https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html",
		change: func(c *Case) []Hit {
			refresh, is := c.Change.(statement.RefreshMaterializedView)
			if !is || refresh.Concurrently {
				return nil
			}
			return one(Hit{
				Message: "nobody can read " + name(refresh.View) + " while it is refreshed", Tables: []statement.Name{refresh.View},
				Suggestion: "-- needs a unique index on the view, without WHERE and over columns only\nREFRESH MATERIALIZED VIEW CONCURRENTLY " + statement.Quote(refresh.View) + ";",
			})
		},
	}
}
