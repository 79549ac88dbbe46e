package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func narrowType() Rule {
	return Rule{
		ID: "narrow-type", Title: "A column gets a type that may not hold its values", Severity: Warning, live: true, portable: true,
		Why:    "A value that does not fit makes the migration fail, or is cut: digits, characters or the time of day are lost, and no way back brings them back.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.SetType)
			if !is {
				return nil
			}
			judged := judgeType(c.Schema, change)
			if !judged.known || !judged.narrows {
				return nil
			}
			return one(Hit{Message: fmt.Sprintf("not every %s of %s.%s fits into %s", judged.from.SQL, name(change.Table), statement.QuoteWord(change.Column), change.Type.SQL), Tables: []statement.Name{change.Table}, Suggestion: typeSteps(change)})
		},
	}
}
