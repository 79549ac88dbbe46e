package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropConstraint() Rule {
	return Rule{
		ID: "drop-constraint", Title: "A constraint is dropped", Severity: Information, live: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Rows that it refused are accepted from then on, and once there is one, the constraint cannot be put back.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			drop, is := c.Change.(statement.DropConstraint)
			if !is {
				return nil
			}
			constraint, known := c.Table(drop.Table).Constraint(drop.Name)
			if known && (constraint.Type == statement.PrimaryKey || !constraint.Validated || len(constraint.NotNullColumns) > 0) {
				return nil
			}
			what := "constraint"
			if known {
				what = string(constraint.Type) + " constraint"
			}
			return one(Hit{Message: fmt.Sprintf("%s accepts rows that its %s %s refused", name(drop.Table), what, statement.QuoteWord(drop.Name)), Tables: []statement.Name{drop.Table}})
		},
	}
}
