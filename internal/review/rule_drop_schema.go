package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropSchema() Rule {
	return Rule{
		ID: "drop-schema", Title: "A schema is dropped", Severity: Blocking,
		Why:    "With CASCADE everything in it is gone, and only a backup brings it back.",
		Source: "https://www.postgresql.org/docs/current/sql-dropschema.html",
		change: func(c *Case) []Hit {

			drop, is := c.Change.(statement.Drop)
			if !is || drop.Kind != statement.SchemaKind {
				return nil
			}
			var hits []Hit
			for _, object := range drop.Objects {
				hits = append(hits, Hit{Message: "the schema " + statement.QuoteWord(object.Name.Name) + " is lost, with all that is in it"})
			}
			return hits
		},
	}
}
