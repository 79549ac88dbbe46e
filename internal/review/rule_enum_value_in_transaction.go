package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func enumValueInTransaction() Rule {
	return Rule{
		ID: "enum-value-in-transaction", Title: "A value of an enum is used in the transaction that adds it", Severity: Blocking, down: downSame,
		Why:    "PostgreSQL refuses it: a new value can be used only when the transaction that added it has ended, unless the type is new as well.",
		Source: "https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES",
		change: func(c *Case) []Hit {

			if !c.Transaction.Open || len(c.Transaction.EnumValues) == 0 {
				return nil
			}
			switch c.Change.(type) {
			case statement.AddEnumValue, statement.Comment, statement.CreateFunction, statement.Define:
				return nil
			}
			literals := statement.Literals(c.Statement.Text)
			for label, kind := range c.Transaction.EnumValues {
				labels, origin := c.Schema.Enum(kind)
				if !literals[label] || labels != nil && origin.Migration >= c.File.Group {
					continue
				}
				hit := Hit{
					Message:    "the value " + label + " was added to " + name(kind) + " in this transaction: using it fails",
					Suggestion: "-- in a migration of its own, before this one\nALTER TYPE " + statement.Quote(kind) + " ADD VALUE IF NOT EXISTS " + quoteText(label) + ";",
				}
				if labels == nil && !slices.Contains(statement.Words(strings.ToLower(c.Statement.Text)), strings.ToLower(kind.Name)) {
					// The same word may be a text in a column that was never seen.
					hit.Severity, hit.Message = Warning, "the value "+label+" was added to "+name(kind)+" in this transaction: if it is that value, using it fails"
				}
				return one(hit)
			}
			return nil
		},
	}
}
