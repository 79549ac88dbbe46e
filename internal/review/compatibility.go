package review

import (
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// judgeCompatibility claims whether the version of the application that is served now works on the schema after the migration:
// it reads and writes what was there before, by the old names, and knows nothing of what is new.
func judgeCompatibility(w *Whole) {
	outcome := w.Outcome
	outcome.PreviousVersionCompatible = true
	breaks := func(format string, arguments ...any) {
		outcome.PreviousVersionCompatible = false
		if reason := "the previous version: " + fmt.Sprintf(format, arguments...); len(outcome.Reasons) < maximumReasons && !slices.Contains(outcome.Reasons, reason) {
			outcome.Reasons = append(outcome.Reasons, reason)
		}
	}
	if !w.UpKnown {
		breaks("what cannot be analysed is not known to suit it")
	}
	for _, change := range w.Changes {
		w.compatible(change, breaks)
		if taken := w.narrows(change); taken != "" {
			breaks("%s", taken)
		}
	}
}

// was tells whether a table was there before the migration, and may be used.
func (w *Whole) was(table statement.Name) bool {
	before := w.Before.Table(table)
	if before == nil {
		after := w.After.Table(table)
		return (after == nil || after.Partial) && !w.madeHere(table)
	}
	return !before.Temporary && before.Origin.Migration < w.File.Group
}

// had tells whether a table had a column before the migration, as far as is known.
func (w *Whole) had(table statement.Name, column string) bool {
	before := w.Before.Table(table)
	_, found := before.Column(column)
	return w.was(table) && (found || (before == nil || before.Partial) && !w.beginsNew(table, column))
}

// beginsNew tells whether the first that up does to a column is to add it, so that it was not there before.
func (w *Whole) beginsNew(table statement.Name, column string) bool {
	for _, change := range w.Changes {
		switch c := change.(type) {
		case statement.AddColumn:
			if w.same(c.Table, table) && c.Column.Name == column {
				return !c.IfNotExists
			}
		case statement.DropColumn:
			if w.same(c.Table, table) && c.Column == column {
				return false
			}
		case statement.Rename:
			if w.same(c.Object, table) && c.Part == column {
				return false
			}
		}
	}
	return false
}

func (w *Whole) compatible(change statement.Change, breaks func(string, ...any)) {
	switch c := change.(type) {
	case statement.AddColumn:
		w.newColumn(c, breaks)
	case statement.DropColumn:
		if w.had(c.Table, c.Column) {
			breaks("%s.%s is dropped", name(c.Table), statement.QuoteWord(c.Column))
		}
	case statement.SetNotNull:
		w.tightens(c.Table, c.Column, breaks)
	case statement.DropNotNull:
		if w.had(c.Table, c.Column) {
			breaks("it may read NULL in %s.%s, which had none", name(c.Table), statement.QuoteWord(c.Column))
		}
	case statement.SetDefault:
		if w.had(c.Table, c.Column) && w.losesDefault(c) {
			breaks("its INSERTs into %s may leave out %s, which has no default any more", name(c.Table), statement.QuoteWord(c.Column))
		}
	case statement.AddIdentity:
		switch {
		case !w.had(c.Table, c.Column):
		case c.Drop:
			breaks("its INSERTs into %s may leave out %s, which gets no number any more", name(c.Table), statement.QuoteWord(c.Column))
		case c.Always:
			breaks("its INSERTs into %s may name a value for %s, which is refused", name(c.Table), statement.QuoteWord(c.Column))
		}
	case statement.AlterTable:
		if c.Kind == statement.Type && c.Action != "change owner" && w.existed(c.Kind, statement.Object{Name: c.Table}) {
			breaks("the type %s is made of other attributes", name(c.Table))
		}
		if column, _ := w.Before.Table(c.Table).Column(c.Column); c.Generated == "always" && w.had(c.Table, c.Column) && !column.Always {
			breaks("its INSERTs into %s may name a value for %s, which is refused", name(c.Table), statement.QuoteWord(c.Column))
		}
	case statement.DropConstraint:
		w.droppedConstraint(c, breaks)
	case statement.DetachPartition:
		if partition := w.After.Table(c.Partition); w.was(c.Table) && w.was(c.Partition) && (partition == nil || partition.PartitionOf.Name == "") {
			breaks("the rows of %s are not found in %s any more", name(c.Partition), name(c.Table))
		}
	case statement.SetType:
		said := c.Type.SQL
		c.Type = w.After.Underlying(c.Type) // The domain may be new.
		if judged := judgeType(w.Before, c); w.had(c.Table, c.Column) && (!judged.known || judged.narrows || judged.from.Name != judged.to.Name && !alike(judged.from, judged.to)) {
			breaks("%s.%s is of another type, %s", name(c.Table), statement.QuoteWord(c.Column), said)
		}
	case statement.AddConstraint:
		if w.was(c.Table) && !c.Constraint.NotEnforced && !w.implied(c) && w.overOldColumns(c) {
			breaks("it may write rows into %s that the new %s constraint refuses", name(c.Table), c.Constraint.Type)
		}
	case statement.CreateIndex:
		if view := w.Before.Table(c.Table); view != nil && view.Kind == statement.MaterializedView {
			return // Nobody writes rows into it.
		}
		if c.Unique && w.was(c.Table) && w.overOldKeys(c) {
			breaks("it may write rows into %s that the new unique index refuses", name(c.Table))
		}
	default:
		w.objectsCompatible(change, breaks)
	}
}

// alike tells whether two types look the same to an application.
func alike(a, b statement.TypeName) bool {
	texts := []string{"text", "varchar", "bpchar", "citext"}
	return slices.Contains(texts, a.Name.Name) && slices.Contains(texts, b.Name.Name)
}

func (w *Whole) tightens(table statement.Name, column string, breaks func(string, ...any)) {
	if !w.had(table, column) || w.Before.Table(table).RefusesNull(column) {
		return
	}
	breaks("it may write NULL into %s.%s, which is NOT NULL now", name(table), statement.QuoteWord(column))
}

// implied tells whether a constraint says nothing that was not said before.
func (w *Whole) implied(c statement.AddConstraint) bool {
	before := w.Before.Table(c.Table)
	if before == nil {
		return false
	}
	if c.Constraint.UsingIndex != "" {
		return slices.ContainsFunc(before.Indexes, func(index schema.Index) bool { return index.Name.Name == c.Constraint.UsingIndex && index.Unique })
	}
	if slices.ContainsFunc(before.Constraints, func(old schema.Constraint) bool { return w.asksNoMore(c.Constraint, old) }) {
		return true
	}
	if c.Constraint.Type == statement.Unique && !c.Constraint.NullsNotDistinct && w.wasUnique(c.Table, c.Constraint.Columns) {
		return true
	}
	if columns := c.Constraint.NotNullColumns; len(columns) > 0 {
		return !slices.ContainsFunc(columns, func(column string) bool { return !before.RefusesNull(column) })
	}
	return false
}

// overOldColumns tells whether a constraint is about a column that the previous version writes.
func (w *Whole) overOldColumns(c statement.AddConstraint) bool {
	columns := c.Constraint.Columns
	if c.Constraint.Type == statement.ForeignKey || c.Constraint.Type == statement.Check {
		return len(columns) == 0 || slices.ContainsFunc(columns, func(column string) bool { return w.had(c.Table, column) })
	}
	return len(columns) == 0 || !slices.ContainsFunc(columns, func(column string) bool { return !w.had(c.Table, column) })
}

func (w *Whole) overOldKeys(c statement.CreateIndex) bool {
	var columns []string
	for _, key := range c.Keys {
		columns = append(columns, key.Column)
	}
	if !c.NullsNotDistinct && w.wasUnique(c.Table, columns) {
		return false
	}
	return !slices.ContainsFunc(c.Keys, func(key statement.IndexKey) bool {
		return slices.ContainsFunc(key.Reads(), func(column string) bool { return !w.had(c.Table, column) })
	})
}
