package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
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
			case !w.was(c.Object) || w.named(c.Object):
			case w.After.Table(c.Object) != nil:
				w.replaced(c.Object, breaks)
			case !standsIn(w.Changes, w.Before, c):
				breaks("the table %s is renamed to %s", name(c.Object), statement.QuoteWord(c.To))
			}
		case statement.View, statement.MaterializedView, statement.SchemaKind, statement.Function, statement.Sequence:
			switch object := (statement.Object{Name: c.Object}); {
			case !w.existed(c.Kind, object) || w.named(c.Object):
			case (c.Kind == statement.View || c.Kind == statement.MaterializedView) && w.Has(c.Kind, object):
				w.viewCompatible(c.Object, breaks)
			default:
				breaks("the %s %s is renamed to %s", c.Kind, name(c.Object), statement.QuoteWord(c.To))
			}
		case statement.Type, statement.Enum, statement.Domain:
			if !w.After.Has(statement.Type, c.Object) {
				breaks("the type %s is renamed to %s", name(c.Object), statement.QuoteWord(c.To))
			}
			w.labelsCompatible(c.Object, breaks) // Another may have its name.
		case "attribute":
			if w.existed(statement.Type, statement.Object{Name: c.Object}) {
				breaks("the attribute %s of the type %s is renamed to %s", statement.QuoteWord(c.Part), name(c.Object), statement.QuoteWord(c.To))
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
	case statement.AlterObject:
		if w.renumbers(c) {
			breaks("the sequence %s gives other numbers, maybe some that it gave before", name(c.Object.Name))
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

// same tells whether two names are those of one relation before the migration.
func (w *Whole) same(a, b statement.Name) bool { return w.Before.Resolve(a) == w.Before.Resolve(b) }

// dropCompatible judges what is dropped, and maybe made anew.
func (w *Whole) dropCompatible(c statement.Drop, object statement.Object, breaks func(string, ...any)) {
	_, before := w.Before.Origin(c.Kind, object.Name)
	// What was never seen, and goes only if it is there, is not there where all is known.
	absent := !before && (c.IfExists && w.Before.Complete || w.makes(object))
	switch c.Kind {
	case statement.Table, statement.ForeignTable:
		switch table := w.Before.Table(object.Name); {
		case !w.was(object.Name) || c.IfExists && w.After.Complete && table == nil:
		case w.After.Table(object.Name) == nil:
			breaks("the table %s is dropped", name(object.Name))
		default:
			w.replaced(object.Name, breaks)
		}
	case statement.Function:
		if !absent && !ofTrigger(w.Before.Functions(object)) && !w.sameFunction(object) {
			breaks("the function %s is dropped, or another", name(object.Name))
		}
	case statement.Sequence:
		switch {
		case absent:
		case before && w.Has(c.Kind, object):
			breaks("the sequence %s begins anew", name(object.Name))
		default:
			breaks("the sequence %s is dropped", name(object.Name))
		}
	case statement.View, statement.MaterializedView, statement.SchemaKind, statement.Type, statement.Domain, "aggregate":
		switch {
		case absent || slices.ContainsFunc(w.Changes, func(other statement.Change) bool { return renamedTo(other, object.Name) }):
		case !w.Has(c.Kind, object):
			breaks("the %s %s is dropped", c.Kind, name(object.Name))
		case c.Kind == statement.View || c.Kind == statement.MaterializedView:
			w.viewCompatible(object.Name, breaks)
		case c.Kind == statement.Type:
			w.labelsCompatible(object.Name, breaks)
		}
	case statement.Index:
		if table, index := w.Before.Index(object.Name); table != nil && index.Unique {
			w.keysCompatible(table.Name, breaks)
		}
	case statement.Trigger, "rule", "event trigger", "statistic ext", statement.Policy, statement.Role:
		// Whether they matter to an application is judged elsewhere, or not known.
	case "owned":
		breaks("what %s owns is dropped, whatever that is", statement.QuoteWord(object.Name.Name))
	default:
		if !absent && !w.Has(c.Kind, object) {
			breaks("the %s %s is dropped", c.Kind, name(object.Name))
		}
	}
}

// sameFunction tells whether a function that is dropped is there in the end, with the same arguments and the same answer.
func (w *Whole) sameFunction(object statement.Object) bool {
	before, after := w.Before.Functions(object), w.After.Functions(object)
	if len(before) == 0 {
		return len(after) > 0 // What it answered was never seen.
	}
	return len(before) == len(after) && !slices.ContainsFunc(before, func(one statement.CreateFunction) bool {
		return !slices.ContainsFunc(after, func(other statement.CreateFunction) bool { return other.Returns == one.Returns })
	})
}

// viewCompatible judges a view that is made anew: it has to have all columns that it had, made of the same.
func (w *Whole) viewCompatible(view statement.Name, breaks func(string, ...any)) {
	columns, now := w.Before.ViewColumns(view), w.After.ViewColumns(view)
	if !w.Before.Has(statement.View, view) && !w.Before.Has(statement.MaterializedView, view) || w.After.SameView(w.Before, view) {
		return
	}
	if columns == nil || now == nil {
		breaks("whether the view %s has the columns that it had is not known", name(view))
		return
	}
	for _, column := range columns {
		switch at := slices.IndexFunc(now, func(other statement.ViewColumn) bool { return other.Name == column.Name }); {
		case at < 0:
			breaks("the view %s has no column %s any more", name(view), statement.QuoteWord(column.Name))
		case now[at].Expression != column.Expression:
			breaks("%s.%s is made of something else, and may be of another type", name(view), statement.QuoteWord(column.Name))
		}
	}
}

// labelsCompatible judges an enum that is made anew.
func (w *Whole) labelsCompatible(kind statement.Name, breaks func(string, ...any)) {
	labels, _ := w.Before.Enum(kind)
	now, _ := w.After.Enum(kind)
	for _, label := range labels {
		if !slices.Contains(now, label) {
			breaks("the type %s has no value %s any more", name(kind), label)
		}
	}
}

// replaced judges a table whose name another one has in the end.
func (w *Whole) replaced(table statement.Name, breaks func(string, ...any)) {
	if slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		made, is := change.(statement.CreateTable)
		return is && w.same(made.Table, table) && !made.FromQuery
	}) {
		breaks("the rows of %s are gone", name(table))
		return
	}
	w.another(table, breaks)
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
		case now.NotNull && (column.HasDefault || column.Identity) && !now.HasDefault && !now.Identity:
			breaks("its INSERTs into %s may leave out %s, which has no default any more", name(table), statement.QuoteWord(column.Name))
		case now.Always && !column.Always:
			breaks("its INSERTs into %s may name a value for %s, which is refused", name(table), statement.QuoteWord(column.Name))
		}
	}
	for _, constraint := range after.Constraints {
		if constraint.Type == statement.PrimaryKey || constraint.NotEnforced || before.Says(constraint) {
			continue
		}
		breaks("it may write rows into %s that its new %s constraint refuses", name(table), constraint.Type)
	}
	w.keysCompatible(table, breaks)
	for _, index := range after.Indexes {
		if index.Unique && index.Constraint == "" && !slices.ContainsFunc(before.Indexes, func(other schema.Index) bool {
			return other.Unique && other.Predicate == index.Predicate && slices.Equal(other.Columns(), index.Columns())
		}) {
			breaks("it may write rows into %s that its new unique index refuses", name(table))
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
