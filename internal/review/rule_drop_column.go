package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropColumn() Rule {
	return Rule{
		ID: "drop-column", Title: "A column is dropped", Severity: Blocking, live: true, portable: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Its values are gone, and only a backup brings them back. The version of the application that still runs fails as soon as it asks for the column.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			drop, is := c.Change.(statement.DropColumn)
			if !is || c.addedHere(drop.Table, drop.Column) {
				return nil
			}
			table := c.Table(drop.Table)
			column, known := table.Column(drop.Column)
			if !known && drop.IfExists && table != nil && !table.Partial {
				return nil
			}
			hit := Hit{
				Message: "the values of " + name(drop.Table) + "." + statement.QuoteWord(drop.Column) + " are lost", Tables: []statement.Name{drop.Table},
				Suggestion: columnSteps(c, drop),
			}
			if rows, sized := table.Rows(); sized && known && column.NullFraction >= 0 {
				hit.Message = fmt.Sprintf("about %s of %s.%s are lost", count(int64(float64(rows)*(1-column.NullFraction)), "value"), name(drop.Table), statement.QuoteWord(drop.Column))
			}
			return one(hit)
		},
	}
}

// columnSteps returns how a column goes while versions change: rows of a version that does not know it must be possible first.
func columnSteps(c *Case, drop statement.DropColumn) string {
	table, column := "ALTER TABLE "+statement.Quote(drop.Table)+" ", statement.QuoteWord(drop.Column)
	steps := "-- first a version of the application that does not know the column\n"
	if before, known := c.Table(drop.Table).Column(drop.Column); known && before.NotNull && before.Default == nil && !before.Identity {
		steps += "-- it leaves the column empty, which has to be possible\n" + table + "ALTER COLUMN " + column + " DROP NOT NULL;\n"
	}
	return steps + "-- then, in a migration of the release after it\n" + table + "DROP COLUMN " + column + ";"
}
