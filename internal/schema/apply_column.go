package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// column does one action on a column, of the table and of all that inherit from it.
func (a *applying) column(change statement.Change) {
	switch c := change.(type) {
	case statement.AddColumn:
		a.addColumnTo(c)
	case statement.DropColumn:
		a.dropColumn(c)
	case statement.SetNotNull:
		a.alterColumn(c.Table, c.Column, func(column *Column) {
			column.NotNull = true
			column.touched.null++
		})
	case statement.DropNotNull:
		a.dropNotNull(c)
	case statement.SetDefault:
		a.alterColumn(c.Table, c.Column, func(column *Column) {
			column.Default, column.HasDefault, column.deparsed = c.Default, c.Default != nil, false
			column.defaultFor = column.Type
			column.touched.fallback++
		})
		if c.Default != nil {
			a.called(a.table(c.Table), c.Default)
		}
	case statement.SetType:
		a.setType(c)
	case statement.AddIdentity:
		a.identity(c)
	case statement.SetExpression:
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.Generated, column.deparsed = c.Expression, false })
	}
}

// descend does a change to all that inherit from a table, each with the change that to makes for it.
func (a *applying) descend(table statement.Name, to func(child statement.Name) statement.Change) {
	for _, child := range a.children(table) {
		a.quietly(to(child.Name))
	}
}

func (a *applying) addColumnTo(c statement.AddColumn) {
	table := a.table(c.Table)
	if !a.tables.has(table.Name) {
		return
	}
	if table.column(c.Column.Name) != nil {
		if !c.IfNotExists {
			a.refuse(true, "column %s of %s exists already", statement.QuoteWord(c.Column.Name), Plain(table.Name))
		}
		return
	}
	if table.PartitionOf.Name != "" && len(a.conflicts) == 0 && a.tables.has(table.PartitionOf) {
		if parent, _ := a.tables.get(table.PartitionOf); !parent.Partial && parent.column(c.Column.Name) == nil {
			a.refuse(true, "%s is a partition: a column cannot be added to it alone", Plain(table.Name))
		}
	}
	constraints := a.addColumn(table, c.Column)
	for i := range constraints {
		constraints[i].NotValid = constraints[i].NotValid && constraints[i].Type != statement.ForeignKey
	}
	a.descend(table.Name, func(child statement.Name) statement.Change {
		one := statement.AddColumn{At: c.At, Table: child, IfNotExists: true, Column: c.Column}
		one.Column.Constraints = nil // The constraints descend by themselves.
		return one
	})
	a.addConstraints(table, constraints)
}

// alterColumn changes a column; one that was never seen of a table that is only partly known is noted.
func (a *applying) alterColumn(name statement.Name, column string, change func(*Column)) {
	table := a.table(name)
	if !a.tables.has(table.Name) {
		return
	}
	found := table.column(column)
	if found == nil {
		if !a.needs(table, column) && !table.Partial {
			return
		}
		table.Columns = append(table.Columns, Column{Name: column, NullFraction: -1, unseen: true})
		found = &table.Columns[len(table.Columns)-1]
	}
	change(found)
	for _, child := range a.children(table.Name) {
		quiet := applying{Schema: a.Schema, origin: a.origin}
		quiet.alterColumn(child.Name, column, change)
	}
}

// needs refuses a column that the table does not have.
func (a *applying) needs(table *Table, column string) bool {
	if table.column(column) != nil || column == "" {
		return true
	}
	if systemColumn(column) {
		return false
	}
	if !table.Partial || a.isGone(partKey(statement.Column, table.Name, column)) {
		a.refuse(true, "column %s of %s does not exist", statement.QuoteWord(column), Plain(table.Name))
	}
	return false
}

