package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// narrows says what a change takes from those who use the database: a right, or rows that they saw. It is empty where that is
// nothing, or nothing that was there before.
func (w *Whole) narrows(change statement.Change) string {
	switch c := change.(type) {
	case statement.Grant:
		if w.revokes(c) {
			return strings.Join(c.Privileges, ", ") + " is revoked from " + strings.Join(c.Roles, ", ")
		}
	case statement.Define:
		if c.Kind == statement.Policy && schema.Restrictive(c.Definition) && w.guarded(c.Object.On) {
			return "the policy " + statement.QuoteWord(c.Object.Name.Name) + " hides rows of " + name(c.Object.On)
		}
	case statement.RowSecurity:
		if c.Action == "force" && w.guarded(c.Table) {
			return "row level security may hide rows of " + name(c.Table) + " from its owner too"
		}
	case statement.AlterTable:
		switch {
		case c.Action == "change owner" && w.existed(c.Kind, statement.Object{Name: c.Table}):
			return name(c.Table) + " has another owner, and the one that it had may lose its rights"
		case c.Action == "drop inherit" && w.was(c.Table) && w.was(c.Parent):
			return "the rows of " + name(c.Table) + " are not found in " + name(c.Parent) + " any more"
		}
	case statement.AlterObject:
		return w.narrowsObject(c)
	case statement.Drop:
		for _, object := range c.Objects {
			switch same, restrictive := w.After.SamePolicy(w.Before, object); {
			case c.Kind == statement.Role && w.existed(c.Kind, object):
				return "the role " + statement.QuoteWord(object.Name.Name) + " is dropped"
			case c.Kind == statement.Policy && !same && !restrictive && w.guarded(object.On) && !(c.IfExists && w.Before.Complete && !w.Before.HasPolicy(object)):
				return "rows of " + name(object.On) + " that the policy " + statement.QuoteWord(object.Name.Name) + " showed may be hidden"
			}
		}
	}
	return ""
}

func (w *Whole) narrowsObject(c statement.AlterObject) string {
	switch {
	case c.Kind == statement.Policy:
		if w.guarded(c.Object.On) {
			return "the policy " + statement.QuoteWord(c.Object.Name.Name) + " of " + name(c.Object.On) + " shows other rows"
		}
	case !w.existed(c.Kind, c.Object):
	case c.Action == "owner":
		return "the " + string(c.Kind) + " " + name(c.Object.Name) + " has another owner, and the one that it had may lose its rights"
	case c.Kind == statement.Role:
		return "the role " + statement.QuoteWord(c.Object.Name.Name) + " may not do any more what it could: " + c.Action
	}
	return ""
}

// revokes tells whether REVOKE may take what the previous version needs. That nobody else may call a function or read a table is
// said right after it is made; and an application makes no objects.
func (w *Whole) revokes(c statement.Grant) bool {
	if !c.Revoke || c.Default || c.WithGrantOption {
		return false
	}
	if c.OfRole || c.All || !slices.Equal(c.Roles, []string{"public"}) {
		return true
	}
	return !slices.Equal(c.Privileges, []string{"create"}) && slices.ContainsFunc(c.Objects, func(object statement.Object) bool { return w.existed(c.Kind, object) })
}

// guarded tells whether policies decide over the rows of a table from before: where row level security is off, they say nothing.
func (w *Whole) guarded(table statement.Name) bool {
	after := w.After.Table(table)
	return w.was(table) && (after == nil || after.Assumed || after.RowSecurity)
}

// existed tells whether an object was there before the migration, as far as is known.
func (w *Whole) existed(kind statement.Kind, object statement.Object) bool {
	switch origin, before := w.Before.Origin(kind, object.Name); {
	case before:
		return origin.Migration < w.File.Group
	case kind == statement.Table || kind == statement.ForeignTable:
		return w.was(object.Name) && !w.makes(object) // GRANT calls a view a table.
	}
	return !w.makes(object) && !w.Has(kind, object)
}

// keysCompatible judges the unique keys that a table had: INSERT … ON CONFLICT names their columns, and fails where nothing keeps
// those unique any more.
func (w *Whole) keysCompatible(table statement.Name, breaks func(string, ...any)) {
	before, after := w.Before.Table(table), w.After.Table(table)
	if before == nil || after == nil || !w.was(table) {
		return
	}
	for _, index := range before.Indexes {
		if !index.Unique || index.Invalid || slices.ContainsFunc(after.Indexes, func(other schema.Index) bool {
			return other.Unique && (other.Predicate == "" || other.Predicate == index.Predicate) && slices.Equal(keysOf(other), keysOf(index))
		}) {
			continue
		}
		breaks("its INSERTs into %s may say ON CONFLICT (%s), which nothing keeps unique any more", name(table), strings.Join(keysOf(index), ", "))
	}
}

// keysOf returns the keys of an index as SQL; their order does not matter to ON CONFLICT.
func keysOf(index schema.Index) []string {
	var keys []string
	for _, key := range index.Keys {
		if key.Column != "" {
			keys = append(keys, statement.QuoteWord(key.Column))
		} else {
			keys = append(keys, key.SQL())
		}
	}
	return slices.Sorted(slices.Values(keys))
}

// droppedConstraint judges a constraint that is dropped: of one that was never seen only its name tells whether it is a key.
func (w *Whole) droppedConstraint(c statement.DropConstraint, breaks func(string, ...any)) {
	before, after := w.Before.Table(c.Table), w.After.Table(c.Table)
	constraint, known := before.Constraint(c.Name)
	_, anew := after.Constraint(c.Name)
	switch {
	case known && (constraint.Type == statement.Unique || constraint.Type == statement.PrimaryKey):
		w.keysCompatible(c.Table, breaks)
	case known || anew || !w.was(c.Table) || before != nil && !before.Assumed:
	case strings.HasSuffix(c.Name, "_key") || strings.HasSuffix(c.Name, "_pkey"):
		breaks("its INSERTs into %s may say ON CONFLICT, and nothing is known to keep unique what %s did", name(c.Table), statement.QuoteWord(c.Name))
	}
}
