package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func setExpression() Rule {
	return Rule{
		ID: "set-expression", Title: "A generated column gets another expression", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:     "ACCESS EXCLUSIVE on the table",
		Why:      "PostgreSQL computes and stores the value of every row anew, and nobody can read or write the table meanwhile.",
		Versions: "SET EXPRESSION came with PostgreSQL 17.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			set, is := c.Change.(statement.SetExpression)
			if column, found := c.Table(set.Table).Column(set.Column); !is || set.Expression == nil || found && column.Virtual {
				return nil
			}
			return one(Hit{Message: name(set.Table) + " is written anew while nobody can use it", Tables: []statement.Name{set.Table}})
		},
	}
}
