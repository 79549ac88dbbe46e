package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func (a *applying) rename(c statement.Rename) {
	if c.IfExists && c.Part != "" && !a.relations.has(a.Resolve(c.Object)) && (a.Complete || a.Gone(c.Object)) {
		return
	}
	switch c.Kind {
	case statement.Table, statement.ForeignTable, statement.View, statement.MaterializedView, statement.Sequence, statement.Index:
		from := a.Resolve(c.Object)
		a.move(c.Kind, from, statement.Name{Schema: from.Schema, Name: c.To}, c.IfExists)
	case statement.Column:
		a.renameColumn(c)
	case statement.ConstraintKind:
		a.renameConstraint(c)
	case statement.EnumValue:
		a.renameEnumValue(c)
	case statement.SchemaKind:
		a.renameSchema(c.Object.Name, c.To)
	case statement.Type, statement.Domain:
		from := a.resolveType(c.Object)
		a.renameType(from, statement.Name{Schema: from.Schema, Name: c.To})
	default:
		a.renameObject(c)
	}
}

func (a *applying) renameEnumValue(c statement.Rename) {
	at := key{kind: statement.Enum, name: a.resolveType(c.Object)}
	one, known := a.object(at)
	if !known {
		return
	}
	one.labels = slices.Clone(one.labels)
	place := slices.Index(one.labels, c.Part)
	switch {
	case place < 0:
		a.refuse(true, "enum value %s of %s does not exist", c.Part, Plain(at.name))
		return
	case slices.Contains(one.labels, c.To):
		a.refuse(true, "enum value %s of %s exists already", c.To, Plain(at.name))
	}
	one.labels[place] = c.To
	a.putObject(at, one)
}

// renameObject renames a function, a trigger, a policy and the like.
func (a *applying) renameObject(c statement.Rename) {
	from := a.place(c.Kind, statement.Object{Name: c.Object})
	if c.Part != "" {
		from = key{kind: c.Kind, name: statement.Name{Name: c.Part}, on: a.Resolve(c.Object)}
	} else if found := a.functions(from.name); c.Kind == statement.Function && len(found) == 1 {
		from = found[0]
	}
	to := from
	to.name.Name = c.To
	if c.Kind == statement.Trigger && a.tables.has(from.on) {
		table := a.own(from.on)
		if place := slices.Index(table.TriggersOff, c.Part); place >= 0 {
			table.TriggersOff[place] = c.To
		}
	}
	a.rekey(from, to, c.IfExists)
}

// rekey gives an object another key.
func (a *applying) rekey(from, to key, ifExists bool) {
	one, known := a.object(from)
	if !known {
		a.missing(from, ifExists)
		a.appear(to)
		return
	}
	if a.objects.has(to) {
		a.refuse(true, "%s exists already", to.title())
	}
	comment := key{kind: "comment", name: from.name, on: from.on, arguments: string(fateKey(from).kind) + from.arguments}
	said, commented := a.object(comment)
	a.removeObject(from)
	a.putObject(to, one)
	if comment.name, comment.on = to.name, to.on; commented {
		a.putObject(comment, said)
	}
}

// appear notes that something which was never seen got a name.
func (a *applying) appear(at key) {
	found, _ := a.fates.get(at)
	found.gone, found.made = false, !found.was
	a.fates.put(a.owner, at, found)
}

func (a *applying) renameConstraint(c statement.Rename) {
	table := a.table(c.Object)
	if !a.tables.has(table.Name) {
		return
	}
	from, to := partKey(statement.ConstraintKind, table.Name, c.Part), partKey(statement.ConstraintKind, table.Name, c.To)
	one := table.constraint(func(one *Constraint) bool { return one.Name == c.Part })
	if one == nil {
		if table.Assumed {
			a.missing(from, c.IfExists)
			a.appear(to)
		} else {
			a.refuse(a.certainly(table) || a.isGone(from), "%s does not exist", from.title())
		}
		return
	}
	if _, exists := table.Constraint(c.To); exists {
		a.refuse(true, "%s exists already", to.title())
	}
	one.Name, one.Named = c.To, true
	a.noteConstraint(table.Name, *one)
	a.lost(from)
	a.here(to)
	for i := range table.Indexes {
		if index := &table.Indexes[i]; index.Constraint == c.Part {
			a.renameRelation(index.Name, c.To)
			index.Constraint, index.Name.Name, index.Named = c.To, c.To, true
		}
	}
	a.reparent(table, c.Part, c.To)
	for _, child := range a.children(table.Name) {
		if own, both := child.Constraint(c.Part); both && own.Inherited && own.Type == statement.Check {
			a.quietly(statement.Rename{At: c.At, Kind: c.Kind, Object: child.Name, Part: c.Part, To: c.To})
		}
	}
}

// reparent tells the parts of an index of its new name.
func (a *applying) reparent(table *Table, from, to string) {
	for _, child := range a.children(table.Name) {
		for i := range a.own(child.Name).Indexes {
			if index := &a.own(child.Name).Indexes[i]; index.Parent.Name == from && index.Parent.Schema == table.Name.Schema {
				index.Parent.Name = to
			}
		}
	}
}

