package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// objectsCompatible judges what is done to objects as a whole.
func (w *Whole) objectsCompatible(change statement.Change, breaks func(string, ...any)) {
	switch c := change.(type) {
	case statement.Drop:
		for _, object := range c.Objects {
			w.dropCompatible(c, object, breaks)
		}
	case statement.Rename:
		switch c.Kind {
		case statement.Column:
			if w.had(c.Object, c.Part) || c.OnView {
				breaks("%s.%s is renamed to %s", name(c.Object), statement.QuoteWord(c.Part), statement.QuoteWord(c.To))
			}
		case statement.Table:
			switch {
			case !w.was(c.Object):
			case w.After.Table(c.Object) != nil:
				w.another(c.Object, breaks)
			case !w.Has(statement.View, statement.Object{Name: c.Object}):
				breaks("the table %s is renamed to %s", name(c.Object), statement.QuoteWord(c.To))
			}
		case statement.View, statement.MaterializedView, statement.SchemaKind, statement.Function, statement.Sequence:
			breaks("the %s %s is renamed to %s", c.Kind, name(c.Object), statement.QuoteWord(c.To))
		case statement.Type, statement.Enum, statement.Domain:
			if !w.After.Has(statement.Type, c.Object) {
				breaks("the type %s is renamed to %s", name(c.Object), statement.QuoteWord(c.To))
			}
		case statement.EnumValue:
			breaks("the value %s of %s is renamed to %s", c.Part, name(c.Object), c.To)
		}
	case statement.Define:
		if c.Kind == "rule" && w.was(c.Object.On) {
			breaks("its queries on %s are rewritten by the rule %s", name(c.Object.On), statement.QuoteWord(c.Object.Name.Name))
		}
	case statement.SetSchema:
		if c.Kind != statement.Table || w.was(c.Object) {
			breaks("the %s %s is in another schema", c.Kind, name(c.Object))
		}
	case statement.Truncate:
		for _, table := range c.Tables {
			if w.was(table) {
				breaks("the rows of %s are gone", name(table))
			}
		}
	case statement.Grant:
		if c.Revoke && !c.OfRole && !slices.Equal(c.Roles, []string{"public"}) {
			breaks("a privilege is revoked")
		}
	case statement.AlterDomain:
		if c.Action == "add constraint" || c.Action == "set not null" {
			breaks("it may write values that the domain %s refuses now", name(c.Domain))
		}
	case statement.RowSecurity:
		if c.Action == "enable" && w.was(c.Table) {
			breaks("row level security may hide rows of %s from it", name(c.Table))
		}
	case statement.Opaque:
		breaks("what cannot be analysed is not known to suit it")
	}
}

// dropCompatible judges what is dropped, and maybe made anew.
func (w *Whole) dropCompatible(c statement.Drop, object statement.Object, breaks func(string, ...any)) {
	switch c.Kind {
	case statement.Table, statement.ForeignTable:
		switch before := w.Before.Table(object.Name); {
		case !w.was(object.Name) || c.IfExists && w.After.Complete && before == nil:
		case w.After.Table(object.Name) == nil:
			breaks("the table %s is dropped", name(object.Name))
		case slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
			made, is := change.(statement.CreateTable)
			return is && made.Table == object.Name && !made.FromQuery
		}):
			breaks("the rows of %s are gone", name(object.Name))
		default:
			w.another(object.Name, breaks)
		}
	case statement.View, statement.MaterializedView, statement.Function, statement.Sequence, statement.SchemaKind, statement.Type, statement.Domain, "aggregate":
		_, before := w.Before.Origin(c.Kind, object.Name)
		switch {
		case !before && (c.IfExists || w.makes(object)) || c.Kind == statement.Function && ofTrigger(w.Before.Sources(object.Name)):
		case slices.ContainsFunc(w.Changes, func(other statement.Change) bool { return renamedTo(other, object.Name) }):
		case !w.Has(c.Kind, object):
			breaks("the %s %s is dropped", c.Kind, name(object.Name))
		case c.Kind == statement.View || c.Kind == statement.MaterializedView:
			columns, now := w.Before.ViewColumns(object.Name), w.After.ViewColumns(object.Name)
			for _, column := range columns {
				if now != nil && !slices.Contains(now, column) {
					breaks("the view %s has no column %s any more", name(object.Name), statement.QuoteWord(column))
				}
			}
		}
	case "owned":
		breaks("what %s owns is dropped, whatever that is", statement.QuoteWord(object.Name.Name))
	}
}

// another judges a table that took the name of one from before: it has to have all of its columns, and to ask for no more.
func (w *Whole) another(table statement.Name, breaks func(string, ...any)) {
	before, after := w.Before.Table(table), w.After.Table(table)
	if before == nil || before.Partial || after.Partial {
		breaks("whether the table that is called %s now has the columns that it had is not known", name(table))
		return
	}
	for _, column := range before.Columns {
		now, found := after.Column(column.Name)
		switch {
		case !found:
			breaks("the table that is called %s now has no column %s", name(table), statement.QuoteWord(column.Name))
		case now.Type.SQL != column.Type.SQL && !alike(now.Type, column.Type):
			breaks("%s.%s is of another type, %s", name(table), statement.QuoteWord(column.Name), now.Type.SQL)
		case now.NotNull && !column.NotNull:
			breaks("it may write NULL into %s.%s, which is NOT NULL now", name(table), statement.QuoteWord(column.Name))
		}
	}
	for _, column := range after.Columns {
		if _, was := before.Column(column.Name); !was && column.NotNull && !column.HasDefault && !column.Identity && column.Generated == nil {
			breaks("its INSERTs into %s leave out %s, which is NOT NULL without a default", name(table), statement.QuoteWord(column.Name))
		}
	}
}

// Has tells whether an object is there after the migration, made anew or never gone.
func (w *Whole) Has(kind statement.Kind, object statement.Object) bool {
	_, found := w.After.Origin(kind, object.Name)
	return found
}