func systemColumn(name string) bool {
	return slices.Contains([]string{"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}, name)
}

func (a *applying) dropNotNull(c statement.DropNotNull) {
	table := a.table(c.Table)
	if primary, found := table.PrimaryKey(); found && slices.Contains(primary.Columns, c.Column) {
		a.refuse(true, "column %s of %s is in a primary key", statement.QuoteWord(c.Column), Plain(table.Name))
	} else if column := table.column(c.Column); column != nil && column.Identity {
		a.refuse(true, "column %s of %s is an identity column", statement.QuoteWord(c.Column), Plain(table.Name))
	}
	a.alterColumn(c.Table, c.Column, func(column *Column) {
		column.NotNull = false
		column.touched.null++
	})
	table = a.table(c.Table)
	table.Constraints = slices.DeleteFunc(table.Constraints, func(one Constraint) bool {
		return one.Type == statement.NotNull && slices.Contains(one.Columns, c.Column)
	})
}

func (a *applying) setType(c statement.SetType) {
	table := a.table(c.Table)
	a.readOrUsed(table, c.Column, false)
	a.retype(table, c)
	a.alterColumn(c.Table, c.Column, func(column *Column) {
		column.Type, column.Collation = c.Type, c.Collation
		column.touched.kind++
		a.typed(table, column)
	})
	for _, child := range a.children(table.Name) {
		if column := child.column(c.Column); column != nil && column.kind.Name != "" {
			a.mention(column.kind, tableKey(child.Name))
		}
	}
}

func (a *applying) identity(c statement.AddIdentity) {
	table := a.table(c.Table)
	column := table.column(c.Column)
	switch {
	case column == nil:
	case column.Identity != c.Drop:
		a.refuse(true, "column %s of %s is %san identity column", statement.QuoteWord(c.Column), Plain(table.Name), map[bool]string{true: "not ", false: "already "}[c.Drop])
	case !c.Drop && !column.NotNull && column.Type.Name.Name != "":
		a.refuse(true, "column %s of %s is not NOT NULL", statement.QuoteWord(c.Column), Plain(table.Name))
	case c.Drop && column.Sequence.Name != "":
		a.removeObject(key{kind: statement.Sequence, name: column.Sequence})
	}
	sequence := statement.Name{}
	if !c.Drop && a.tables.has(table.Name) {
		sequence = a.ownSequence(table.Name, c.Column)
	}
	a.alterColumn(c.Table, c.Column, func(column *Column) {
		column.Identity, column.Always, column.Sequence = !c.Drop, c.Always, sequence
		column.touched.identity++
	})
}

func (a *applying) dropColumn(c statement.DropColumn) {
	table := a.table(c.Table)
	if !a.tables.has(table.Name) {
		return
	}
	at := partKey(statement.Column, table.Name, c.Column)
	if table.column(c.Column) == nil {
		if !table.Partial {
			if !c.IfExists {
				a.needs(table, c.Column)
			}
			return
		}
		a.missing(at, c.IfExists)
	}
	if len(a.conflicts) == 0 {
		a.readOrUsed(table, c.Column, c.Cascade)
	}
	for _, one := range a.referring(table.Name) {
		if !slices.Contains(one.constraint.ReferencedColumns, c.Column) {
			continue
		}
		if !c.Cascade {
			a.refuse(true, "constraint %s of %s depends on column %s of %s", statement.QuoteWord(one.constraint.Name), Plain(one.table.Name), statement.QuoteWord(c.Column), Plain(table.Name))
		}
		a.removeConstraint(one.table.Name, one.constraint.Name)
	}
	table = a.forgetColumn(table.Name, c.Column)
	a.descend(table.Name, func(child statement.Name) statement.Change {
		return statement.DropColumn{At: c.At, Table: child, Column: c.Column, IfExists: true, Cascade: true}
	})
}

// forgetColumn takes a column out of its table, with the constraints and indexes that use it and the sequence that it owns.
func (a *applying) forgetColumn(name statement.Name, column string) *Table {
	table := a.own(a.Resolve(name))
	if found := table.column(column); found != nil {
		a.lost(partKey(statement.Column, name, column))
		if found.Sequence.Name != "" {
			a.removeObject(key{kind: statement.Sequence, name: found.Sequence})
		}
	}
	table.Columns = slices.DeleteFunc(table.Columns, func(one Column) bool { return one.Name == column })
	for _, one := range slices.Clone(table.Constraints) {
		if one.Uses(column) {
			a.removeConstraint(name, one.Name)
		}
	}
	for _, one := range slices.Clone(table.Indexes) {
		if one.uses(column) {
			a.removeIndex(name, one.Name)
		}
	}
	a.removeObject(key{kind: "comment", name: statement.Name{Name: column}, on: name, arguments: string(statement.Column)})
	return table
}

// readOrUsed refuses, or drops with cascade, the views that read a column and the generated columns that are made of it.
func (a *applying) readOrUsed(table *Table, column string, cascade bool) {
	for _, view := range a.readers(table.Name) {
		one, _ := a.object(view)
		reads, certain := one.readsColumn(table.Name, column)
		if !reads {
			continue
		}
		if cascade {
			a.dropReaders(view.name, true, nil)
			a.dropView(view)
			continue
		}
		a.refuse(certain, "view %s depends on column %s of %s", Plain(view.name), statement.QuoteWord(column), Plain(table.Name))
	}
	a.watchers(table, column, cascade)
	for _, other := range slices.Clone(table.Columns) {
		if other.Generated == nil || other.Name == column || !slices.Contains(other.Generated.Columns, column) {
			continue
		}
		if cascade {
			a.forgetColumn(table.Name, other.Name)
			continue
		}
		a.refuse(true, "column %s of %s is made of column %s", statement.QuoteWord(other.Name), Plain(table.Name), statement.QuoteWord(column))
	}
	if slices.Contains(table.PartitionKey, column) {
		a.refuse(true, "%s is partitioned by column %s", Plain(table.Name), statement.QuoteWord(column))
	}
}

// readsColumn tells whether a view reads a column, and whether that is certain. What is known of a view from SQL are the words
// of its definition: one may be the column of another table, or a name that the view itself gives.
func (o object) readsColumn(table statement.Name, column string) (reads, certain bool) {
	switch {
	case o.deparsed || slices.Contains(o.columns, ColumnOf{table, column}):
		return slices.Contains(o.columns, ColumnOf{table, column}), o.deparsed || len(o.reads) == 1
	case readsAll(o.definition):
		return len(o.columns) == 0, false
	}
	words, text, name := append(statement.Words(o.definition), o.words...), strings.ToLower(o.definition), strings.ToLower(column)
	return slices.Contains(words, column), len(o.reads) == 1 && column != table.Name && !strings.Contains(text, " as "+name) && !strings.Contains(text, name+"(")
}

// readsAll tells whether a view is made with a star: of all columns that its tables had then.
func readsAll(definition string) bool {
	text := strings.ToLower(definition)
	return strings.Contains(text, "select *") || strings.Contains(text, ".*") || strings.Contains(text, ", *")
}

// ownedBy gives a sequence to a column, or takes it away from the one that had it.
func (a *applying) ownedBy(c statement.OwnSequence) {
	at := key{kind: statement.Sequence, name: a.Resolve(c.Sequence)}
	one, known := a.objects.get(at)
	if !known {
		return
	}
	owned := *one
	owned.owner, owned.column = statement.Name{}, ""
	if c.Table.Name != "" {
		owned.owner, owned.column = a.table(c.Table).Name, c.Column
		a.alterColumn(c.Table, c.Column, func(column *Column) { column.Sequence = at.name })
	}
	a.putObject(at, owned)
}
