package schema

import (
	"maps"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// column does one action on a column.
func (a *applying) column(change statement.Change) {
	switch c := change.(type) {
	case statement.AddColumn:
		table := a.edit(c.Table)
		if _, exists := table.Column(c.Column.Name); exists {
			if !c.IfNotExists {
				a.refuse(true, "column %s of %s exists already", statement.QuoteWord(c.Column.Name), Plain(table.Name))
			}
			return
		}
		a.addColumn(table, c.Column)
	case statement.DropColumn:
		a.dropColumn(c)
	case statement.SetNotNull:
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.NotNull = true })
	case statement.DropNotNull:
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.NotNull = false })
		table := a.edit(c.Table)
		table.Constraints = slices.DeleteFunc(table.Constraints, func(one Constraint) bool {
			return one.Type == statement.NotNull && slices.Contains(one.Columns, c.Column)
		})
	case statement.SetDefault:
		a.alterColumn(c.Table, c.Column, func(column *Column) {
			column.Default, column.HasDefault = c.Default, c.Default != nil
		})
	case statement.SetType:
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.Type, column.Collation = c.Type, c.Collation })
	case statement.AddIdentity:
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.Identity = !c.Drop })
	case statement.SetExpression:
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.Generated = c.Expression })
	}
}

// alterColumn changes a column; one that was never seen of a table that is only partly known is noted.
func (a *applying) alterColumn(name statement.Name, column string, change func(*Column)) {
	table := a.edit(name)
	place := slices.IndexFunc(table.Columns, func(one Column) bool { return one.Name == column })
	if place < 0 {
		if !a.needs(table, column) && !table.Partial {
			return
		}
		table.Columns = append(table.Columns, Column{Name: column, NullFraction: -1})
		place = len(table.Columns) - 1
	}
	change(&table.Columns[place])
}

func (a *applying) dropColumn(c statement.DropColumn) {
	table := a.edit(c.Table)
	if _, exists := table.Column(c.Column); !exists && !c.IfExists {
		a.needs(table, c.Column)
	}
	for other, constraints := range a.ReferencedBy(table.Name) {
		for _, constraint := range constraints {
			if !slices.Contains(constraint.ReferencedColumns, c.Column) {
				continue
			}
			if !c.Cascade {
				a.refuse(true, "constraint %s of %s depends on column %s of %s", statement.QuoteWord(constraint.Name), Plain(other), statement.QuoteWord(c.Column), Plain(table.Name))
			}
			dropConstraint(a.edit(other), constraint.Name)
		}
	}
	table.Columns = slices.DeleteFunc(table.Columns, func(column Column) bool { return column.Name == c.Column })
	for _, constraint := range slices.Clone(table.Constraints) {
		if slices.Contains(constraint.Columns, c.Column) {
			dropConstraint(table, constraint.Name)
		}
	}
	table.Indexes = slices.DeleteFunc(table.Indexes, func(index Index) bool {
		return slices.Contains(index.Columns(), c.Column) || slices.Contains(index.Include, c.Column)
	})
}

// DroppedWith returns the constraints and indexes over several columns that go when one of their columns does.
func (t *Table) DroppedWith(column string) (constraints []Constraint, indexes []Index) {
	if t == nil {
		return nil, nil
	}
	for _, one := range t.Constraints {
		if len(one.Columns) > 1 && slices.Contains(one.Columns, column) {
			constraints = append(constraints, one)
		}
	}
	for _, one := range t.Indexes {
		if one.Constraint == "" && len(one.Keys) > 1 && slices.Contains(one.Columns(), column) {
			indexes = append(indexes, one)
		}
	}
	return constraints, indexes
}

// dropConstraint removes a constraint with its index.
func dropConstraint(table *Table, name string) {
	table.Constraints = slices.DeleteFunc(table.Constraints, func(one Constraint) bool { return one.Name == name })
	table.Indexes = slices.DeleteFunc(table.Indexes, func(index Index) bool { return index.Constraint == name })
}

