package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// constraint does one action on a constraint.
func (a *applying) constraint(change statement.Change) {
	switch c := change.(type) {
	case statement.AddConstraint:
		if table := a.table(c.Table); a.tables.has(table.Name) {
			a.addConstraint(table, c.Constraint)
		}
	case statement.DropConstraint:
		a.dropConstraint(c)
	case statement.ValidateConstraint:
		a.validate(c)
	}
}

func (a *applying) validate(c statement.ValidateConstraint) {
	table := a.table(c.Table)
	if !a.tables.has(table.Name) {
		return
	}
	found := table.constraint(func(one *Constraint) bool { return one.Name == c.Name })
	if found == nil {
		if at := partKey(statement.ConstraintKind, table.Name, c.Name); !table.Assumed || a.isGone(at) {
			a.refuse(a.certainly(table) || a.isGone(at), "%s does not exist", at.title())
		}
		return
	}
	found.Validated, found.NotValid = true, false
	if found.Type == statement.NotNull {
		a.notNull(table, found.Columns)
	}
	for _, child := range a.children(table.Name) {
		if _, both := child.Constraint(c.Name); both {
			a.quietly(statement.ValidateConstraint{At: c.At, Table: child.Name, Name: c.Name})
		}
	}
}

// certainly tells whether all constraints and indexes of a table are known: nothing but LIKE brings some that are not said.
func (a *applying) certainly(table *Table) bool {
	return !table.Assumed && (!table.Partial || table.Kind == statement.MaterializedView)
}

// addConstraints adds the constraints of one CREATE TABLE or ADD COLUMN in the order in which PostgreSQL does: CHECKs, keys with
// the primary key first, foreign keys. Two keys of the same columns become one.
// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/parser/parse_utilcmd.c: transformIndexConstraints
func (a *applying) addConstraints(table *Table, constraints []statement.Constraint) {
	var keys []statement.Constraint
	for _, one := range constraints {
		switch one.Type {
		case statement.Check, statement.NotNull:
			a.addConstraint(table, one)
		case statement.PrimaryKey:
			keys = slices.Insert(keys, 0, one)
		case statement.Unique, statement.Exclusion:
			keys = append(keys, one)
		}
	}
	for i, one := range keys {
		twin := slices.IndexFunc(keys[:i], func(other statement.Constraint) bool {
			return one.Type == statement.Unique && other.Type != statement.Exclusion && one.UsingIndex == "" && other.UsingIndex == "" &&
				one.Deferrable == other.Deferrable && slices.Equal(one.Columns, other.Columns)
		})
		if twin < 0 {
			continue
		}
		if keys[twin].Name == "" {
			keys[twin].Name = one.Name
		}
		keys[i].Type = ""
	}
	for _, one := range keys {
		if one.Type != "" {
			a.addConstraint(table, one)
		}
	}
	for _, one := range constraints {
		if one.Type == statement.ForeignKey {
			a.addConstraint(table, one)
		}
	}
}

