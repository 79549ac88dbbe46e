package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func validateInSameTransaction() Rule {
	return Rule{
		ID: "validate-in-same-transaction", Title: "NOT VALID and VALIDATE in one transaction", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "that of ADD CONSTRAINT, held while all rows are checked",
		Why:    "The lock of ADD CONSTRAINT is held until the transaction ends, so the rows are checked under it all the same: nothing is gained by NOT VALID.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			validate, is := c.Change.(statement.ValidateConstraint)
			if !is || !slices.Contains(c.Transaction.NotValid[c.Schema.Resolve(validate.Table)], validate.Name) {
				return nil
			}
			return one(Hit{
				Message: statement.QuoteWord(validate.Name) + " was added in the same transaction: its lock on " + name(validate.Table) + " is held while all rows are checked", Tables: []statement.Name{validate.Table},
				Suggestion: "-- in a migration of its own\nALTER TABLE " + statement.Quote(validate.Table) + " VALIDATE CONSTRAINT " + statement.QuoteWord(validate.Name) + ";",
			})
		},
	}
}
