package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// newColumn judges what INSERTs that know nothing of a new column leave in it: its default, or NULL. What counts is the end of the
// migration, which may take the default away again or ask for more.
func (w *Whole) newColumn(c statement.AddColumn, breaks func(string, ...any)) {
	after := w.After.Table(c.Table)
	column, found := after.Column(c.Column.Name)
	if !w.was(c.Table) || !found || !w.isNew(c.Table, column.Name) {
		return
	}
	if column.NotNull && w.left(after, column.Name).Null {
		breaks("its INSERTs into %s leave out %s, which is NOT NULL without a default", name(c.Table), statement.QuoteWord(column.Name))
	}
	if column.Generated == nil && w.After.Refuses(column) {
		breaks("its INSERTs into %s leave out %s, and %s may refuse what it then is", name(c.Table), statement.QuoteWord(column.Name), name(column.Type.Name))
	}
	for _, constraint := range after.Constraints {
		if !constraint.NotEnforced && constraint.Uses(column.Name) && w.refusesLeft(after, constraint) {
			breaks("it may write rows into %s that the new %s constraint refuses", name(c.Table), constraint.Type)
		}
	}
	for _, index := range after.Indexes {
		if index.Unique && slices.ContainsFunc(index.Keys, func(key statement.IndexKey) bool { return slices.Contains(key.Reads(), column.Name) }) && w.repeats(after, index) {
			breaks("its INSERTs leave the same in %s of %s, which is unique now", statement.QuoteWord(column.Name), name(c.Table))
		}
	}
}

// isNew tells whether a column is one that up adds, and not known to have been there before.
func (w *Whole) isNew(table statement.Name, column string) bool {
	_, was := w.Before.Table(table).Column(column)
	return !was && slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		added, is := change.(statement.AddColumn)
		return is && w.same(added.Table, table) && added.Column.Name == column
	})
}

// left returns what is known of the value that an INSERT of the previous version leaves in a column: nothing of one that it may name.
func (w *Whole) left(table *schema.Table, name string) statement.Value {
	column, found := table.Column(name)
	switch {
	case !found, !w.isNew(table.Name, name), column.Generated != nil, column.Identity, column.HasDefault && column.Default == nil:
		return statement.Value{}
	case column.Default == nil && w.After.HasDefault(column.Type.Name):
		return statement.Value{} // That of the domain.
	}
	return column.Default.Value()
}

// refusesLeft tells whether a constraint may refuse a row for what an INSERT leaves in its new columns.
func (w *Whole) refusesLeft(table *schema.Table, constraint schema.Constraint) bool {
	null := func(column string) bool { return w.left(table, column).Null }
	switch constraint.Type {
	case statement.Check:
		return constraint.Expression.MayRefuse(func(column string) statement.Value { return w.left(table, column) })
	case statement.ForeignKey, statement.Exclusion:
		// Whether there is a row that a default points to, only the data tells.
		return !slices.ContainsFunc(constraint.Columns, null)
	case statement.NotNull:
		return slices.ContainsFunc(constraint.Columns, null)
	}
	return false // Indexes tell of keys.
}

// repeats tells whether two INSERTs may leave the same in all keys of a unique index.
func (w *Whole) repeats(table *schema.Table, index schema.Index) bool {
	var given []string
	for _, key := range index.Keys {
		if !index.NullsNotDistinct && key.Null(func(column string) statement.Value { return w.left(table, column) }) {
			return false
		}
		column, _ := table.Column(key.Column)
		switch {
		case column.Identity, column.Serial, column.Default != nil && volatile(w.After, column.Default):
			return false // Each row gets another.
		case key.Column != "" && !w.isNew(table.Name, key.Column):
			given = append(given, key.Column)
		}
	}
	// What was unique before stays so with more columns.
	return !w.wasUnique(table.Name, given)
}

// wasUnique tells whether some columns of a table, or fewer, were kept unique before.
func (w *Whole) wasUnique(table statement.Name, columns []string) bool {
	before := w.Before.Table(table)
	return before != nil && slices.ContainsFunc(before.Indexes, func(index schema.Index) bool {
		return index.Unique && index.Predicate == "" && !slices.Contains(index.Columns(), "") && covered(index.Columns(), columns)
	})
}

// losesDefault tells whether a column that may be NOT NULL has no default in the end: of one that was never seen nothing is known.
func (w *Whole) losesDefault(c statement.SetDefault) bool {
	before, seen := w.Before.Table(c.Table).Column(c.Column)
	after, _ := w.After.Table(c.Table).Column(c.Column)
	again := after.Default != nil && !after.Default.Null
	return (c.Default == nil || c.Default.Null) && !again && (!seen || before.Type.Name.Name == "" || before.NotNull)
}
