package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func setLogged() Rule {
	return Rule{
		ID: "set-logged", Title: "A table is made logged or unlogged", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL writes the whole table anew, and nobody can read or write it meanwhile. An unlogged table is empty after a crash, and on every replica.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			set, is := c.Change.(statement.SetPersistence)
			if !is {
				return nil
			}
			message := name(set.Table) + " is written anew while nobody can use it"
			if !set.Logged {
				message += ", and is empty after a crash from then on"
			}
			return one(Hit{Message: message, Tables: []statement.Name{set.Table}})
		},
	}
}
