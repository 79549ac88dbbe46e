package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func setTablespace() Rule {
	return Rule{
		ID: "set-tablespace", Title: "A table or index is moved to another tablespace", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL copies all of its files, and nobody can read or write the table meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			set, is := c.Change.(statement.SetTablespace)
			if !is || len(c.effects) == 0 {
				return nil
			}
			hit := Hit{Message: name(set.Object) + " is copied while nobody can use it", Tables: []statement.Name{c.effects[0].table}}
			if set.Kind == statement.Index {
				hit.Suggestion = noTransaction + "REINDEX (TABLESPACE " + statement.QuoteWord(set.Tablespace) + ") INDEX CONCURRENTLY " + statement.Quote(set.Object) + ";"
			}
			return one(hit)
		},
	}
}
