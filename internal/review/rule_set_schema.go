package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func setSchema() Rule {
	return Rule{
		ID: "set-schema", Title: "An object is moved to another schema", Severity: Blocking, live: true,
		Why:    "The version of the application that still runs looks for it where it was, unless its search_path has both schemas.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			move, is := c.Change.(statement.SetSchema)
			if !is || move.Kind == statement.Extension {
				return nil
			}
			hit := Hit{Message: "the " + string(move.Kind) + " " + name(move.Object) + " is not found where it was"}
			switch move.Kind {
			case statement.Table, statement.View, statement.MaterializedView, statement.ForeignTable:
				hit.Tables = []statement.Name{move.Object}
			}
			return one(hit)
		},
	}
}
