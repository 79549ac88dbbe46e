package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Column is a column of a table.
type Column struct {
	Name string
	// Type has no name when the column was never seen but in an ALTER COLUMN.
	Type      statement.TypeName
	Collation string
	NotNull   bool
	// Default is nil when there is none; HasDefault tells that there is one, also where its SQL is not known.
	Default    *statement.Expression
	HasDefault bool
	// defaultFor is the type that the column had when it got its default: that is what the default still is.
	defaultFor statement.TypeName
	Identity   bool
	// Always tells an identity column that takes no values of one's own.
	Always bool
	// Serial tells that it owns the sequence of its default.
	Serial bool
	// Sequence is the one that a serial or identity column owns.
	Sequence statement.Name
	// Generated is the expression of a generated column, Virtual that it is not stored.
	Generated *statement.Expression
	Virtual   bool
	// NullFraction is how many of the rows have no value, from 0 to 1; -1 when it is not known.
	NullFraction float64

	// kind is the full name of a type that is not built in.
	kind statement.Name
	// unseen tells that only an ALTER COLUMN named it: what is not said is not known. touched counts its changes: one that was
	// not taken back is a difference.
	unseen  bool
	touched touches
	// deparsed tells that the expressions are as the database's catalogs print them.
	deparsed bool
}

type touches struct{ kind, fallback, null, identity uint8 }

// Constraint is a constraint of a table.
type Constraint struct {
	statement.Constraint
	// Named tells that the SQL gave the name; else it is the one that PostgreSQL chooses.
	Named     bool
	Validated bool
	// Inherited tells that a partition has it of its parent.
	Inherited bool

	deparsed bool
}

// Uses tells whether the constraint has to do with a column.
func (c Constraint) Uses(column string) bool {
	return slices.Contains(c.Columns, column) || c.Expression != nil && slices.Contains(c.Expression.Columns, column)
}

// keyed tells whether an index stands behind the constraint.
func (c Constraint) keyed() bool {
	return c.Type == statement.PrimaryKey || c.Type == statement.Unique || c.Type == statement.Exclusion
}

// Index is an index of a table.
type Index struct {
	Name   statement.Name
	Named  bool
	Method string
	Keys   []statement.IndexKey
	// Include and Predicate are those of CREATE INDEX.
	Include   []string
	Predicate string
	Unique    bool
	// NullsNotDistinct tells that it takes one NULL only.
	NullsNotDistinct bool
	Invalid          bool
	// Constraint is the constraint that it serves, empty for one of its own.
	Constraint string
	// Parent is the index of the partitioned table that it is a part of.
	Parent statement.Name
	Origin Origin

	deparsed bool
}

// Columns returns the columns of the keys; "" stands for an expression.
func (i Index) Columns() []string {
	columns := make([]string, 0, len(i.Keys))
	for _, key := range i.Keys {
		columns = append(columns, key.Column)
	}
	return columns
}

// uses tells whether the index has to do with a column, be it in an expression or its WHERE.
func (i Index) uses(column string) bool {
	if slices.Contains(i.Include, column) || i.Predicate != "" && slices.Contains(statement.Words(i.Predicate), column) {
		return true
	}
	return slices.ContainsFunc(i.Keys, func(key statement.IndexKey) bool {
		return key.Column == column || key.Column == "" && slices.Contains(statement.Words(key.SQL()), column)
	})
}

// Size is how large a table is. Rows is PostgreSQL's estimate, -1 when it has none.
type Size struct{ Rows, Bytes int64 }

// Table is a table. All its methods accept nil, which is a table that was never seen.
type Table struct {
	Name statement.Name
	// Kind is Table, ForeignTable or MaterializedView, which can have indexes too.
	Kind                statement.Kind
	Temporary, Unlogged bool
	Foreign             bool
	Columns             []Column
	// Partial tells that the columns which are listed may not be all: of a table that an ALTER named and whose CREATE was not
	// seen, or one that is made of a query or LIKE another.
	Partial bool
	// Assumed tells that no CREATE of the table was seen: its constraints and indexes are not all either.
	Assumed     bool
	Constraints []Constraint
	Indexes     []Index
	PartitionBy string
	// PartitionKey are its columns, "" for an expression.
	PartitionKey []string
	PartitionOf  statement.Name
	Bound        string
	Inherits     []statement.Name
	// ReplicaIdentity is "full", "nothing" or "index", empty for the default; ReplicaIndex is the index of the third.
	ReplicaIdentity, ReplicaIndex string
	RowSecurity, ForceRowSecurity bool
	// TriggersOff are the triggers that are switched off; "all" and "user" are the words of ALTER TABLE.
	TriggersOff []string
	Origin      Origin
	// Size is nil where it is not known.
	Size *Size
	// noDefault tells that none of its partitions takes what no other one does: a statement made it, and no such partition came.
	noDefault bool

	// security counts the changes of row level security, of a table that was Assumed: one that was not taken back is a difference.
	security struct{ own, forced uint8 }
	owner    *int
}

