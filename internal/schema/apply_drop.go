package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func (a *applying) drop(c statement.Drop) {
	for _, one := range c.Objects {
		switch c.Kind {
		case statement.Table, statement.ForeignTable:
			a.dropTable(a.Resolve(one.Name), c)
		case statement.Index:
			a.dropIndex(one.Name, c)
		case statement.SchemaKind:
			a.dropSchema(one.Name.Name, c)
		case statement.Type, statement.Domain:
			a.dropType(a.resolveType(one.Name), c)
		case statement.View, statement.MaterializedView, statement.Sequence:
			a.dropRelation(key{kind: c.Kind, name: a.Resolve(one.Name)}, c)
		case statement.Function, "aggregate":
			a.dropFunction(one, c)
		case "owned":
			a.disown(one.Name, "", "")
		default:
			switch c.Kind {
			case statement.Extension:
				a.dropExtension(one.Name.Name, c)
			case statement.Role:
				a.privileged(one.Name)
			}
			a.dropObject(a.place(c.Kind, one), c)
		}
	}
}

func (a *applying) dropObject(at key, c statement.Drop) {
	if !a.objects.has(at) {
		// A part of a table goes with it.
		if at.on.Name != "" && !a.tables.has(at.on) && a.isGone(tableKey(at.on)) {
			if !c.IfExists {
				a.refuse(true, "table %s does not exist", Plain(at.on))
			}
			return
		}
		a.missing(at, c.IfExists)
		return
	}
	a.removeObject(at)
}

// dropRelation drops a view or a sequence.
func (a *applying) dropRelation(at key, c statement.Drop) {
	found, exists := a.relations.get(at.name)
	switch {
	case !exists:
		a.missing(at, c.IfExists)
		return
	case found.kind != at.kind:
		a.refuse(true, "%s is a %s and no %s", Plain(at.name), found.kind, at.kind)
		return
	}
	if one, _ := a.object(at); one.owner.Name != "" {
		a.dropOwned(at, one, c)
		return
	}
	a.dropReaders(at.name, c.Cascade, c.Objects)
	a.dropView(at)
}

// dropView forgets a view, with the indexes of a materialized one.
func (a *applying) dropView(at key) {
	if table, known := a.tables.get(at.name); known && at.kind == statement.MaterializedView {
		for _, index := range slices.Clone(table.Indexes) {
			a.removeIndex(at.name, index.Name)
		}
	}
	a.dropParts(at.name)
	a.removeObject(at)
}

// dropOwned drops a sequence that a column owns.
func (a *applying) dropOwned(at key, one object, c statement.Drop) {
	if !a.tables.has(one.owner) {
		a.removeObject(at)
		return
	}
	column := a.own(one.owner).column(one.column)
	if column != nil && (column.Identity || column.HasDefault) {
		if !c.Cascade || column.Identity {
			a.refuse(true, "column %s of %s takes its values from %s", statement.QuoteWord(one.column), Plain(one.owner), Plain(at.name))
			return
		}
		column.Default, column.HasDefault = nil, false
	}
	if column != nil {
		column.Serial, column.Sequence = false, statement.Name{}
	}
	a.removeObject(at)
}

// dropFunction drops a function; without a list of arguments it is the only one of its name.
func (a *applying) dropFunction(one statement.Object, c statement.Drop) {
	at := a.place(statement.Function, one)
	at.kind = c.Kind
	if found := a.functions(at.name); !one.Signed && len(found) > 0 {
		if at = found[0]; len(found) > 1 {
			a.refuse(true, "there are %d functions of the name %s", len(found), Plain(at.name))
		}
	}
	if !a.objects.has(at) {
		if known := (key{kind: at.kind, name: at.name}); !one.Signed {
			at = known
		}
		if a.Complete && !c.IfExists && len(a.functions(at.name)) > 0 {
			a.refuse(true, "%s does not exist", at.title())
			return
		}
		a.missing(at, c.IfExists)
		return
	}
	a.dropCallers(at, c.Cascade)
	a.removeObject(at)
	if len(a.functions(at.name)) == 0 {
		// Who names it without arguments finds none either.
		a.fates.put(a.owner, key{kind: at.kind, name: at.name}, fate{gone: true})
	}
}

