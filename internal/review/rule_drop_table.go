package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropTable() Rule {
	return Rule{
		ID: "drop-table", Title: "A table is dropped", Severity: Blocking, live: true, portable: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Its rows are gone, and only a backup brings them back. The version of the application that still runs fails.",
		Source: "https://www.postgresql.org/docs/current/sql-droptable.html",
		change: func(c *Case) []Hit {

			drop, is := c.Change.(statement.Drop)
			if !is || drop.Kind != statement.Table && drop.Kind != statement.ForeignTable {
				return nil
			}
			var hits []Hit
			for _, object := range drop.Objects {
				if drop.IfExists && c.Table(object.Name) == nil && (c.Schema.Complete || c.Schema.Gone(object.Name)) {
					continue
				}
				hit := Hit{Message: "all rows of " + name(object.Name) + " are lost", Tables: []statement.Name{object.Name}, At: int(object.At),
					Suggestion: "-- first a version of the application that does not use it; then, in a migration of the release after it\nDROP TABLE " + statement.Quote(object.Name) + ";"}
				if drop.IfExists && c.File.Index == 0 && c.Table(object.Name) == nil && makes(changesOf(c.File.up), object.Name) {
					hit.Severity = Information // A first migration that makes it anew begins with nothing.
				}
				if rows, known := c.Table(object.Name).Rows(); known {
					hit.Message = "all rows of " + name(object.Name) + " are lost: about " + count(rows, "row")
					if rows == 0 {
						hit.Message = name(object.Name) + " is gone; it has no rows"
					}
				}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}
