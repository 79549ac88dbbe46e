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
	run := 0
	for i := range len(text) {
		if run++; strings.IndexByte(" \t\n\r,.();='", text[i]) >= 0 {
			run = 0
		}
		if run > limit {
			return true
		}
	}
	return false
}