// constraint does one action on a constraint.
func (a *applying) constraint(change statement.Change) {
	switch c := change.(type) {
	case statement.AddConstraint:
		table := a.edit(c.Table)
		if c.Constraint.Type != statement.Check {
			for _, column := range c.Constraint.Columns {
				a.needs(table, column)
			}
		}
		a.addConstraint(table, c.Constraint)
	case statement.DropConstraint:
		a.dropConstraint(c)
	case statement.ValidateConstraint:
		table := a.edit(c.Table)
		for i := range table.Constraints {
			if table.Constraints[i].Name == c.Name {
				table.Constraints[i].Validated, table.Constraints[i].NotValid = true, false
				if table.Constraints[i].Type == statement.NotNull {
					notNull(table, table.Constraints[i].Columns)
				}
				return
			}
		}
		if !table.Partial {
			a.refuse(a.Complete, "constraint %s of %s does not exist", statement.QuoteWord(c.Name), Plain(table.Name))
		}
	}
}

func (a *applying) dropConstraint(c statement.DropConstraint) {
	table := a.edit(c.Table)
	constraint, exists := table.Constraint(c.Name)
	switch {
	case !exists && !c.IfExists && !table.Partial && len(table.Inherits) == 0 && table.PartitionOf.Name == "":
		a.refuse(a.Complete, "constraint %s of %s does not exist", statement.QuoteWord(c.Name), Plain(table.Name))
		return
	case exists && (constraint.Type == statement.PrimaryKey || constraint.Type == statement.Unique):
		for other, constraints := range a.ReferencedBy(table.Name) {
			for _, foreign := range constraints {
				if !slices.Equal(foreign.ReferencedColumns, constraint.Columns) {
					continue
				}
				if !c.Cascade {
					a.refuse(true, "constraint %s of %s depends on %s", statement.QuoteWord(foreign.Name), Plain(other), statement.QuoteWord(c.Name))
				}
				dropConstraint(a.edit(other), foreign.Name)
			}
		}
	}
	dropConstraint(table, c.Name)
}

// setting does what changes neither columns nor constraints.
func (a *applying) setting(change statement.Change) {
	note := func(table statement.Name, what, definition string) {
		a.objects[key{kind: "setting", name: a.Resolve(table), arguments: what}] = object{definition: definition, origin: a.origin}
	}
	switch c := change.(type) {
	case statement.AttachPartition:
		if !c.OfIndex {
			partition := a.edit(c.Partition)
			partition.PartitionOf, partition.Bound = a.Resolve(c.Table), c.Bound
		}
	case statement.DetachPartition:
		partition := a.edit(c.Partition)
		partition.PartitionOf, partition.Bound = statement.Name{}, ""
	case statement.SetPersistence:
		a.edit(c.Table).Unlogged = !c.Logged
	case statement.RowSecurity:
		switch c.Action {
		case "enable":
			a.edit(c.Table).RowSecurity = true
		case "disable":
			a.edit(c.Table).RowSecurity = false
		default:
			note(c.Table, "forced row security", c.Action)
		}
	case statement.ReplicaIdentity:
		table := a.edit(c.Table)
		table.ReplicaIdentity, table.ReplicaIndex = c.Identity, c.Index
	case statement.SwitchTrigger:
		state := "enabled"
		if !c.Enabled {
			state = "disabled"
		}
		if place := (key{kind: "setting", name: a.Resolve(c.Table), arguments: "trigger " + c.Trigger}); c.Enabled {
			delete(a.objects, place)
		} else {
			note(c.Table, "trigger "+c.Trigger, state)
		}
	case statement.SetTablespace:
		note(c.Object, "tablespace", c.Tablespace)
	case statement.SetAccessMethod:
		note(c.Table, "access method", c.Method)
	case statement.AlterTable:
		note(c.Table, c.Action+" "+c.Column, c.Definition)
	}
}

// Implied tells whether rows of a table are known to fit the bound of a partition: a validated CHECK on the key says so. The
// values of the bound have to stand in it.
func (s *Schema) Implied(parent, partition statement.Name, bound string) bool {
	table, keyed := s.Table(partition), s.Table(parent)
	if table == nil || keyed == nil || bound == "DEFAULT" {
		return false
	}
	return slices.ContainsFunc(table.Constraints, func(one Constraint) bool {
		if one.Type != statement.Check || !one.Validated || one.Expression == nil {
			return false
		}
		for _, column := range keyed.PartitionKey {
			if column == "" || !slices.Contains(one.Expression.Columns, column) {
				return false
			}
		}
		check := one.Expression.SQL()
		for _, value := range literals(bound) {
			if !slices.Contains(literals(check), value) {
				return false
			}
		}
		return true
	})
}

// literals returns the strings and numbers in SQL.
func literals(sql string) []string { return slices.Collect(maps.Keys(statement.Literals(sql))) }
