package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func notAnalysedRule() Rule {
	return Rule{
		ID: "not-analysed", Title: "Not analysed", Severity: Blocking, down: downSame, portable: true,
		Why:    "What cannot be read cannot be judged, and what is not judged is not a pass.",
		Source: "https://www.postgresql.org/docs/current/sql-do.html",
		change: func(c *Case) []Hit {
			opaque, is := c.Change.(statement.Opaque)
			if !is {
				return nil
			}
			hit := Hit{Message: "not analysed: " + opaque.Reason}
			if opaque.Unseen {
				hit.Message, hit.Severity = hit.Message+", which no migration makes", Warning
			}
			return one(hit)
		},
	}
}
