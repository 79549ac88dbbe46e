package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func jsonColumn() Rule {
	return Rule{
		ID: "json-column", Title: "A column of type json", Severity: Warning, portable: false,
		Why:    "json has no equality: SELECT DISTINCT, GROUP BY and UNION over the table's rows fail from then on. jsonb has one, and is faster to read.",
		Source: "https://www.postgresql.org/docs/current/datatype-json.html",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is || add.Column.Type.Name != (statement.Name{Name: "json"}) || add.Column.Type.Array {
				return nil
			}
			hit := Hit{
				Message: "queries that compare whole rows of " + name(add.Table) + " fail once it has a json column", Tables: []statement.Name{add.Table},
				Suggestion: "ALTER TABLE " + statement.Quote(add.Table) + " ADD COLUMN " + statement.QuoteWord(add.Column.Name) + " jsonb;",
			}
			if !c.InUse(add.Table) {
				hit.Severity = Information
			}
			return one(hit)
		},
	}
}
