package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func transactionControl() Rule {
	return Rule{
		ID: "transaction-control", Title: "A transaction is begun or ended in the file", Severity: Blocking, down: downSame,
		Why:    "Goose wraps the file in a transaction of its own. A COMMIT ends that: what stands before it stays when a later statement fails, and goose does not note it as applied. A ROLLBACK undoes it, and goose notes it as applied.",
		Source: "https://www.postgresql.org/docs/current/sql-commit.html",
		change: func(c *Case) []Hit {

			control, is := c.Change.(statement.Transaction)
			if !is {
				return nil
			}
			goose := !c.File.Source.NoTransaction
			if c.Statement.Block && c.Transaction.Open && !c.Transaction.Implicit {
				return one(Hit{
					Message:    strings.ToUpper(control.Action) + " fails here: a block can end its transaction only where nobody else began it",
					Suggestion: "-- +goose NO TRANSACTION\n-- as the first line of the file, with nothing else in it",
				})
			}
			switch control.Action {
			case "begin":
				if goose {
					return one(Hit{Message: "goose began a transaction already: BEGIN does nothing, and a COMMIT after it ends goose's", Severity: Warning})
				}
			case "commit", "rollback", "prepare":
				if goose {
					return one(Hit{Message: strings.ToUpper(control.Action) + " ends the transaction that goose began", Suggestion: "-- remove it, or divide the file into two migrations"})
				}
			}
			return nil
		},
	}
}
