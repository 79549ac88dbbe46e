package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// move gives a relation another full name, and tells all that point to it. ALTER TABLE does it for all relations.
func (a *applying) move(kind statement.Kind, from, to statement.Name, ifExists bool) {
	if kind == statement.Table && !ifExists && !a.Complete && !a.isGone(tableKey(from)) {
		a.table(from) // One that was never seen is the same under its new name.
	}
	found, exists := a.relations.get(from)
	if !exists {
		a.missing(key{kind: kind, name: from}, ifExists)
		if !a.Complete {
			a.appear(key{kind: kind, name: to})
		}
		return
	}
	if other, taken := a.relations.get(to); taken && from != to {
		a.refuse(true, "%s %s exists already", other.kind, Plain(to))
	}
	if kind != found.kind && (kind == statement.View || kind == statement.MaterializedView || kind == statement.Sequence) {
		a.refuse(true, "%s is a %s and no %s", Plain(from), found.kind, kind)
	}
	switch found.kind {
	case statement.Index:
		if table, _ := a.tables.get(found.table); table != nil {
			a.renameIndex(table, from, to.Name)
		}
		return
	case statement.View, statement.Sequence, statement.MaterializedView:
		a.moveObject(key{kind: found.kind, name: from}, to)
	}
	if a.tables.has(from) {
		a.moveTable(from, to)
	}
	a.repoint(from, to)
}

// moveObject renames a view or a sequence.
func (a *applying) moveObject(at key, to statement.Name) {
	one, _ := a.object(at)
	a.objects.remove(a.owner, at)
	a.relations.remove(a.owner, at.name)
	a.lost(at)
	if at.kind == statement.Sequence && a.tables.has(one.owner) {
		if column := a.own(one.owner).column(one.column); column != nil {
			column.Sequence = to
		}
	}
	at.name = to
	a.putObject(at, one)
}

func (a *applying) moveTable(from, to statement.Name) {
	table := a.own(from)
	a.tables.remove(a.owner, from)
	a.relations.remove(a.owner, from)
	if table.Kind != statement.MaterializedView {
		if table.Assumed {
			before, _ := a.fates.get(tableKey(from))
			a.fates.put(a.owner, tableKey(from), fate{gone: true, was: !before.made})
			a.appear(tableKey(to))
		} else {
			a.lost(tableKey(from))
			a.here(tableKey(to))
		}
	}
	table.Name = to
	a.putTable(table)
	for i := range table.Indexes {
		index := &table.Indexes[i]
		a.relations.remove(a.owner, index.Name)
		if index.Name.Schema != to.Schema {
			a.lost(key{kind: statement.Index, name: index.Name})
			index.Name.Schema = to.Schema
			a.here(key{kind: statement.Index, name: index.Name})
		}
		a.relations.put(a.owner, index.Name, relation{kind: statement.Index, table: to})
	}
	for i := range table.Constraints {
		if one := &table.Constraints[i]; one.References == from {
			one.References = to
		}
		a.noteConstraint(to, table.Constraints[i])
	}
	for _, name := range append([]statement.Name{table.PartitionOf}, table.Inherits...) {
		if name.Name != "" {
			a.mention(name, tableKey(to))
		}
	}
	for _, column := range table.Columns {
		if column.kind.Name != "" {
			a.mention(column.kind, tableKey(to))
		}
		a.called(table, column.Default, column.Generated)
		if column.Sequence.Name == "" {
			continue
		}
		at := key{kind: statement.Sequence, name: column.Sequence}
		if one, known := a.object(at); known {
			one.owner = to
			if a.putObject(at, one); from.Schema != to.Schema {
				a.move(statement.Sequence, column.Sequence, statement.Name{Schema: to.Schema, Name: column.Sequence.Name}, false)
			}
		}
	}
}