// column returns a column to change, nil when there is none.
func (t *Table) column(name string) *Column {
	if t == nil {
		return nil
	}
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Column returns a column.
func (t *Table) Column(name string) (Column, bool) {
	if found := t.column(name); found != nil {
		return *found, true
	}
	return Column{}, false
}

// constraint returns the first constraint that fits, to change it; nil when none does.
func (t *Table) constraint(fits func(*Constraint) bool) *Constraint {
	if t == nil {
		return nil
	}
	for i := range t.Constraints {
		if fits(&t.Constraints[i]) {
			return &t.Constraints[i]
		}
	}
	return nil
}

// Constraint returns a constraint by its name.
func (t *Table) Constraint(name string) (Constraint, bool) {
	if found := t.constraint(func(one *Constraint) bool { return one.Name == name }); found != nil {
		return *found, true
	}
	return Constraint{}, false
}

// PrimaryKey returns the primary key.
func (t *Table) PrimaryKey() (Constraint, bool) {
	if found := t.constraint(func(one *Constraint) bool { return one.Type == statement.PrimaryKey }); found != nil {
		return *found, true
	}
	return Constraint{}, false
}

// index returns an index to change, nil when there is none.
func (t *Table) index(name string) *Index {
	if t == nil {
		return nil
	}
	for i := range t.Indexes {
		if t.Indexes[i].Name.Name == name {
			return &t.Indexes[i]
		}
	}
	return nil
}

// Indexed tells whether an index or a constraint with an index has the column among its keys.
func (t *Table) Indexed(column string) bool {
	return t != nil && slices.ContainsFunc(t.Indexes, func(index Index) bool {
		return slices.ContainsFunc(index.Keys, func(key statement.IndexKey) bool { return key.Column == column })
	})
}

// Dependent tells what of a table PostgreSQL makes anew when a column gets another type, also one that leaves the rows as they are:
// an index that has to do with the column and has an expression or a WHERE, and a CHECK of it, for which all rows are read. The
// other indexes stay.
func (t *Table) Dependent(column string) (index, check bool) {
	if t == nil {
		return false, false
	}
	index = slices.ContainsFunc(t.Indexes, func(one Index) bool {
		return one.uses(column) && (one.Predicate != "" || slices.Contains(one.Columns(), ""))
	})
	check = t.constraint(func(one *Constraint) bool {
		return one.Type == statement.Check && one.Validated && !one.NotEnforced && one.Uses(column)
	}) != nil
	return index, check
}

// NeverNull tells whether a validated CHECK, or the column itself, keeps NULL out of a column.
func (t *Table) NeverNull(column string) bool {
	if known := t.column(column); known != nil && known.NotNull {
		return true
	}
	return t.constraint(func(one *Constraint) bool {
		return one.Validated && !one.NotEnforced && slices.Contains(one.NotNullColumns, column)
	}) != nil
}

// RefusesNull tells whether no new row has NULL in a column: a CHECK that was not validated says so too.
func (t *Table) RefusesNull(column string) bool {
	return t.NeverNull(column) || t.constraint(func(one *Constraint) bool {
		return !one.NotEnforced && slices.Contains(one.NotNullColumns, column)
	}) != nil
}

// Rows returns how many rows the table has, and whether that is known.
func (t *Table) Rows() (int64, bool) {
	if t == nil || t.Size == nil || t.Size.Rows < 0 {
		return 0, false
	}
	return t.Size.Rows, true
}

// DroppedWith returns the constraints and indexes over several columns that go when one of their columns does.
func (t *Table) DroppedWith(column string) (constraints []Constraint, indexes []Index) {
	if t == nil {
		return nil, nil
	}
	for _, one := range t.Constraints {
		if one.Uses(column) && (len(one.Columns) > 1 || one.Type == statement.Check && one.Expression != nil && len(distinct(one.Expression.Columns)) > 1) {
			constraints = append(constraints, one)
		}
	}
	for _, one := range t.Indexes {
		if one.Constraint == "" && (len(one.Keys)+len(one.Include) > 1 || !slices.Contains(one.Columns(), column)) && one.uses(column) {
			indexes = append(indexes, one)
		}
	}
	return constraints, indexes
}

func distinct(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// copy returns a table of its own. What its slices point to is never changed in place.
func (t *Table) copy() *Table {
	copied := *t
	copied.Columns, copied.Constraints, copied.Indexes = slices.Clone(t.Columns), slices.Clone(t.Constraints), slices.Clone(t.Indexes)
	copied.TriggersOff = slices.Clone(t.TriggersOff)
	return &copied
}
