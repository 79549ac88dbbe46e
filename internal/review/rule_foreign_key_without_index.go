package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func foreignKeyWithoutIndex() Rule {
	return Rule{
		ID: "foreign-key-without-index", Title: "A foreign key without an index", Severity: Information,
		Why:    "When a row of the other table is deleted or its key changes, PostgreSQL looks for the rows that point to it, and reads the whole table when no index leads to them.",
		Source: "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",
		whole: func(w *Whole) []Hit {
			var hits []Hit
			for i, change := range w.Changes {
				for _, key := range foreignKeys(change) {
					table := w.After.Table(key.table)
					if table == nil || table.Partial || len(key.columns) == 0 {
						continue
					}
					led := slices.ContainsFunc(table.Indexes, func(index schema.Index) bool {
						columns := index.Columns()
						return (index.Predicate == "" || notNull(index.Predicate, key.columns)) && len(columns) >= len(key.columns) && sameColumns(columns[:len(key.columns)], key.columns)
					})
					on := statement.Quote(key.table) + " (" + statement.QuoteWords(key.columns) + ")"
					suggestion := noTransaction + "CREATE INDEX CONCURRENTLY ON " + on + ";"
					if table.PartitionBy != "" {
						suggestion = partitionedIndex("CREATE INDEX ON ONLY " + on)
					}
					if !led {
						hits = append(hits, Hit{
							Message: fmt.Sprintf("no index leads to %s of %s, which points to %s", statement.QuoteWords(key.columns), name(key.table), name(key.references)),
							Tables:  []statement.Name{key.table}, Line: w.Lines[i],
							Suggestion: suggestion,
						})
					}
				}
			}
			return hits
		},
	}
}

// foreignKey is one that a change makes.
type foreignKey struct {
	table, references statement.Name
	columns           []string
}

// foreignKeys returns those that a change makes.
func foreignKeys(change statement.Change) []foreignKey {
	var keys []foreignKey
	collect := func(table statement.Name, constraints []statement.Constraint) {
		for _, one := range constraints {
			if one.Type == statement.ForeignKey {
				keys = append(keys, foreignKey{table, one.References, one.Columns})
			}
		}
	}
	switch c := change.(type) {
	case statement.CreateTable:
		for _, column := range c.Columns {
			collect(c.Table, column.Constraints)
		}
		collect(c.Table, c.Constraints)
	case statement.AddColumn:
		collect(c.Table, c.Column.Constraints)
	case statement.AddConstraint:
		collect(c.Table, []statement.Constraint{c.Constraint})
	}
	return keys
}

// sameColumns tells whether two lists hold the same columns, in whatever order.
func sameColumns(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// notNull tells whether the condition of an index leaves out rows only that have NULL in one of some columns, and so point nowhere.
func notNull(predicate string, columns []string) bool {
	column, is := strings.CutSuffix(strings.Trim(predicate, "()"), " IS NOT NULL")
	return is && slices.ContainsFunc(columns, func(one string) bool { return statement.QuoteWord(one) == column })
}
