package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func backfillNotBatched() Rule {
	return Rule{
		ID: "backfill-not-batched", Title: "Rows are changed, and nobody knows how many", Severity: Warning, live: true, sized: true, portable: true,
		Why:    "All rows that the condition finds stay locked until the statement ends, and as many versions of them pile up. In batches with a commit after each, writers wait for a moment only.",
		Source: "https://www.postgresql.org/docs/current/mvcc.html",
		change: func(c *Case) []Hit {

			var table statement.Name
			var equals []string
			var whole writing
			filter, batch, looped := statement.NoRows, false, false
			switch change := c.Change.(type) {
			case statement.Update:
				table, filter, equals, batch, looped, whole = change.Table, change.Filter, change.Equals, change.Batch, change.Looped, change
			case statement.Write:
				if change.Statement == "merge" {
					table, filter = change.Table, statement.SomeRows
				}
			case statement.Delete:
				table, filter, equals, batch, looped, whole = change.Table, change.Filter, change.Equals, change.Batch, change.Looped, change
				if filter == statement.AllRows && len(change.Reads) > 0 {
					filter = statement.SomeRows
				}
			}
			if c.Statement.Block {
				// What a block does once or in a loop is one transaction, unless the loop ends that each time.
				batch = looped && c.Transaction.Implicit
			}
			if batch || filter != statement.SomeRows && (filter != statement.FewRows || few(c, table, equals)) {
				return nil
			}
			if _, locked := lockedMeanwhile(c); locked {
				return nil // It is worse than that: ddl-and-backfill says so.
			}
			return one(Hit{
				Message: "as many rows of " + name(table) + " as the condition finds are changed at once", Tables: []statement.Name{table},
				Suggestion: inBatches(c, table, whole),
			})
		},
	}
}

// few tells whether the columns that a condition compares with constants leave one row, or a handful: a key is among them, or, where
// the table is not known, a column that is called like one.
func few(c *Case, table statement.Name, equals []string) bool {
	known := c.Table(table)
	if known == nil || known.Partial {
		return slices.ContainsFunc(equals, func(column string) bool {
			return column == "id" || strings.HasSuffix(column, "_id") || column == "uuid" || column == "key" || column == "name" || column == "slug" || column == "code" || column == "email"
		})
	}
	for _, constraint := range known.Constraints {
		if (constraint.Type == statement.PrimaryKey || constraint.Type == statement.Unique) && covered(constraint.Columns, equals) {
			return true
		}
	}
	for _, index := range known.Indexes {
		if index.Unique && index.Predicate == "" && covered(index.Columns(), equals) {
			return true
		}
	}
	return false
}

func covered(columns, by []string) bool {
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(column string) bool { return !slices.Contains(by, column) })
}
