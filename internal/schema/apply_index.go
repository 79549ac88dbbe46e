package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func (a *applying) createIndex(c statement.CreateIndex) {
	table := a.table(c.Table)
	if !a.tables.has(table.Name) {
		return
	}
	index := Index{
		Name: statement.Name{Schema: table.Name.Schema, Name: c.Name}, Named: c.Name != "", Method: c.Method, Keys: c.Keys, Include: c.Include,
		Predicate: c.Predicate, Unique: c.Unique, NullsNotDistinct: c.NullsNotDistinct, Origin: a.origin,
	}
	for i, one := range c.Keys {
		if one.Column != "" {
			continue
		}
		// A column in parentheses is a column.
		if column := strings.Trim(one.SQL(), "()"); table.column(column) != nil {
			index.Keys = slices.Clone(index.Keys)
			index.Keys[i] = statement.IndexKey{Column: column, Plain: true}
		}
	}
	index.Origin.IfNotExists = c.IfNotExists
	if c.Name == "" {
		index.Name.Name = a.chooseIndexName(table.Name, index)
	} else if found, exists := a.relations.get(index.Name); exists {
		if !c.IfNotExists {
			a.refuse(true, "%s %s exists already", found.kind, statement.QuoteWord(c.Name))
		}
		return
	}
	for _, column := range slices.Concat(index.Columns(), index.Include) {
		a.needs(table, column)
	}
	partitions := slices.DeleteFunc(a.children(table.Name), func(child *Table) bool { return child.PartitionOf != table.Name })
	// It is valid once all partitions have their part of it.
	index.Invalid = c.Only && len(partitions) > 0
	a.putIndex(table, index)
	for _, child := range partitions {
		if !c.Only {
			a.inheritIndex(a.own(child.Name), index)
		}
	}
}

// putIndex adds an index to what is known of its table.
func (a *applying) putIndex(table *Table, index Index) {
	table.Indexes = append(table.Indexes, index)
	a.relations.put(a.owner, index.Name, relation{kind: statement.Index, table: table.Name})
	a.here(key{kind: statement.Index, name: index.Name})
}

// inheritIndex gives a partition an index of its parent: one that it has already, or a new one.
func (a *applying) inheritIndex(table *Table, parent Index) {
	for i := range table.Indexes {
		if own := &table.Indexes[i]; own.Parent.Name == "" && own.Constraint == "" && alikeIndex(*own, parent) {
			own.Parent = parent.Name
			return
		}
	}
	index := parent
	index.Name = statement.Name{Schema: table.Name.Schema, Name: a.chooseIndexName(table.Name, parent)}
	index.Named, index.Invalid, index.Parent = false, false, parent.Name
	a.putIndex(table, index)
	for _, child := range a.children(table.Name) {
		if child.PartitionOf == table.Name {
			a.inheritIndex(a.own(child.Name), index)
		}
	}
}

// removeIndex takes an index out of its table.
func (a *applying) removeIndex(name, index statement.Name) {
	table := a.own(name)
	table.Indexes = slices.DeleteFunc(table.Indexes, func(one Index) bool { return one.Name == index })
	if table.ReplicaIndex == index.Name {
		table.ReplicaIdentity, table.ReplicaIndex = "nothing", ""
	}
	a.relations.remove(a.owner, index)
	a.lost(key{kind: statement.Index, name: index})
	a.removeObject(key{kind: "comment", name: index, arguments: string(statement.Index)})
}

func (a *applying) dropIndex(name statement.Name, c statement.Drop) {
	table, index := a.Index(name)
	full := a.Resolve(name)
	if table == nil {
		if found, other := a.relations.get(full); other {
			a.refuse(true, "%s is a %s and no index", Plain(full), found.kind)
			return
		}
		a.missing(key{kind: statement.Index, name: full}, c.IfExists)
		return
	}
	switch {
	case index.Constraint != "":
		a.refuse(true, "constraint %s of %s requires the index", statement.QuoteWord(index.Constraint), Plain(table.Name))
	case index.Parent.Name != "":
		a.refuse(true, "index %s requires the index %s", Plain(index.Parent), statement.QuoteWord(index.Name.Name))
	}
	if index.Unique {
		a.dropKey(table, Constraint{Constraint: statement.Constraint{Name: index.Name.Name, Columns: index.Columns()}}, c.Cascade)
	}
	a.forgetIndex(table.Name, index)
}

// forgetIndex takes an index out of a table, with the parts of it that its partitions have.
func (a *applying) forgetIndex(table statement.Name, index Index) {
	a.removeIndex(table, index.Name)
	for _, child := range a.children(table) {
		for _, one := range slices.Clone(child.Indexes) {
			if one.Parent == index.Name {
				a.forgetIndex(child.Name, one)
			}
		}
	}
}
