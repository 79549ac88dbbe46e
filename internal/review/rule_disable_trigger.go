package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func disableTrigger() Rule {
	return Rule{
		ID: "disable-trigger", Title: "Triggers are switched off", Severity: Warning, live: true,
		Lock:   "SHARE ROW EXCLUSIVE on the table",
		Why:    "What they keep in order is not kept while they are off, foreign keys included when all are, and nothing looks at the rows later. Writers wait until the transaction ends.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.SwitchTrigger)
			if !is || change.Enabled {
				return nil
			}
			what := "the trigger " + statement.QuoteWord(change.Trigger)
			if change.Trigger == "all" || change.Trigger == "user" {
				what = "every trigger"
			}
			return one(Hit{Message: what + " of " + name(change.Table) + " is switched off", Tables: []statement.Name{change.Table}})
		},
	}
}
