package review

import (
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// failsOnRows returns what PostgreSQL refuses of a change of down as soon as there are rows: up leads to an empty schema in a
// test, where such a down passes.
func (w *walk) failsOnRows(change statement.Change) []schema.Conflict {
	if !w.down {
		return nil
	}
	switch c := change.(type) {
	case statement.AddColumn:
		if _, there := w.schema.Table(c.Table).Column(c.Column.Name); there || !w.holdsRows(c.Table) {
			return nil
		}
		primary := hasConstraint(c.Column, statement.PrimaryKey)
		if w.beginsEmpty(c.Column) && (c.Column.NotNull || primary) {
			return emptyFails(c.Table, c.Column.Name)
		}
		if beginsAlike(c.Column) && (primary || hasConstraint(c.Column, statement.Unique)) {
			return alikeFails(c.Table, c.Column.Name)
		}
	case statement.SetNotNull:
		return w.keyFails(c.Table, true, false, c.Column)
	case statement.AddConstraint:
		primary := c.Constraint.Type == statement.PrimaryKey
		if primary || c.Constraint.Type == statement.Unique {
			return w.keyFails(c.Table, primary, true, c.Constraint.Columns...)
		}
	case statement.CreateIndex:
		if c.Unique && c.Predicate == "" && len(c.Keys) == 1 {
			return w.keyFails(c.Table, false, true, c.Keys[0].Column)
		}
	}
	return nil
}

// keyFails tells of columns that down has added just now, and that must not be empty, or not alike in two rows.
func (w *walk) keyFails(table statement.Name, full, unique bool, columns ...string) []schema.Conflict {
	for _, name := range columns {
		column, added := w.addedUntouched(table, name)
		switch {
		case !added:
		case full && w.beginsEmpty(column):
			return emptyFails(table, name)
		case unique && len(columns) == 1 && beginsAlike(column):
			return alikeFails(table, name)
		}
	}
	return nil
}

func emptyFails(table statement.Name, column string) []schema.Conflict {
	return []schema.Conflict{{Certain: true, Message: fmt.Sprintf("column %s of %s begins empty and is to be NOT NULL: this fails on a table with rows", statement.QuoteWord(column), name(table))}}
}

func alikeFails(table statement.Name, column string) []schema.Conflict {
	return []schema.Conflict{{Certain: true, Message: fmt.Sprintf("column %s of %s begins with one value in all rows and is to be unique: this fails on a table with two rows", statement.QuoteWord(column), name(table))}}
}

// holdsRows tells whether a table may have rows from before the migration.
func (w *walk) holdsRows(table statement.Name) bool {
	known := w.schema.Table(table)
	if known == nil || known.Temporary || known.Foreign || known.Origin.Migration >= w.file.Index {
		return false
	}
	return !slices.ContainsFunc(w.earlier, func(change statement.Change) bool {
		switch c := change.(type) {
		case statement.Truncate:
			return slices.ContainsFunc(c.Tables, func(one statement.Name) bool { return w.schema.Resolve(one) == known.Name })
		case statement.Delete:
			return c.Filter == statement.AllRows && w.schema.Resolve(c.Table) == known.Name
		}
		return false
	})
}

// addedUntouched returns a column that the section added to a table with rows, and that nothing was written to since.
func (w *walk) addedUntouched(table statement.Name, column string) (statement.ColumnDefinition, bool) {
	if !w.holdsRows(table) {
		return statement.ColumnDefinition{}, false
	}
	for _, change := range slices.Backward(w.earlier) {
		switch c := change.(type) {
		case statement.AddColumn:
			if w.schema.Resolve(c.Table) == w.schema.Resolve(table) && c.Column.Name == column {
				return c.Column, !c.IfNotExists
			}
		case statement.Update, statement.Write, statement.Opaque, statement.Rename, statement.SetType:
			return statement.ColumnDefinition{}, false
		}
	}
	return statement.ColumnDefinition{}, false
}

// beginsEmpty tells whether a new column has no value in the rows that are there. A domain may have a default of its own.
func (w *walk) beginsEmpty(column statement.ColumnDefinition) bool {
	_, domain := w.schema.Origin(statement.Domain, column.Type.Name)
	return (column.Default == nil || column.Default.Null) && !column.Identity && column.Stored == nil && column.Virtual == nil && !isSerial(column.Type) && !domain
}

// beginsAlike tells whether a new column has one value in all rows that are there.
func beginsAlike(column statement.ColumnDefinition) bool {
	return column.Default != nil && column.Default.Constant && !column.Default.Null
}