// dropCallers refuses, or drops with cascade, what calls a function: triggers, defaults, generated columns and CHECKs.
func (a *applying) dropCallers(at key, cascade bool) {
	if len(a.functions(at.name)) > 1 {
		return // Which of them is called is not known.
	}
	mentioned := a.mentioned(at.name)
	for _, by := range mentioned {
		if trigger, known := a.object(by); known && by.kind == statement.Trigger && trigger.calls == at.name {
			if cascade {
				a.removeObject(by)
			} else {
				a.refuse(true, "%s calls the function %s", by.title(), Plain(at.name))
			}
		}
	}
	for _, by := range mentioned {
		if one, known := a.object(by); !known || !slices.Contains(one.invokes, at.name) {
			continue
		}
		switch {
		case !cascade:
			a.refuse(true, "%s calls the function %s", by.title(), Plain(at.name))
		case by.kind == statement.View:
			a.dropReaders(by.name, true, nil)
			a.dropView(by)
		default:
			a.removeObject(by)
		}
	}
	calls := func(expression *statement.Expression) bool {
		return expression != nil && slices.ContainsFunc(expression.Functions, func(function statement.Name) bool {
			return a.resolveFunction(function) == at.name
		})
	}
	for _, table := range a.mentioning(at.name) {
		for _, column := range table.Columns {
			if !calls(column.Default) && !calls(column.Generated) {
				continue
			}
			switch {
			case !cascade:
				a.refuse(true, "column %s of %s calls the function %s", statement.QuoteWord(column.Name), Plain(table.Name), Plain(at.name))
			case column.Generated != nil:
				a.forgetColumn(table.Name, column.Name)
			default:
				own := a.own(table.Name).column(column.Name)
				own.Default, own.HasDefault = nil, false
			}
		}
		for _, one := range table.Constraints {
			if !calls(one.Expression) {
				continue
			}
			if cascade {
				a.removeConstraint(table.Name, one.Name)
			} else {
				a.refuse(true, "constraint %s of %s calls the function %s", statement.QuoteWord(one.Name), Plain(table.Name), Plain(at.name))
			}
		}
	}
}

// dropReaders drops the views that read a relation, or refuses because of them. Those that are dropped together do not count.
func (a *applying) dropReaders(name statement.Name, cascade bool, together []statement.Object) {
	for _, view := range a.readers(name) {
		if slices.ContainsFunc(together, func(one statement.Object) bool { return a.Resolve(one.Name) == view.name }) {
			continue
		}
		if !cascade {
			a.refuse(true, "%s depends on %s", view.title(), Plain(name))
			continue
		}
		a.dropReaders(view.name, true, nil)
		a.dropView(view)
	}
}

func (a *applying) dropTable(name statement.Name, c statement.Drop) {
	if found, exists := a.relations.get(name); !exists {
		a.missing(tableKey(name), c.IfExists)
		return
	} else if found.kind != statement.Table && found.kind != statement.ForeignTable {
		a.refuse(true, "%s is a %s and no table", Plain(name), found.kind)
		return
	}
	together := func(other statement.Name) bool {
		return slices.ContainsFunc(c.Objects, func(one statement.Object) bool { return a.Resolve(one.Name) == other })
	}
	for _, one := range a.referring(name) {
		if together(one.table.Name) {
			continue
		}
		if !c.Cascade && one.table.PartitionOf != name {
			a.refuse(true, "constraint %s of %s depends on table %s", statement.QuoteWord(one.constraint.Name), Plain(one.table.Name), Plain(name))
		}
		a.removeConstraint(one.table.Name, one.constraint.Name)
	}
	if table, _ := a.tables.get(name); table.PartitionOf.Name != "" && !together(table.PartitionOf) {
		for _, one := range a.referring(table.PartitionOf) {
			if !c.Cascade {
				a.refuse(true, "constraint %s of %s depends on table %s", statement.QuoteWord(one.constraint.Name), Plain(one.table.Name), Plain(name))
				continue
			}
			a.removeConstraint(one.table.Name, one.constraint.Name)
		}
	}
	a.dropReaders(name, c.Cascade, c.Objects)
	// Partitions go with their parent; tables that inherit need CASCADE.
	for _, child := range a.children(name) {
		if child.PartitionOf != name && !c.Cascade && !together(child.Name) {
			a.refuse(true, "table %s inherits from %s", Plain(child.Name), Plain(name))
		}
		a.dropTable(child.Name, c)
	}
	a.forgetTable(name)
}