// addConstraint adds a constraint, under the name that PostgreSQL would choose when it has none, and its index.
func (a *applying) addConstraint(table *Table, c statement.Constraint) {
	one := Constraint{Constraint: c, Named: c.Name != "", Validated: !c.NotValid && !c.NotEnforced}
	if c.Type != statement.Check {
		for _, column := range c.Columns {
			a.needs(table, column)
		}
	}
	if c.Expression != nil {
		for _, column := range distinct(c.Expression.Columns) {
			if column != table.Name.Name { // The whole row goes by the name of the table.
				a.needs(table, column)
			}
		}
	}
	if c.Type == statement.ForeignKey {
		a.reference(table, &one)
	}
	if _, exists := table.PrimaryKey(); exists && c.Type == statement.PrimaryKey {
		a.refuse(true, "%s has a primary key already", Plain(table.Name))
	}
	var index Index
	if c.UsingIndex != "" {
		index = a.useIndex(table, &one)
	}
	if one.Name == "" {
		one.Name = a.chooseConstraintName(table, one)
	} else if _, exists := table.Constraint(one.Name); exists {
		a.refuse(true, "constraint %s of %s exists already", statement.QuoteWord(one.Name), Plain(table.Name))
	}
	if one.keyed() && c.UsingIndex == "" {
		index = Index{
			Name: statement.Name{Schema: table.Name.Schema, Name: one.Name}, Named: one.Named, Method: "btree", Unique: c.Type != statement.Exclusion,
			NullsNotDistinct: c.NullsNotDistinct, Constraint: one.Name, Origin: a.origin,
		}
		for _, column := range c.Columns {
			index.Keys = append(index.Keys, statement.IndexKey{Column: column, Plain: true})
		}
		if a.relations.has(index.Name) {
			a.refuse(true, "relation %s exists already", Plain(index.Name))
		}
		a.putIndex(table, index)
	}
	if c.Type == statement.PrimaryKey || c.Type == statement.NotNull && one.Validated {
		a.notNull(table, one.Columns)
	}
	a.called(table, c.Expression)
	a.putConstraint(table, one)
	for _, child := range a.children(table.Name) {
		a.inheritConstraint(a.own(child.Name), table.Name, one)
	}
}

// putConstraint adds a constraint to what is known of its table.
func (a *applying) putConstraint(table *Table, one Constraint) {
	table.Constraints = append(table.Constraints, one)
	a.noteConstraint(table.Name, one)
	a.here(partKey(statement.ConstraintKind, table.Name, one.Name))
}

func (s *Schema) noteConstraint(table statement.Name, one Constraint) {
	s.mention(statement.Name{Schema: table.Schema, Name: one.Name}, key{kind: statement.ConstraintKind, on: table})
	if one.Type == statement.ForeignKey {
		s.mention(one.References, tableKey(table))
	}
}

// reference looks at what a foreign key points to.
func (a *applying) reference(table *Table, one *Constraint) {
	one.References = a.Resolve(one.References)
	referenced, known := a.tables.get(one.References)
	switch {
	case !known:
		if !a.relations.has(one.References) && (a.Complete || a.isGone(tableKey(one.References))) {
			a.refuse(true, "table %s does not exist", Plain(one.References))
		}
		return
	case len(one.ReferencedColumns) == 0:
		if primary, found := referenced.PrimaryKey(); found {
			one.ReferencedColumns = primary.Columns
		} else if a.certainly(referenced) {
			a.refuse(true, "there is no primary key on %s", Plain(referenced.Name))
		}
		return
	}
	missing := false
	for _, column := range one.ReferencedColumns {
		missing = missing || !a.needs(referenced, column)
	}
	unique := slices.ContainsFunc(referenced.Indexes, func(index Index) bool {
		return index.Unique && index.Predicate == "" && slices.Equal(slices.Sorted(slices.Values(index.Columns())), slices.Sorted(slices.Values(one.ReferencedColumns)))
	})
	if !unique && !missing && a.certainly(referenced) {
		a.refuse(true, "nothing keeps %s of %s unique", statement.QuoteWords(one.ReferencedColumns), Plain(referenced.Name))
	}
}

func (a *applying) notNull(table *Table, columns []string) {
	for i := range table.Columns {
		if slices.Contains(columns, table.Columns[i].Name) {
			table.Columns[i].NotNull = true
		}
	}
	for _, child := range a.children(table.Name) {
		a.notNull(a.own(child.Name), columns)
	}
}

