package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func longName() Rule {
	return Rule{
		ID: "long-name", Title: "A name that is too long", Severity: Information,
		Why:    "PostgreSQL cuts names after 63 bytes: the object is called otherwise than the file says, and two names that differ only at their ends are one.",
		Source: "https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
		change: func(c *Case) []Hit {

			for _, word := range statement.Words(c.Statement.Text) {
				if len(word) > 63 {
					return one(Hit{Message: fmt.Sprintf("%s has %d bytes, and 63 of them count", word, len(word))})
				}
			}
			return nil
		},
	}
}
