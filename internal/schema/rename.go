package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func (a *applying) rename(c statement.Rename) {
	switch c.Kind {
	case statement.Table, statement.ForeignTable, statement.View, statement.MaterializedView, statement.Sequence:
		from := a.Resolve(c.Object)
		if table, index := a.Index(c.Object); a.tables[from] == nil && table != nil {
			a.renameIndex(table, index.Name, c.To) // ALTER TABLE renames indexes too.
			return
		}
		a.move(c.Kind, from, statement.Name{Schema: from.Schema, Name: c.To}, c.IfExists)
	case statement.Column:
		a.renameColumn(c)
	case statement.ConstraintKind:
		table := a.edit(c.Object)
		for i := range table.Constraints {
			if table.Constraints[i].Name == c.Part {
				table.Constraints[i].Name, table.Constraints[i].Named = c.To, true
			}
		}
		for i := range table.Indexes {
			if table.Indexes[i].Constraint == c.Part {
				table.Indexes[i].Constraint, table.Indexes[i].Name.Name = c.To, c.To
			}
		}
	case statement.Index:
		if table, index := a.Index(c.Object); table != nil {
			a.renameIndex(table, index.Name, c.To)
		}
	case statement.EnumValue:
		place := key{kind: statement.Enum, name: a.inPath(c.Object)}
		if one, known := a.objects[place]; known {
			one.labels = slices.Clone(one.labels)
			if at := slices.Index(one.labels, c.Part); at >= 0 {
				one.labels[at] = c.To
			}
			a.objects[place] = one
		}
	case statement.SchemaKind:
		a.renameSchema(c.Object.Name, c.To)
	case statement.Type, statement.Domain:
		from := a.inPath(c.Object)
		a.renameType(from, statement.Name{Schema: from.Schema, Name: c.To})
	default:
		a.renameObject(c)
	}
}

// renameObject renames a function, a trigger, a policy and the like.
func (a *applying) renameObject(c statement.Rename) {
	on, from := statement.Name{}, a.inPath(c.Object)
	if c.Part != "" {
		on, from = a.Resolve(c.Object), statement.Name{Name: c.Part}
	}
	for place, one := range a.objects {
		if place.kind == c.Kind && place.on == on && (place.name == from || place.name.Name == c.Object.Name && on.Name == "") {
			delete(a.objects, place)
			place.name.Name = c.To
			a.objects[place] = one
			return
		}
	}
}

func (a *applying) renameIndex(table *Table, from statement.Name, to string) {
	table = a.edit(table.Name)
	for i := range table.Indexes {
		if table.Indexes[i].Name != from {
			continue
		}
		if constraint := table.Indexes[i].Constraint; constraint != "" {
			for j := range table.Constraints {
				if table.Constraints[j].Name == constraint {
					table.Constraints[j].Name, table.Constraints[j].Named = to, true
				}
			}
			table.Indexes[i].Constraint = to
		}
		table.Indexes[i].Name.Name, table.Indexes[i].Named = to, true
	}
}

func (a *applying) renameColumn(c statement.Rename) {
	if c.OnView {
		return
	}
	table := a.edit(c.Object)
	if !a.needs(table, c.Part) && !table.Partial {
		return
	}
	if _, exists := table.Column(c.To); exists {
		a.refuse(true, "column %s of %s exists already", statement.QuoteWord(c.To), Plain(table.Name))
	}
	swap := func(names []string) []string {
		if !slices.Contains(names, c.Part) {
			return names
		}
		names = slices.Clone(names)
		for i := range names {
			if names[i] == c.Part {
				names[i] = c.To
			}
		}
		return names
	}
	for i := range table.Columns {
		if table.Columns[i].Name == c.Part {
			table.Columns[i].Name = c.To
		}
	}
	for i := range table.Constraints {
		one := &table.Constraints[i]
		one.Columns, one.NotNullColumns = swap(one.Columns), swap(one.NotNullColumns)
		if one.References == table.Name {
			one.ReferencedColumns = swap(one.ReferencedColumns)
		}
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		index.Keys, index.Include = slices.Clone(index.Keys), swap(index.Include)
		for j := range index.Keys {
			if index.Keys[j].Column == c.Part {
				index.Keys[j].Column = c.To
			}
		}
	}
	table.PartitionKey = swap(table.PartitionKey)
	for other := range a.ReferencedBy(table.Name) {
		referring := a.edit(other)
		for i := range referring.Constraints {
			if referring.Constraints[i].References == table.Name {
				referring.Constraints[i].ReferencedColumns = swap(referring.Constraints[i].ReferencedColumns)
			}
		}
	}
}

