package review

import "github.com/randomchaoslabs/airlock/internal/statement"

func queryRule() Rule {
	return Rule{
		ID: "query-rule", Title: "A rule rewrites queries", Severity: Warning, live: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Every query on the table is another one from then on, also those of the version of the application that still runs: INSTEAD swallows rows without an error. PostgreSQL's own manual advises triggers.",
		Source: "https://www.postgresql.org/docs/current/rules-triggers.html",
		change: func(c *Case) []Hit {
			rule, is := c.Change.(statement.Define)
			if !is || rule.Kind != "rule" {
				return nil
			}
			if _, view := c.Schema.Origin(statement.View, rule.Object.On); view {
				return nil // This is how a view was made to take rows.
			}
			return one(Hit{Message: "queries on " + name(rule.Object.On) + " are rewritten by " + statement.QuoteWord(rule.Object.Name.Name), Tables: []statement.Name{rule.Object.On}})
		},
	}
}
