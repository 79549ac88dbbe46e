package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func renameEnumValue() Rule {
	return Rule{
		ID: "rename-enum-value", Title: "A value of an enum is renamed", Severity: Blocking,
		Why:    "The version of the application that still runs writes the old value, and is refused; it reads a new one that it does not know.",
		Source: "https://www.postgresql.org/docs/current/sql-altertype.html",
		change: func(c *Case) []Hit {

			rename, is := c.Change.(statement.Rename)
			if !is || rename.Kind != statement.EnumValue {
				return nil
			}
			if labels, origin := c.Schema.Enum(rename.Object); labels != nil && origin.Migration >= c.File.Group {
				return nil
			}
			return one(Hit{
				Message:    "the value " + rename.Part + " of " + name(rename.Object) + " is refused from now on",
				Suggestion: "ALTER TYPE " + statement.Quote(rename.Object) + " ADD VALUE " + quoteText(rename.To) + ";\n-- let the application use the new value, change the rows that have the old one in batches, and leave that in the type",
			})
		},
	}
}

// quoteText returns a string as an SQL literal.
func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
