package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// inherit gives a table the columns and the CHECK constraints of a parent.
func (a *applying) inherit(table *Table, from statement.Name) {
	parent := a.parent(table, from)
	table.Inherits = append(table.Inherits, a.Resolve(from))
	if parent == nil {
		return
	}
	a.copyColumns(table, parent)
	for _, one := range parent.Constraints {
		a.inheritConstraint(table, parent.Name, one)
	}
}

// parent finds the table that another one is made after; what is not known of it is not known of the other.
func (a *applying) parent(table *Table, from statement.Name) *Table {
	full := a.Resolve(from)
	a.mention(full, tableKey(table.Name))
	parent, known := a.tables.get(full)
	if !known && (a.Complete && !a.relations.has(full) || a.isGone(tableKey(full))) {
		a.refuse(true, "table %s does not exist", Plain(full))
	}
	if !known || parent.Partial {
		table.Partial = true
	}
	return parent
}

func (a *applying) copyColumns(table, parent *Table) {
	for _, column := range parent.Columns {
		if table.column(column.Name) != nil {
			continue
		}
		column.Serial, column.Identity, column.Always, column.Sequence, column.NullFraction = false, false, false, statement.Name{}, -1
		if column.kind.Name != "" {
			a.mention(column.kind, tableKey(table.Name))
		}
		table.Columns = append(table.Columns, column)
	}
}

// likeness gives a table what LIKE copies in any case: names, types and NOT NULL.
func (a *applying) likeness(table *Table, from statement.Name) {
	other, known := a.tables.get(a.Resolve(from))
	if !known {
		if full := a.Resolve(from); a.isGone(tableKey(full)) {
			a.refuse(true, "table %s does not exist", Plain(full))
		}
		return
	}
	begin := len(table.Columns)
	a.copyColumns(table, other)
	for i := begin; i < len(table.Columns); i++ {
		column := &table.Columns[i]
		column.Default, column.HasDefault, column.Generated = nil, false, nil
	}
}

// partitionOf makes a table a partition.
func (a *applying) partitionOf(table *Table, of statement.Name, bound string) {
	parent := a.parent(table, of)
	table.PartitionOf, table.Bound = a.Resolve(of), bound
	if parent == nil {
		return
	}
	if bound == "DEFAULT" {
		parent = a.own(parent.Name)
		parent.noDefault = false
	}
	if parent.PartitionBy == "" && !parent.Assumed {
		a.refuse(true, "table %s is not partitioned", Plain(parent.Name))
	}
	a.copyColumns(table, parent)
	for _, one := range parent.Constraints {
		a.inheritConstraint(table, parent.Name, one)
	}
	for _, index := range parent.Indexes {
		if index.Constraint == "" {
			a.inheritIndex(table, index)
		}
	}
}

// inheritConstraint gives a table a constraint of its parent. A partition has all of them; a table that inherits has CHECKs.
func (a *applying) inheritConstraint(table *Table, parent statement.Name, one Constraint) {
	check := one.Type == statement.Check || one.Type == statement.NotNull
	if one.NoInherit || !check && table.PartitionOf != parent {
		return
	}
	merged := table.constraint(func(own *Constraint) bool {
		return !own.Inherited && (!check || own.Name == one.Name) && alike(*own, one)
	})
	if merged != nil {
		merged.Inherited = true
		if index := table.index(merged.Name); index != nil && one.keyed() {
			index.Parent = statement.Name{Schema: parent.Schema, Name: one.Name}
		}
		return
	}
	if _, twice := table.Constraint(one.Name); check && twice {
		return
	}
	child := one
	child.Inherited, child.Named = true, false
	if one.keyed() {
		child.Name = a.chooseConstraintName(table, one)
		index := Index{
			Name: statement.Name{Schema: table.Name.Schema, Name: child.Name}, Method: "btree", Unique: one.Type != statement.Exclusion, Constraint: child.Name,
			Parent: statement.Name{Schema: parent.Schema, Name: one.Name}, Origin: a.origin,
		}
		for _, column := range one.Columns {
			index.Keys = append(index.Keys, statement.IndexKey{Column: column, Plain: true})
		}
		a.putIndex(table, index)
	} else if _, taken := table.Constraint(one.Name); taken {
		child.Name = a.chooseConstraintName(table, one)
	}
	if one.Type == statement.PrimaryKey {
		a.notNull(table, one.Columns)
	}
	a.putConstraint(table, child)
	for _, grandchild := range a.children(table.Name) {
		a.inheritConstraint(a.own(grandchild.Name), table.Name, child)
	}
}

