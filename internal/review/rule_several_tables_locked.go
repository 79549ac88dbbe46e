package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func severalTablesLocked() Rule {
	return Rule{
		ID: "several-tables-locked", Title: "Several tables are locked in one transaction", Severity: Information,
		Why:    "The first stays locked while the statement for the next one waits, and whoever locks them in the other order makes a deadlock.",
		Source: "https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS",
		whole: func(w *Whole) []Hit {

			if w.File.Source.NoTransaction {
				return nil
			}
			var tables []statement.Name
			for _, lock := range w.Locks {
				if lock.mode == accessExclusive && !isIndex(w.Changes, w.Before, lock.table) && !slices.Contains(tables, lock.table) {
					tables = append(tables, lock.table)
				}
			}
			if len(tables) < 2 {
				return nil
			}
			return one(Hit{Message: "these are locked against everybody together: " + names(tables), Tables: tables, Line: w.Locks[0].line})
		},
	}
}
