package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// undo returns a down section that takes the migration back; empty when one of its changes cannot be undone by a statement that
// follows from it, such as one of rows.
func undo(w *Whole) string {
	var lines []string
	for _, change := range slices.Backward(w.Changes) {
		if !changesAnything(change) {
			continue
		}
		sql := opposite(w, change)
		if sql == "" {
			return ""
		}
		lines = append(lines, sql)
	}
	if len(lines) == 0 {
		return ""
	}
	return "-- +goose Down\n" + strings.Join(lines, "\n")
}

// opposite returns the statement that undoes one change, empty when there is none. What may have been there before is no
// statement's to drop.
func opposite(w *Whole, change statement.Change) string {
	alter := func(table statement.Name, action ...string) string {
		return "ALTER TABLE " + statement.Quote(table) + " " + strings.Join(action, " ") + ";"
	}
	switch c := change.(type) {
	case statement.CreateTable:
		if !c.IfNotExists && !c.Foreign {
			return "DROP TABLE " + statement.Quote(c.Table) + ";"
		}
	case statement.AddColumn:
		if !c.IfNotExists {
			return alter(c.Table, "DROP COLUMN", statement.QuoteWord(c.Column.Name))
		}
	case statement.AddConstraint:
		if c.Constraint.Name != "" {
			return alter(c.Table, "DROP CONSTRAINT", statement.QuoteWord(c.Constraint.Name))
		}
	case statement.CreateIndex:
		if c.Name != "" && !c.IfNotExists {
			concurrently := ""
			if c.Concurrently {
				concurrently = "CONCURRENTLY "
			}
			return "DROP INDEX " + concurrently + statement.Quote(statement.Name{Schema: c.Table.Schema, Name: c.Name}) + ";"
		}
	case statement.CreateEnum:
		return "DROP TYPE " + statement.Quote(c.Type) + ";"
	case statement.SetNotNull:
		if column, known := w.Before.Table(c.Table).Column(c.Column); known && !column.NotNull {
			return alter(c.Table, "ALTER COLUMN", statement.QuoteWord(c.Column), "DROP NOT NULL")
		}
	case statement.DropNotNull:
		return alter(c.Table, "ALTER COLUMN", statement.QuoteWord(c.Column), "SET NOT NULL")
	case statement.Rename:
		switch {
		case c.Kind == statement.Column && !c.OnView:
			return alter(c.Object, "RENAME COLUMN", statement.QuoteWord(c.To), "TO", statement.QuoteWord(c.Part))
		case c.Kind == statement.Table && c.Part == "":
			return alter(statement.Name{Schema: c.Object.Schema, Name: c.To}, "RENAME TO", statement.QuoteWord(c.Object.Name))
		}
	}
	return ""
}
