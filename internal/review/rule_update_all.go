package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func updateAll() Rule {
	return Rule{
		ID: "update-all", Title: "UPDATE of all rows", Severity: Blocking, live: true, sized: true, portable: true,
		Why:    "Every row is written anew and stays locked until the transaction ends; the former values are lost, and the table grows to twice its size. A condition that is always true counts as none.",
		Source: "https://www.postgresql.org/docs/current/sql-update.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.Update)
			if !is || change.Filter != statement.AllRows {
				return nil
			}
			return one(Hit{
				Message: "all rows of " + name(change.Table) + " are written at once", Tables: []statement.Name{change.Table},
				Suggestion: inBatches(c, change.Table, change),
			})
		},
	}
}
