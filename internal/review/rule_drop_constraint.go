package review

import (
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropConstraint() Rule {
	return Rule{
		ID: "drop-constraint", Title: "A constraint is dropped", Severity: Warning, live: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Rows that it refused are accepted from then on, and once there is one, the constraint cannot be put back.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			if drop, is := c.Change.(statement.Drop); is && drop.Kind == statement.Index {
				return uniqueIndexes(c, drop)
			}
			drop, is := c.Change.(statement.DropConstraint)
			if !is {
				return nil
			}
			constraint, known := c.Table(drop.Table).Constraint(drop.Name)
			if known && (constraint.Type == statement.PrimaryKey || !constraint.Validated || len(constraint.NotNullColumns) > 0) {
				return nil
			}
			what := "constraint"
			if known {
				what = string(constraint.Type) + " constraint"
			}
			return one(Hit{Message: fmt.Sprintf("%s accepts rows that its %s %s refused", name(drop.Table), what, statement.QuoteWord(drop.Name)), Severity: Information, Tables: []statement.Name{drop.Table}})
		},
	}
}

// uniqueIndexes finds those that are dropped while nothing else keeps their columns unique.
func uniqueIndexes(c *Case, drop statement.Drop) []Hit {
	var hits []Hit
	for _, object := range drop.Objects {
		table, index := c.Schema.Index(object.Name)
		if table == nil || !index.Unique || index.Invalid || index.Constraint != "" || index.Origin.Migration >= c.File.Group || slices.ContainsFunc(table.Indexes, func(other schema.Index) bool {
			return other.Unique && other.Name != index.Name && !other.Invalid && other.Predicate == "" && !slices.Contains(other.Columns(), "") && covered(other.Columns(), index.Columns())
		}) {
			continue
		}
		hits = append(hits, Hit{Message: fmt.Sprintf("%s accepts rows that its unique index %s refused", name(table.Name), name(object.Name)), Tables: []statement.Name{table.Name}})
	}
	return hits
}
