package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func deleteAll() Rule {
	return Rule{
		ID: "delete-all", Title: "DELETE of all rows", Severity: Blocking, live: true, portable: true,
		Why:    "All rows of the table are gone, and only a backup brings them back. A condition that is always true counts as none.",
		Source: "https://www.postgresql.org/docs/current/sql-delete.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.Delete)
			if !is || change.Filter != statement.AllRows || len(change.Reads) > 0 {
				return nil
			}
			return one(Hit{Message: "all rows of " + name(change.Table) + " are deleted", Tables: []statement.Name{change.Table}, Suggestion: keepRows(change.Table)})
		},
	}
}