// forgetTable takes a table out with all that is on it.
func (a *applying) forgetTable(name statement.Name) {
	table, _ := a.tables.get(name)
	for _, index := range table.Indexes {
		a.relations.remove(a.owner, index.Name)
		a.lost(key{kind: statement.Index, name: index.Name})
	}
	a.tables.remove(a.owner, name)
	a.relations.remove(a.owner, name)
	if at := tableKey(name); table.Assumed {
		found, _ := a.fates.get(at)
		a.fates.put(a.owner, at, fate{gone: true, was: true, maybe: found.maybe})
	} else {
		a.lost(at)
	}
	a.dropParts(name)
}

// dropParts forgets what is on a table or a view: triggers, policies, comments, privileges, sequences.
func (a *applying) dropParts(name statement.Name) {
	mentioned := a.mentioned(name)
	for _, at := range mentioned {
		one, known := a.object(at)
		if known && (at.on == name && at.kind != "grant" || one.owner == name || (at.kind == "setting" || at.kind == "grant" || at.kind == "comment") && at.name == name) {
			a.removeObject(at)
		}
	}
}

func (a *applying) dropSchema(name string, c statement.Drop) {
	at := key{kind: statement.SchemaKind, name: statement.Name{Name: name}}
	if !a.objects.has(at) {
		a.missing(at, c.IfExists)
	}
	together := statement.Drop{Kind: statement.Table, Cascade: true, IfExists: true}
	for _, table := range a.Tables() {
		if table.Name.Schema != name || !a.tables.has(table.Name) {
			continue
		}
		if !c.Cascade {
			a.refuse(true, "%s %s is in schema %s", table.Kind, Plain(table.Name), statement.QuoteWord(name))
		}
		if table.Kind != statement.MaterializedView {
			a.dropTable(table.Name, together)
		}
	}
	var inside []key
	for other := range a.objects.all() {
		if other.name.Schema == name || other.on.Schema == name {
			inside = append(inside, other)
		}
	}
	slices.SortFunc(inside, compareKeys)
	for _, other := range inside {
		if !c.Cascade && other.kind != "comment" && other.kind != "grant" && other.kind != "setting" && a.objects.has(other) {
			a.refuse(true, "%s is in schema %s", other.title(), statement.QuoteWord(name))
		}
		switch other.kind {
		case statement.View, statement.MaterializedView:
			a.dropReaders(other.name, true, nil)
			a.dropView(other)
		case statement.Enum, statement.Domain, statement.Type:
			a.dropType(other.name, together)
		default:
			a.removeObject(other)
		}
	}
	a.removeObject(at)
}

func (a *applying) dropType(name statement.Name, c statement.Drop) {
	at := key{kind: statement.Type, name: name}
	if !a.Has(statement.Type, name) {
		a.missing(at, c.IfExists)
	}
	for _, one := range a.columnsOf(name) {
		if !c.Cascade {
			a.refuse(true, "column %s of %s has the type %s", statement.QuoteWord(one.Column), Plain(one.Table), Plain(name))
			continue
		}
		a.forgetColumn(one.Table, one.Column)
	}
	for _, kind := range []statement.Kind{statement.Enum, statement.Domain, statement.Type} {
		at.kind = kind
		a.removeObject(at)
	}
}
