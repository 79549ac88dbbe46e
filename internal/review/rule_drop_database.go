package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropDatabase() Rule {
	return Rule{
		ID: "drop-database", Title: "A database is dropped, or all that a role owns", Severity: Blocking, down: downSame,
		Why:    "Everything in it is gone, and only a backup brings it back.",
		Source: "https://www.postgresql.org/docs/current/sql-dropdatabase.html",
		change: func(c *Case) []Hit {

			drop, is := c.Change.(statement.Drop)
			if !is || drop.Kind != statement.Database && drop.Kind != "owned" {
				return nil
			}
			if drop.Kind == "owned" {
				return one(Hit{Message: "all that the role owns is lost"})
			}
			return one(Hit{Message: "the database " + name(drop.Objects[0].Name) + " is lost"})
		},
	}
}
