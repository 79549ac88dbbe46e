package review

import (
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func ddlAndBackfill() Rule {
	return Rule{
		ID: "ddl-and-backfill", Title: "Rows are changed while a table is locked", Severity: Blocking, live: true, sized: true,
		Why:    "The lock that a statement before it took is held until the transaction ends: while the rows are changed, nobody can use the table.",
		Source: "https://www.postgresql.org/docs/current/explicit-locking.html",
		change: func(c *Case) []Hit {

			if !c.Transaction.Open {
				return nil
			}
			var table statement.Name
			suggestion := "-- in a migration of its own, after this one"
			switch change := c.Change.(type) {
			case statement.Update:
				if table = change.Table; change.Filter == statement.NoRows || change.Filter == statement.FewRows && few(c, table, change.Equals) {
					return nil
				}
				suggestion = inBatches(c, table, change)
			case statement.Delete:
				if table = change.Table; change.Filter == statement.NoRows || change.Filter == statement.FewRows && few(c, table, change.Equals) {
					return nil
				}
				suggestion = inBatches(c, table, change)
			case statement.Insert:
				if !change.FromQuery || !slices.ContainsFunc(change.Reads, c.InUse) {
					return nil
				}
				table = change.Table
			default:
				return nil
			}
			lock, locked := lockedMeanwhile(c)
			if !locked {
				return nil
			}
			locks := name(lock.table)
			if isIndex(c.Earlier, c.Before, lock.table) {
				locks = "the table of the index " + locks
			}
			return one(Hit{
				Message: fmt.Sprintf("%s is locked (%s) since line %d, and stays so while these rows of %s are changed", locks, lock.mode, lock.line, name(table)), Tables: []statement.Name{lock.table},
				Suggestion: suggestion,
			})
		},
	}
}

// lockedMeanwhile returns a lock of an earlier statement that keeps others waiting until the transaction ends.
func lockedMeanwhile(c *Case) (held, bool) {
	if !c.Transaction.Open {
		return held{}, false
	}
	lock, found := c.Transaction.heldBeside()
	return lock, found && lock.mode >= share && c.InUse(lock.table)
}
