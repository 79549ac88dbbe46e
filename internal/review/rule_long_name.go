package review

import (
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// nameLimit is how many bytes of a name count: NAMEDATALEN less one.
const nameLimit = 63

func longName() Rule {
	return Rule{
		ID: "long-name", Title: "A name that is too long", Severity: Information,
		Why:    "PostgreSQL cuts names after 63 bytes: the object is called otherwise than the file says, and two names that differ only at their ends are one.",
		Source: "https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
		change: func(c *Case) []Hit {
			if !hasLongRun(c.Statement.Text, nameLimit) {
				return nil
			}
			for _, word := range statement.Words(c.Statement.Text) {
				if len(word) > nameLimit {
					return one(Hit{Message: fmt.Sprintf("%s has %d bytes, and %d of them count", word, len(word), nameLimit)})
				}
			}
			return nil
		},
	}
}

// hasLongRun tells whether so many bytes stand together that a name may be longer than the limit; a quoted one may have spaces.
func hasLongRun(text string, limit int) bool {
	if strings.Contains(text, `"`) {
		return true
	}
	for len(text) > limit {
		// Where none stands behind the last one, within the limit, all up to there can be passed over.
		last := strings.LastIndexAny(text[:limit+1], " \t\n\r,.();='")
		if last < 0 {
			return true
		}
		text = text[last+1:]
	}
	return false
}