// repoint leads to a relation's new name whatever led to the old one.
func (a *applying) repoint(from, to statement.Name) {
	for _, shared := range a.mentioning(from) {
		table := a.own(shared.Name)
		a.mention(to, tableKey(table.Name))
		if table.PartitionOf == from {
			table.PartitionOf = to
		}
		if place := slices.Index(table.Inherits, from); place >= 0 {
			table.Inherits = slices.Clone(table.Inherits)
			table.Inherits[place] = to
		}
		for i := range table.Constraints {
			if table.Constraints[i].References == from {
				table.Constraints[i].References = to
			}
		}
	}
	mentioned := a.mentioned(from)
	for _, at := range mentioned {
		one, known := a.object(at)
		if !known {
			continue
		}
		if place := slices.Index(one.reads, from); place >= 0 {
			one.reads = slices.Clone(one.reads)
			one.reads[place] = to
			one.columns = slices.Clone(one.columns)
			for i := range one.columns {
				if one.columns[i].Table == from {
					one.columns[i].Table = to
				}
			}
			a.putObject(at, one)
		}
		moved := at
		if at.on == from && at.kind != "grant" {
			moved.on = to
		}
		if at.name == from && (at.kind == "setting" || at.kind == "grant" || at.kind == "comment") {
			moved.name = to
		}
		if moved != at {
			a.objects.remove(a.owner, at)
			a.putObject(moved, one)
		}
	}
}

func (a *applying) renameType(from, to statement.Name) {
	found := false
	for _, kind := range []statement.Kind{statement.Enum, statement.Domain, statement.Type} {
		if at := (key{kind: kind, name: from}); a.objects.has(at) {
			a.rekey(at, key{kind: kind, name: to}, false)
			found = true
		}
	}
	if !found {
		a.missing(key{kind: statement.Type, name: from}, false)
		a.appear(key{kind: statement.Type, name: to})
	}
	for _, shared := range a.mentioning(from) {
		table := a.own(shared.Name)
		for i := range table.Columns {
			column := &table.Columns[i]
			if column.kind != from {
				continue
			}
			column.kind, column.Type.Name, column.Type.SQL = to, to, Plain(to)
			if column.Type.Name.Schema == "public" {
				column.Type.Name.Schema = ""
			}
			if column.Type.Array {
				column.Type.SQL += "[]"
			}
		}
		a.mention(to, tableKey(table.Name))
	}
}

func (a *applying) renameSchema(from, to string) {
	at := key{kind: statement.SchemaKind, name: statement.Name{Name: from}}
	if one, known := a.object(at); known || from == "public" {
		a.removeObject(at)
		a.lost(at)
		at.name.Name = to
		a.putObject(at, one)
	} else {
		a.missing(at, false)
		at.name.Name = to
		a.appear(at)
	}
	for _, table := range a.Tables() {
		if table.Name.Schema == from && table.Kind != statement.MaterializedView {
			a.move(table.Kind, table.Name, statement.Name{Schema: to, Name: table.Name.Name}, false)
		}
	}
	var inside []key
	for other := range a.objects.all() {
		if other.name.Schema == from {
			inside = append(inside, other)
		}
	}
	slices.SortFunc(inside, compareKeys)
	for _, other := range inside {
		a.setObjectSchema(other, to)
	}
}

// setObjectSchema moves an object that is no table to another schema.
func (a *applying) setObjectSchema(at key, schema string) {
	to := statement.Name{Schema: schema, Name: at.name.Name}
	switch at.kind {
	case statement.View, statement.MaterializedView, statement.Sequence:
		if a.objects.has(at) {
			a.move(at.kind, at.name, to, false)
		}
	case statement.Enum, statement.Domain, statement.Type:
		a.renameType(at.name, to)
	default:
		moved := at
		moved.name = to
		if a.objects.has(at) {
			a.rekey(at, moved, false)
		}
	}
}

func (a *applying) setSchema(c statement.SetSchema) {
	if at := (key{kind: statement.SchemaKind, name: statement.Name{Name: c.Schema}}); a.isGone(at) {
		a.refuse(true, "schema %s does not exist", statement.QuoteWord(c.Schema))
	}
	switch c.Kind {
	case statement.Table, statement.View, statement.MaterializedView, statement.Sequence, statement.ForeignTable:
		from := a.Resolve(c.Object)
		a.move(c.Kind, from, statement.Name{Schema: c.Schema, Name: from.Name}, false)
	case statement.Type, statement.Domain:
		from := a.resolveType(c.Object)
		a.renameType(from, statement.Name{Schema: c.Schema, Name: from.Name})
	default:
		at := a.place(c.Kind, statement.Object{Name: c.Object})
		if found := a.functions(at.name); c.Kind == statement.Function && len(found) == 1 {
			at = found[0]
		}
		a.setObjectSchema(at, c.Schema)
	}
}