// useIndex makes an index that of a constraint, which gives it its name.
func (a *applying) useIndex(table *Table, one *Constraint) Index {
	index := table.index(one.UsingIndex)
	if one.Name == "" {
		one.Name = one.UsingIndex
	}
	if index == nil {
		if at := (key{kind: statement.Index, name: statement.Name{Schema: table.Name.Schema, Name: one.UsingIndex}}); !table.Assumed || a.isGone(at) {
			a.refuse(a.certainly(table) || a.isGone(at), "%s does not exist", at.title())
		}
		return Index{}
	}
	one.Columns = index.Columns()
	if index.Constraint != "" {
		a.refuse(true, "index %s serves a constraint already", statement.QuoteWord(one.UsingIndex))
	}
	if index.Name.Name != one.Name {
		a.renameRelation(index.Name, one.Name)
		index.Name.Name, index.Named = one.Name, one.Named
	}
	index.Constraint = one.Name
	return *index
}

// removeConstraint takes a constraint out of its table, with its index.
func (a *applying) removeConstraint(name statement.Name, constraint string) {
	table := a.own(name)
	if _, found := table.Constraint(constraint); !found {
		return
	}
	table.Constraints = slices.DeleteFunc(table.Constraints, func(one Constraint) bool { return one.Name == constraint })
	a.lost(partKey(statement.ConstraintKind, name, constraint))
	a.removeObject(key{kind: "comment", name: statement.Name{Name: constraint}, on: name, arguments: string(statement.ConstraintKind)})
	for _, index := range slices.Clone(table.Indexes) {
		if index.Constraint == constraint {
			a.removeIndex(name, index.Name)
		}
	}
}

func (a *applying) dropConstraint(c statement.DropConstraint) {
	table := a.table(c.Table)
	if !a.tables.has(table.Name) {
		return
	}
	at := partKey(statement.ConstraintKind, table.Name, c.Name)
	constraint, exists := table.Constraint(c.Name)
	if !exists {
		if table.Assumed {
			a.missing(at, c.IfExists)
		} else if !c.IfExists {
			a.refuse(a.certainly(table) || a.isGone(at), "%s does not exist", at.title())
		}
		return
	}
	if constraint.Inherited {
		a.refuse(true, "constraint %s of %s is that of its parent", statement.QuoteWord(c.Name), Plain(table.Name))
	}
	if constraint.Type == statement.PrimaryKey || constraint.Type == statement.Unique {
		a.dropKey(table, constraint, c.Cascade)
	}
	a.forgetConstraint(table.Name, constraint)
	if constraint.Type == statement.NotNull && len(constraint.Columns) == 1 {
		a.quietly(statement.DropNotNull{At: c.At, Table: c.Table, Column: constraint.Columns[0]})
	}
}

// dropKey refuses, or drops with cascade, the foreign keys that rest on a key.
func (a *applying) dropKey(table *Table, constraint Constraint, cascade bool) {
	other := slices.ContainsFunc(table.Indexes, func(index Index) bool {
		return index.Unique && index.Predicate == "" && index.Name.Name != constraint.Name && slices.Equal(index.Columns(), constraint.Columns)
	})
	foreign := a.referring(table.Name)
	for _, one := range table.Constraints {
		if one.Type == statement.ForeignKey && one.References == table.Name {
			foreign = append(foreign, reference{table, one})
		}
	}
	for _, one := range foreign {
		if !slices.Equal(distinct(one.constraint.ReferencedColumns), distinct(constraint.Columns)) {
			continue
		}
		if !cascade {
			// Which of two keys a foreign key rests on is not said in SQL.
			a.refuse(!other, "constraint %s of %s depends on %s", statement.QuoteWord(one.constraint.Name), Plain(one.table.Name), statement.QuoteWord(constraint.Name))
			continue
		}
		a.removeConstraint(one.table.Name, one.constraint.Name)
	}
}

// forgetConstraint takes a constraint out of a table and those that inherit from it.
func (a *applying) forgetConstraint(table statement.Name, constraint Constraint) {
	a.removeConstraint(table, constraint.Name)
	for _, child := range a.children(table) {
		for _, one := range child.Constraints {
			if one.Inherited && alike(one, constraint) {
				a.forgetConstraint(child.Name, one)
				break
			}
		}
	}
}
