package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func truncate() Rule {
	return Rule{
		ID: "truncate", Title: "A table is emptied", Severity: Blocking, live: true, portable: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "All its rows are gone, and only a backup brings them back. Nobody can read or write it until the transaction ends.",
		Source: "https://www.postgresql.org/docs/current/sql-truncate.html",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.Truncate)
			if !is {
				return nil
			}
			var hits []Hit
			for _, table := range change.Tables {
				hit := Hit{Message: "all rows of " + name(table) + " are lost", Tables: []statement.Name{table}, Suggestion: keepRows(table)}
				if rows, known := c.Table(table).Rows(); known {
					hit.Message = "all rows of " + name(table) + " are lost: about " + count(rows, "row")
				}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}

// keepRows returns how rows are kept for as long as they may be missed.
func keepRows(table statement.Name) string {
	kept := statement.Name{Schema: table.Schema, Name: table.Name + "_kept"}
	return "-- before it, as long as the rows may be missed\nCREATE TABLE " + statement.Quote(kept) + " AS TABLE " + statement.Quote(table) + ";"
}
