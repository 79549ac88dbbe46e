package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func enumAddValue() Rule {
	return Rule{
		ID: "enum-add-value", Title: "A value is added to an enum", Severity: Warning,
		Why:      "It cannot be taken back: PostgreSQL has no way to drop a value. And in the transaction that adds it, nothing can use it yet.",
		Versions: "Before PostgreSQL 12 the statement failed inside a transaction.",
		Source:   "https://www.postgresql.org/docs/current/sql-altertype.html",
		change: func(c *Case) []Hit {

			add, is := c.Change.(statement.AddEnumValue)
			if !is {
				return nil
			}
			if labels, origin := c.Schema.Enum(add.Type); labels != nil && origin.Migration >= c.File.Group {
				return nil
			}
			hit := Hit{Message: "no way back takes the value " + add.Label + " out of " + name(add.Type) + " again"}
			if !c.Transaction.Open {
				hit.Severity = Information
			}
			return one(hit)
		},
	}
}
