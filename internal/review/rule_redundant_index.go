package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func redundantIndex() Rule {
	return Rule{
		ID: "redundant-index", Title: "An index that another one makes needless", Severity: Information,
		Why:    "Each index costs time on every write and space; one whose columns another begins with answers no query that the other does not.",
		Source: "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
		change: func(c *Case) []Hit {
			index, is := c.Change.(statement.CreateIndex)
			table := c.Table(index.Table)
			if !is || table == nil || index.Unique || index.Predicate != "" || len(index.Include) > 0 {
				return nil
			}
			for _, other := range table.Indexes {
				if other.Method != index.Method || other.Predicate != "" || len(other.Keys) < len(index.Keys) || other.Name.Name == index.Name || other.Invalid {
					continue
				}
				begins := index.Method == "btree" || len(other.Keys) == len(index.Keys)
				for i, key := range index.Keys {
					begins = begins && key.Plain && other.Keys[i].Plain && key.Column == other.Keys[i].Column
				}
				if begins {
					return one(Hit{Message: fmt.Sprintf("%s of %s begins with the same columns", statement.QuoteWord(other.Name.Name), name(index.Table)), Tables: []statement.Name{index.Table}})
				}
			}
			return nil
		},
	}
}
