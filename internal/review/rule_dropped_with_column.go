package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func droppedWithColumn() Rule {
	return Rule{
		ID: "dropped-with-column", Title: "Constraints and indexes go with a dropped column", Severity: Warning, live: true,
		Why:    "PostgreSQL drops them without a word: rows that they refused are accepted from then on, and queries that they served read the whole table.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-COLUMN",
		change: func(c *Case) []Hit {

			drop, is := c.Change.(statement.DropColumn)
			if !is {
				return nil
			}
			constraints, indexes := c.Table(drop.Table).DroppedWith(drop.Column)
			var gone []string
			for _, constraint := range constraints {
				gone = append(gone, "the "+string(constraint.Type)+" constraint "+statement.QuoteWord(constraint.Name))
			}
			for _, index := range indexes {
				gone = append(gone, "the index "+statement.QuoteWord(index.Name.Name))
			}
			if len(gone) == 0 {
				return nil
			}
			return one(Hit{Message: "with " + statement.QuoteWord(drop.Column) + " go " + strings.Join(gone, ", "), Tables: []statement.Name{drop.Table}})
		},
	}
}
