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

			switch change := c.Change.(type) {
			case statement.Opaque:
				return one(Hit{Message: "not analysed: " + change.Reason})
			case statement.Call:
				return one(Hit{Message: "not analysed: what the procedure " + name(change.Procedure) + " does", Severity: Warning})
			case statement.Select:
				for _, function := range change.Functions {
					if c.Schema.Has(statement.Function, function) {
						return one(Hit{Message: "not analysed: what the function " + name(function) + " does", Severity: Warning})
					}
				}
			}
			return nil
		},
	}
}
