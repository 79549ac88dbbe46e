package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func lockTable() Rule {
	return Rule{
		ID: "lock-table", Title: "LOCK TABLE", Severity: Blocking, live: true, down: downInformation,
		Lock:   "the one that it names",
		Why:    "The lock is held until the transaction ends, whatever the statements after it would need.",
		Source: "https://www.postgresql.org/docs/current/sql-lock.html",
		change: func(c *Case) []Hit {

			lock, is := c.Change.(statement.LockTable)
			if !is || modeOf(lock.Mode) < share {
				return nil
			}
			return one(Hit{Message: names(lock.Tables) + " is locked until the transaction ends", Tables: lock.Tables})
		},
	}
}