// move gives a relation another full name, and tells all that point to it.
func (a *applying) move(kind statement.Kind, from, to statement.Name, ifExists bool) {
	table := a.tables[from]
	if table == nil {
		for _, one := range []statement.Kind{kind, statement.View, statement.MaterializedView, statement.Sequence} {
			if found, known := a.objects[key{kind: one, name: from}]; known {
				a.without(key{kind: one, name: from})
				a.objects[key{kind: one, name: to}] = found
				a.repoint(from, to)
				return
			}
		}
		if a.missing(statement.Table, from, ifExists); a.Complete || kind != statement.Table {
			return
		}
	}
	if _, exists := a.tables[to]; exists {
		a.refuse(true, "table %s exists already", Plain(to))
	}
	table = a.edit(from)
	table.Name = to
	for i := range table.Indexes {
		table.Indexes[i].Name.Schema = to.Schema
	}
	delete(a.tables, from)
	a.gone[key{kind: statement.Table, name: from}] = true
	a.tables[to] = table
	delete(a.gone, key{kind: statement.Table, name: to})
	a.repoint(from, to)
}

// repoint leads to a relation's new name whatever led to the old one.
func (a *applying) repoint(from, to statement.Name) {
	for _, table := range a.Tables() {
		points := table.PartitionOf == from || slices.Contains(table.Inherits, from) ||
			slices.ContainsFunc(table.Constraints, func(one Constraint) bool { return one.References == from })
		if !points {
			continue
		}
		table = a.edit(table.Name)
		if table.PartitionOf == from {
			table.PartitionOf = to
		}
		for i := range table.Constraints {
			if table.Constraints[i].References == from {
				table.Constraints[i].References = to
			}
		}
	}
	for place, one := range a.objects {
		moved := place
		if place.on == from {
			moved.on = to
		}
		if (place.kind == "setting" || place.kind == "grant" || place.kind == "comment") && place.name == from {
			moved.name = to
		}
		if at := slices.Index(one.reads, from); at >= 0 {
			one.reads = slices.Clone(one.reads)
			one.reads[at] = to
		}
		if delete(a.objects, place); true {
			a.objects[moved] = one
		}
	}
}

func (a *applying) renameType(from, to statement.Name) {
	for _, kind := range []statement.Kind{statement.Enum, statement.Domain, statement.Type} {
		if one, known := a.objects[key{kind: kind, name: from}]; known {
			a.without(key{kind: kind, name: from})
			a.objects[key{kind: kind, name: to}] = one
		}
	}
	for _, table := range a.Tables() {
		for i, column := range table.Columns {
			if column.Type.Name.Name != "" && a.inPath(column.Type.Name) == from {
				editable := a.edit(table.Name)
				editable.Columns[i].Type.Name = to
				editable.Columns[i].Type.SQL = Plain(to)
			}
		}
	}
}

func (a *applying) renameSchema(from, to string) {
	for _, table := range a.Tables() {
		if table.Name.Schema == from {
			a.move(statement.Table, table.Name, statement.Name{Schema: to, Name: table.Name.Name}, false)
		}
	}
	for place, one := range a.objects {
		moved := place
		if place.name.Schema == from {
			moved.name.Schema = to
		}
		if place.kind == statement.SchemaKind && place.name.Name == from {
			moved.name.Name = to
		}
		if moved != place {
			a.without(place)
			a.objects[moved] = one
		}
	}
}

func (a *applying) setSchema(c statement.SetSchema) {
	switch c.Kind {
	case statement.Table, statement.View, statement.MaterializedView, statement.Sequence, statement.ForeignTable:
		from := a.Resolve(c.Object)
		a.move(c.Kind, from, statement.Name{Schema: c.Schema, Name: from.Name}, false)
	case statement.Type, statement.Domain:
		from := a.inPath(c.Object)
		a.renameType(from, statement.Name{Schema: c.Schema, Name: from.Name})
	default:
		for place, one := range a.objects {
			if place.kind == c.Kind && place.name == a.inPath(c.Object) {
				a.without(place)
				place.name.Schema = c.Schema
				a.objects[place] = one
				return
			}
		}
	}
}
