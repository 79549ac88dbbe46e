package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func setAccessMethod() Rule {
	return Rule{
		ID: "set-access-method", Title: "A table gets another access method", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:     "ACCESS EXCLUSIVE on the table",
		Why:      "PostgreSQL writes the whole table anew, and nobody can read or write it meanwhile.",
		Versions: "ALTER TABLE has SET ACCESS METHOD since PostgreSQL 15.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			set, is := c.Change.(statement.SetAccessMethod)
			if !is {
				return nil
			}
			return one(Hit{Message: name(set.Table) + " is written anew while nobody can use it", Tables: []statement.Name{set.Table}})
		},
	}
}
