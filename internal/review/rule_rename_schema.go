package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func renameSchema() Rule {
	return Rule{
		ID: "rename-schema", Title: "A schema is renamed", Severity: Blocking,
		Why:    "Everything in it is found by another name: what the application, its settings and its search_path say fails at once.",
		Source: "https://www.postgresql.org/docs/current/sql-alterschema.html",
		change: func(c *Case) []Hit {

			rename, is := c.Change.(statement.Rename)
			if !is || rename.Kind != statement.SchemaKind {
				return nil
			}
			return one(Hit{Message: "nothing in the schema " + statement.QuoteWord(rename.Object.Name) + " is found by its name any more"})
		},
	}
}
