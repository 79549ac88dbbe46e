package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// asksNoMore tells whether a constraint lets all pass that one from before did.
func (w *Whole) asksNoMore(now statement.Constraint, old schema.Constraint) bool {
	if now.Type != old.Type || old.NotEnforced {
		return false
	}
	switch now.Type {
	case statement.ForeignKey:
		columns := now.ReferencedColumns
		if len(columns) == 0 {
			primary, _ := w.Before.Table(now.References).PrimaryKey()
			columns = primary.Columns
		}
		return w.same(now.References, old.References) && slices.Equal(now.Columns, old.Columns) && slices.Equal(columns, old.ReferencedColumns) &&
			(now.Deferrable || !old.Deferrable) && actsNoLess(now.OnDelete, old.OnDelete) && actsNoLess(now.OnUpdate, old.OnUpdate)
	case statement.Check:
		if now.Expression.SQL() != "" && now.Expression.SQL() == old.Expression.SQL() {
			return true
		}
		column, values := listed(now.Expression.Condition())
		before, fewer := listed(old.Expression.Condition())
		return column != "" && column == before && covered(fewer, values)
	}
	return false
}

// actsNoLess tells whether a DELETE or UPDATE that a foreign key let pass passes still: what was done to the rows that point there
// may be another thing, but not be refused.
func actsNoLess(now, old string) bool {
	refuses := func(action string) bool { return action == "" || action == "restrict" }
	return !refuses(now) || refuses(old)
}

// listed returns the values of a condition that is column IN (values).
func listed(condition statement.Condition) (column string, values []string) {
	parts := []statement.Condition{condition}
	if condition.Operator == "or" {
		parts = condition.Parts
	}
	for _, part := range parts {
		if part.Operator != "=" || column != "" && part.Column != column {
			return "", nil
		}
		column, values = part.Column, append(values, part.Value)
	}
	return column, values
}

// named tells whether up itself gave an object its name.
func (w *Whole) named(object statement.Name) bool {
	return slices.ContainsFunc(w.Changes, func(change statement.Change) bool { return gives(w.Before, change, object) })
}

// gives tells whether a change gives an object, which is no part of another, a name that nothing had before.
func gives(before *schema.Schema, change statement.Change, object statement.Name) bool {
	rename, is := change.(statement.Rename)
	return is && rename.Part == "" && rename.Object != object && before.Table(object) == nil && !before.Has(statement.View, object) && !before.Has(rename.Kind, object) &&
		before.Resolve(object) == statement.Name{Schema: before.Resolve(rename.Object).Schema, Name: rename.To}
}

// givenBack tells whether the same transaction gives the old name of a table back to it, or that of a view to another one with all
// of its columns.
func givenBack(c *Case, rename statement.Rename) bool {
	if !c.Transaction.Open {
		return false
	}
	old, later := c.Schema.Resolve(rename.Object), changesOf(c.File.up)
	later = later[min(len(c.Earlier), len(later)):]
	if end := slices.IndexFunc(later, func(change statement.Change) bool { _, is := change.(statement.Transaction); return is }); end >= 0 {
		later = later[:end]
	}
	return slices.ContainsFunc(later, func(change statement.Change) bool {
		other, is := change.(statement.Rename)
		if !is || other.Part != "" || other.To != old.Name || c.Schema.Resolve(other.Object).Schema != old.Schema {
			return false
		}
		if other.Object.Name == rename.To {
			return true
		}
		columns, now := c.Schema.ViewColumns(rename.Object), c.Schema.ViewColumns(other.Object)
		return len(columns) > 0 && !slices.ContainsFunc(columns, func(column statement.ViewColumn) bool { return !slices.Contains(now, column) })
	})
}