func (a *applying) attach(c statement.AttachPartition) {
	if c.OfIndex {
		a.attachIndex(c)
		return
	}
	partition := a.table(c.Partition)
	if partition.PartitionOf.Name != "" {
		a.refuse(true, "table %s is a partition already", Plain(partition.Name))
	}
	parent := a.table(c.Table)
	if !parent.Partial && !partition.Partial {
		for _, column := range parent.Columns {
			a.needs(partition, column.Name)
		}
	}
	partial := partition.Partial
	a.partitionOf(partition, c.Table, c.Bound)
	partition.Partial = partial
}

func (a *applying) attachIndex(c statement.AttachPartition) {
	table, index := a.Index(c.Partition)
	parentTable, parent := a.Index(c.Table)
	if table == nil || parentTable == nil {
		return
	}
	a.own(table.Name).index(index.Name.Name).Parent = parent.Name
	for _, child := range a.children(parentTable.Name) {
		if child.PartitionOf == parentTable.Name && !slices.ContainsFunc(child.Indexes, func(one Index) bool { return one.Parent == parent.Name }) {
			return
		}
	}
	a.own(parentTable.Name).index(parent.Name.Name).Invalid = false
}

func (a *applying) detach(c statement.DetachPartition) {
	partition := a.table(c.Partition)
	if full := a.Resolve(c.Table); partition.PartitionOf != full && !partition.Assumed {
		a.refuse(true, "table %s is no partition of %s", Plain(partition.Name), Plain(full))
	}
	partition.PartitionOf, partition.Bound = statement.Name{}, ""
	for i := range partition.Constraints {
		partition.Constraints[i].Inherited = false
	}
	for i := range partition.Indexes {
		partition.Indexes[i].Parent = statement.Name{}
	}
}

// setting does what changes neither columns nor constraints.
func (a *applying) setting(change statement.Change) {
	switch c := change.(type) {
	case statement.SetPersistence:
		a.table(c.Table).Unlogged = !c.Logged
	case statement.RowSecurity:
		table := a.table(c.Table)
		switch c.Action {
		case "enable", "disable":
			table.RowSecurity = c.Action == "enable"
			table.security.own++
		default:
			table.ForceRowSecurity = c.Action == "force"
			table.security.forced++
		}
	case statement.ReplicaIdentity:
		table := a.table(c.Table)
		if table.ReplicaIdentity, table.ReplicaIndex = c.Identity, c.Index; c.Identity == "default" {
			table.ReplicaIdentity = ""
		}
	case statement.SwitchTrigger:
		table := a.table(c.Table)
		table.TriggersOff = slices.DeleteFunc(table.TriggersOff, func(one string) bool { return one == c.Trigger || c.Trigger == "all" || c.Trigger == "user" })
		if !c.Enabled {
			table.TriggersOff = append(table.TriggersOff, c.Trigger)
		}
	case statement.SetTablespace:
		a.note(c.Object, "tablespace", c.Tablespace)
	case statement.SetAccessMethod:
		a.note(c.Table, "access method", c.Method)
	case statement.AlterTable:
		a.alterTable(c)
	}
}

// alterTable does an action that rules do not look into.
func (a *applying) alterTable(c statement.AlterTable) {
	if c.Kind == statement.Table {
		a.table(c.Table)
	}
	at := key{kind: "setting", name: a.Resolve(c.Table), arguments: strings.TrimSpace(c.Action + " " + c.Column)}
	switch {
	case c.Kind == statement.Type:
		at.name, at.arguments = a.resolveType(c.Table), "attribute "+c.Column
		switch {
		case c.Action != "drop column":
		case a.objects.has(at):
			a.removeObject(at)
			return
		default:
			a.missing(at, false)
			return
		}
	case c.Action == "set identity":
		if c.Generated != "" {
			a.alterColumn(c.Table, c.Column, func(column *Column) { column.Always = c.Generated == "always" })
		}
		return // What the sequence goes on with is not kept.
	case c.Parent.Name != "":
		table, parent := a.table(c.Table), a.Resolve(c.Parent)
		table.Inherits = slices.DeleteFunc(slices.Clone(table.Inherits), func(one statement.Name) bool { return one == parent })
		if c.Action == "add inherit" {
			table.Inherits = append(table.Inherits, parent)
			a.mention(parent, tableKey(table.Name))
		}
		return
	case c.Kind != statement.Table:
		at.arguments = string(c.Kind) + " " + at.arguments
	}
	a.putObject(at, object{definition: c.Definition, origin: a.origin})
}

// note keeps a setting that rules do not look into.
func (a *applying) note(of statement.Name, what, definition string) {
	a.putObject(key{kind: "setting", name: a.Resolve(of), arguments: what}, object{definition: definition, origin: a.origin})
}
