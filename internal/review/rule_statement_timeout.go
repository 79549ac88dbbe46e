package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func statementTimeout() Rule {
	return Rule{
		ID: "statement-timeout", Title: "A statement may run without end", Severity: Warning,
		Why:    "Airlock sets a statement timeout itself; a file that switches it off takes that away, and a statement that locks a table can then do so for hours.",
		Source: "https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT",
		change: func(c *Case) []Hit {

			set, is := c.Change.(statement.Set)
			if !is || !strings.EqualFold(set.Name, "statement_timeout") || set.Reset {
				return nil
			}
			limit, known := milliseconds(set.Value)
			if !known || limit != 0 && limit <= longestStatementTimeout {
				return nil
			}
			hit := Hit{Message: "statement_timeout is " + set.Value + ": a statement that locks a table may run for hours"}
			if c.File.Source.NoTransaction {
				// What builds an index CONCURRENTLY may well run for hours.
				hit.Severity = Information
			}
			return one(hit)
		},
	}
}

// longestStatementTimeout is one hour, in milliseconds.
const longestStatementTimeout = 3_600_000
