package schema

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func (c *catalog) constraints() error {
	type found struct {
		Table               place
		Name, Definition    string
		Columns             []string
		References          *place
		ReferencedColumns   []string
		Validated           bool
		Inherited, Enforced bool
	}
	return list(c, constraintsQuery, func(one found) {
		table := c.tableAt(one.Table)
		if table == nil {
			return
		}
		read, is := c.read("ALTER TABLE t ADD CONSTRAINT " + statement.QuoteWord(one.Name) + " " + one.Definition).(statement.AddConstraint)
		if !is {
			// Triggers that are constraints have no definition of this kind.
			return
		}
		constraint := Constraint{Constraint: read.Constraint, Named: true, Validated: one.Validated, Inherited: one.Inherited, deparsed: true}
		constraint.NotValid, constraint.NotEnforced = !one.Validated, !one.Enforced
		if constraint.Type != statement.Check {
			constraint.Columns = one.Columns
		}
		if one.References != nil {
			constraint.References, constraint.ReferencedColumns = one.References.full(), one.ReferencedColumns
		}
		constraint.Named = !c.chosen(table, constraint)
		if constraint.Type == statement.NotNull && !constraint.Validated && len(one.Columns) == 1 {
			// PostgreSQL says NOT NULL of the column already, and reads the rows when it is validated.
			if column := table.column(one.Columns[0]); column != nil {
				column.NotNull = false
			}
		}
		table.Constraints = append(table.Constraints, constraint)
		c.noteConstraint(table.Name, constraint)
	})
}

// chosen tells whether a name is one that PostgreSQL chooses itself.
func (c *catalog) chosen(table *Table, one Constraint) bool {
	a := applying{Schema: c.Schema}
	return strings.TrimRight(a.chooseConstraintName(table, one), "0123456789") == strings.TrimRight(one.Name, "0123456789")
}

func (c *catalog) indexes() error {
	type found struct {
		Table      place
		Name       place
		Definition string
		Constraint *string
		Parent     *place
		Valid      bool
	}
	return list(c, indexesQuery, func(one found) {
		table := c.tableAt(one.Table)
		read, is := c.read(one.Definition).(statement.CreateIndex)
		if table == nil || !is {
			return
		}
		index := Index{
			Name: statement.Name{Schema: table.Name.Schema, Name: one.Name.Name}, Method: read.Method, Keys: read.Keys, Include: read.Include,
			Predicate: read.Predicate, Unique: read.Unique, Invalid: !one.Valid, Origin: c.before(), deparsed: true,
		}
		if one.Constraint != nil {
			index.Constraint = *one.Constraint
		}
		if one.Parent != nil {
			index.Parent = one.Parent.full()
		}
		a := applying{Schema: c.Schema}
		index.Named = strings.TrimRight(a.chooseIndexName(table.Name, index), "0123456789") != strings.TrimRight(index.Name.Name, "0123456789")
		table.Indexes = append(table.Indexes, index)
		c.Schema.relations.put(c.owner, index.Name, relation{kind: statement.Index, table: table.Name})
	})
}

// objects reads views' dependencies, functions, and what is on tables.
func (c *catalog) objects() error {
	type reading struct {
		View, Table place
		Columns     []string
	}
	err := list(c, readsQuery, func(one reading) {
		for _, kind := range []statement.Kind{statement.View, statement.MaterializedView} {
			at := key{kind: kind, name: one.View.full()}
			if view, known := c.Schema.object(at); known {
				view.reads = append(view.reads, one.Table.full())
				for _, column := range one.Columns {
					view.columns = append(view.columns, ColumnOf{one.Table.full(), column})
				}
				c.putObject(at, view)
			}
		}
	})
	if err != nil {
		return err
	}
	type function struct {
		place
		Kind, Arguments, Source string
	}
	err = list(c, functionsQuery, func(one function) {
		drop, is := c.read("DROP FUNCTION f(" + one.Arguments + ")").(statement.Drop)
		if !is {
			return
		}
		at := key{kind: statement.Function, name: one.full(), arguments: arguments(drop.Objects[0].Arguments)}
		if one.Kind == "a" {
			at.kind = "aggregate"
		}
		c.putObject(at, object{source: one.Source, origin: c.before(), deparsed: true})
	})
	if err != nil {
		return err
	}
	type part struct {
		Table      place
		Name, Kind string
		Calls      *place
		Definition *string
	}
	err = list(c, partsQuery, func(one part) {
		at := key{kind: statement.Kind(one.Kind), name: statement.Name{Name: one.Name}, on: one.Table.full()}
		found := object{origin: c.before(), deparsed: true}
		if one.Definition != nil {
			found.definition = *one.Definition
		}
		if one.Calls != nil {
			found.calls = one.Calls.full()
		}
		c.putObject(at, found)
	})
	if err != nil {
		return err
	}
	type named struct{ Kind, Schema, Name string }
	return list(c, namedQuery, func(one named) {
		c.putObject(key{kind: statement.Kind(one.Kind), name: statement.Name{Schema: one.Schema, Name: one.Name}}, object{origin: c.before(), deparsed: true})
	})
}