// renameRelation moves the entry of an index.
func (a *applying) renameRelation(from statement.Name, name string) {
	found, known := a.relations.get(from)
	to := statement.Name{Schema: from.Schema, Name: name}
	if _, taken := a.relations.get(to); taken {
		a.refuse(true, "relation %s exists already", Plain(to))
	}
	if a.relations.remove(a.owner, from); known {
		a.relations.put(a.owner, to, found)
	}
	a.lost(key{kind: statement.Index, name: from})
	a.here(key{kind: statement.Index, name: to})
}

func (a *applying) renameIndex(table *Table, from statement.Name, to string) {
	index := a.own(table.Name).index(from.Name)
	a.renameRelation(from, to)
	index.Name.Name, index.Named = to, true
	if index.Constraint != "" {
		one := a.own(table.Name).constraint(func(one *Constraint) bool { return one.Name == index.Constraint })
		if one != nil {
			one.Name, one.Named = to, true
			a.noteConstraint(table.Name, *one)
		}
		index.Constraint = to
	}
	a.reparent(table, from.Name, to)
}

func (a *applying) renameColumn(c statement.Rename) {
	full := a.Resolve(c.Object)
	if found, _ := a.relations.get(full); c.OnView || found.kind == statement.View {
		a.renameOutput(key{kind: statement.View, name: full}, c)
		return
	}
	table := a.table(c.Object)
	if !a.tables.has(table.Name) {
		return
	}
	if table.column(c.Part) == nil {
		if !a.needs(table, c.Part) && !table.Partial {
			return
		}
		a.missing(partKey(statement.Column, table.Name, c.Part), c.IfExists)
		a.appear(partKey(statement.Column, table.Name, c.To))
	} else {
		a.lost(partKey(statement.Column, table.Name, c.Part))
		a.here(partKey(statement.Column, table.Name, c.To))
	}
	if table.column(c.To) != nil {
		a.refuse(true, "column %s of %s exists already", statement.QuoteWord(c.To), Plain(table.Name))
	}
	renameIn(table, table.Name, c.Part, c.To)
	a.rewatch(table.Name, c.Part, c.To)
	if column := table.column(c.To); column != nil && column.Sequence.Name != "" {
		at := key{kind: statement.Sequence, name: column.Sequence}
		if one, known := a.object(at); known {
			one.column = c.To
			a.objects.put(a.owner, at, &one)
		}
	}
	comment := key{kind: "comment", name: statement.Name{Name: c.Part}, on: table.Name, arguments: string(statement.Column)}
	if said, commented := a.object(comment); commented {
		a.removeObject(comment)
		comment.name.Name = c.To
		a.putObject(comment, said)
	}
	for _, one := range a.referring(table.Name) {
		renameIn(a.own(one.table.Name), table.Name, c.Part, c.To)
	}
	for _, view := range a.readers(table.Name) {
		// What the view reads keeps its place; that it goes by another name now is not in its definition.
		one, _ := a.object(view)
		if reads, _ := one.readsColumn(table.Name, c.Part); reads {
			one.words = append(slices.Clip(one.words), c.To)
		}
		if slices.Contains(one.columns, ColumnOf{table.Name, c.Part}) {
			one.columns = append(slices.Clip(one.columns), ColumnOf{table.Name, c.To})
		}
		a.objects.put(a.owner, view, &one)
	}
	a.descend(table.Name, func(child statement.Name) statement.Change {
		return statement.Rename{At: c.At, Kind: c.Kind, Object: child, Part: c.Part, To: c.To}
	})
}

// renameIn renames a column in all that a table keeps of it: of the table itself, or in foreign keys to another one.
func renameIn(table *Table, of statement.Name, from, to string) {
	swap := func(names []string) []string {
		if !slices.Contains(names, from) {
			return names
		}
		names = slices.Clone(names)
		for i := range names {
			if names[i] == from {
				names[i] = to
			}
		}
		return names
	}
	express := func(expression *statement.Expression) *statement.Expression {
		if expression == nil || !slices.Contains(expression.Columns, from) {
			return expression
		}
		copied := *expression
		copied.Columns = swap(expression.Columns)
		return &copied
	}
	for i := range table.Constraints {
		one := &table.Constraints[i]
		if one.References == of {
			one.ReferencedColumns = swap(one.ReferencedColumns)
		}
		if table.Name == of {
			one.Columns, one.NotNullColumns, one.Expression = swap(one.Columns), swap(one.NotNullColumns), express(one.Expression)
		}
	}
	if table.Name != of {
		return
	}
	for i := range table.Columns {
		if column := &table.Columns[i]; column.Name == from {
			column.Name = to
		} else {
			column.Generated = express(column.Generated)
		}
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		index.Keys, index.Include = slices.Clone(index.Keys), swap(index.Include)
		for j := range index.Keys {
			if index.Keys[j].Column == from {
				index.Keys[j].Column = to
			}
		}
	}
	table.PartitionKey = swap(table.PartitionKey)
}
