package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func workUnderLock() Rule {
	return Rule{
		ID: "work-under-lock", Title: "A table stays locked while another is worked on", Severity: Warning, live: true, sized: true, down: downInformation,
		Why:    "The lock that a statement before it took is held until the transaction ends: however well this statement behaves, nobody can use that other table meanwhile.",
		Source: "https://www.postgresql.org/docs/current/explicit-locking.html",
		change: func(c *Case) []Hit {

			if !c.Transaction.Open || len(c.effects) == 0 || c.effects[0].work < scan {
				return nil
			}
			own := c.effects[0]
			lock, held := c.Transaction.heldBeside(own.table)
			// What keeps others out by itself is found by its own rule, and goes into a migration of its own anyway.
			if !held || own.mode >= share || lock.mode < share || !c.InUse(own.table) || !c.InUse(lock.table) {
				return nil
			}
			return one(Hit{
				Message: fmt.Sprintf("%s is locked (%s) since line %d, and stays so while %s is worked on", name(lock.table), lock.mode, lock.line, name(own.table)), Tables: []statement.Name{lock.table},
				Suggestion: "-- in a migration of its own",
			})
		},
	}
}
