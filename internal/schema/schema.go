// Package schema is a database's schema in memory. It is made by replaying what the statements of migrations do, or read from
// a database's catalogs, so that a review can ask what a statement will meet.
package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Before is the Origin of what was there before any migration that was read.
const Before = -1

// Origin says which migration made an object.
type Origin struct {
	// Migration is the number that the caller gave it, or Before.
	Migration int
	// IfNotExists tells that it may have been there already.
	IfNotExists bool
}

// Column is a column of a table.
type Column struct {
	Name      string
	Type      statement.TypeName
	Collation string
	NotNull   bool
	// Default is its SQL, empty when there is none; HasDefault tells that there is one, also where the SQL is not known.
	Default    *statement.Expression
	HasDefault bool
	Identity   bool
	// Serial tells that it owns the sequence of its default.
	Serial bool
	// Generated is the expression of a generated column, Virtual that it is not stored.
	Generated *statement.Expression
	Virtual   bool
	// NullFraction is how many of the rows have no value, from 0 to 1; -1 when it is not known.
	NullFraction float64
}

// Constraint is a constraint of a table.
type Constraint struct {
	statement.Constraint
	// Named tells that the SQL gave the name; else it is the one that PostgreSQL chooses.
	Named     bool
	Validated bool
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
	Invalid   bool
	// Constraint is the constraint that it serves, empty for one of its own.
	Constraint string
	Origin     Origin
}

// Columns returns the columns of the keys; "" stands for an expression.
func (i Index) Columns() []string {
	var columns []string
	for _, key := range i.Keys {
		columns = append(columns, key.Column)
	}
	return columns
}

// Size is how large a table is.
type Size struct{ Rows, Bytes int64 }

// Table is a table. All its methods accept nil, which is a table that was never seen.
type Table struct {
	Name                statement.Name
	Temporary, Unlogged bool
	Foreign             bool
	Columns             []Column
	// Partial tells that the table was there before anything was read: what is listed is not all.
	Partial     bool
	Constraints []Constraint
	Indexes     []Index
	PartitionBy string
	// PartitionKey are its columns, "" for an expression.
	PartitionKey []string
	PartitionOf  statement.Name
	Bound        string
	Inherits     []statement.Name
	// ReplicaIndex is the index of REPLICA IDENTITY USING INDEX; ReplicaIdentity is "default", "full", "nothing" or "index".
	ReplicaIdentity, ReplicaIndex string
	RowSecurity                   bool
	Origin                        Origin
	// Size is nil where it is not known.
	Size *Size

	owner *int
}

// Column returns a column.
func (t *Table) Column(name string) (Column, bool) {
	if t == nil {
		return Column{}, false
	}
	place := slices.IndexFunc(t.Columns, func(column Column) bool { return column.Name == name })
	if place < 0 {
		return Column{}, false
	}
	return t.Columns[place], true
}

// Constraint returns a constraint by its name.
func (t *Table) Constraint(name string) (Constraint, bool) {
	if t == nil {
		return Constraint{}, false
	}
	place := slices.IndexFunc(t.Constraints, func(one Constraint) bool { return one.Name == name })
	if place < 0 {
		return Constraint{}, false
	}
	return t.Constraints[place], true
}

// PrimaryKey returns the primary key.
func (t *Table) PrimaryKey() (Constraint, bool) {
	if t == nil {
		return Constraint{}, false
	}
	place := slices.IndexFunc(t.Constraints, func(one Constraint) bool { return one.Type == statement.PrimaryKey })
	if place < 0 {
		return Constraint{}, false
	}
	return t.Constraints[place], true
}

// Indexed tells whether an index or a constraint with an index has the column among its keys.
func (t *Table) Indexed(column string) bool {
	return t != nil && slices.ContainsFunc(t.Indexes, func(index Index) bool { return slices.Contains(index.Columns(), column) })
}

// NeverNull tells whether a validated CHECK, or the column itself, keeps NULL out of a column.
func (t *Table) NeverNull(column string) bool {
	if t == nil {
		return false
	}
	if known, found := t.Column(column); found && known.NotNull {
		return true
	}
	return slices.ContainsFunc(t.Constraints, func(one Constraint) bool {
		return one.Validated && !one.NotEnforced && slices.Contains(one.NotNullColumns, column)
	})
}

// Rows returns how many rows the table has, and whether that is known.
func (t *Table) Rows() (int64, bool) {
	if t == nil || t.Size == nil {
		return 0, false
	}
	return t.Size.Rows, true
}

func (t *Table) copy() *Table {
	copied := *t
	copied.Columns, copied.Constraints, copied.Indexes = slices.Clone(t.Columns), slices.Clone(t.Constraints), slices.Clone(t.Indexes)
	return &copied
}

// key tells one object from another.
type key struct {
	kind statement.Kind
	name statement.Name
	// on is the table of a trigger, policy or rule; arguments are a function's.
	on        statement.Name
	arguments string
}

// object is anything but a table, a column, a constraint or an index.
type object struct {
	definition string
	labels     []string // of an enum
	// constraints are a domain's.
	constraints []Constraint
	notNull     bool
	reads       []statement.Name
	origin      Origin
}

// Schema is a database's schema. It is not safe for concurrent use.
type Schema struct {
	// Complete tells that everything there is was read: what is not in it does not exist.
	Complete bool

	tables  map[statement.Name]*Table
	objects map[key]object
	// gone are objects that were dropped.
	gone map[key]bool
	path []string
	// outer is the path that holds when the migration ends.
	outer []string
	zone  string
	owner *int
}

// New returns an empty schema.
func New() *Schema {
	return &Schema{
		tables: map[statement.Name]*Table{}, objects: map[key]object{}, gone: map[key]bool{}, path: []string{"public"}, outer: []string{"public"}, owner: new(int),
	}
}

// Clone returns a schema of its own. Tables are copied when one of the two changes them.
func (s *Schema) Clone() *Schema {
	copied := *s
	copied.tables, copied.objects, copied.gone = maps.Clone(s.tables), maps.Clone(s.objects), maps.Clone(s.gone)
	copied.owner, s.owner = new(int), new(int)
	return &copied
}

// EndTransaction takes back what SET LOCAL said.
func (s *Schema) EndTransaction() { s.path = s.outer }

// UTC tells whether the session's time zone was set to UTC.
func (s *Schema) UTC() bool {
	switch strings.ToLower(s.zone) {
	case "utc", "gmt", "etc/utc", "zulu", "0":
		return true
	}
	return false
}

const temporary = "pg_temp"

// Resolve returns the full name of a relation: where the search path finds it, else where it would be made.
func (s *Schema) Resolve(name statement.Name) statement.Name {
	if name.Schema != "" {
		return name
	}
	for _, schema := range append([]string{temporary}, s.path...) {
		full := statement.Name{Schema: schema, Name: name.Name}
		if _, found := s.tables[full]; found {
			return full
		}
		for _, kind := range []statement.Kind{statement.View, statement.MaterializedView, statement.Sequence} {
			if _, found := s.objects[key{kind: kind, name: full}]; found {
				return full
			}
		}
	}
	return s.inPath(name)
}

// inPath returns the name in the first schema of the search path.
func (s *Schema) inPath(name statement.Name) statement.Name {
	if name.Schema == "" && len(s.path) > 0 {
		name.Schema = s.path[0]
	}
	return name
}

// Table returns a table, nil for one that was never seen.
func (s *Schema) Table(name statement.Name) *Table { return s.tables[s.Resolve(name)] }

// Tables returns all tables, sorted by name.
func (s *Schema) Tables() []*Table {
	return slices.SortedFunc(maps.Values(s.tables), func(a, b *Table) int {
		return strings.Compare(a.Name.Schema+"."+a.Name.Name, b.Name.Schema+"."+b.Name.Name)
	})
}

// Origin returns where a view or another object that is no table comes from, and whether it was seen.
func (s *Schema) Origin(kind statement.Kind, name statement.Name) (Origin, bool) {
	for _, one := range []statement.Kind{kind, statement.View, statement.MaterializedView} {
		if found, known := s.objects[key{kind: one, name: s.Resolve(name)}]; known {
			return found.origin, true
		}
	}
	return Origin{}, false
}

// edit returns a table to change, which is copied first when another schema shares it. A table that was never seen is
// noted as one that was there before.
func (s *Schema) edit(name statement.Name) *Table {
	full := s.Resolve(name)
	table := s.tables[full]
	switch {
	case table == nil:
		table = &Table{Name: full, Partial: true, Origin: Origin{Migration: Before}}
	case table.owner == s.owner:
		return table
	default:
		table = table.copy()
	}
	table.owner = s.owner
	s.tables[full] = table
	return table
}

// Index finds an index and its table, nil when it was never seen.
func (s *Schema) Index(name statement.Name) (*Table, Index) {
	for _, table := range s.tables {
		for _, index := range table.Indexes {
			if index.Name.Name == name.Name && (name.Schema == "" || name.Schema == index.Name.Schema) {
				return table, index
			}
		}
	}
	return nil, Index{}
}

// ReferencedBy returns the foreign keys of other tables that point to a table.
func (s *Schema) ReferencedBy(name statement.Name) map[statement.Name][]Constraint {
	full, found := s.Resolve(name), map[statement.Name][]Constraint{}
	for other, table := range s.tables {
		for _, constraint := range table.Constraints {
			if constraint.Type == statement.ForeignKey && constraint.References == full && other != full {
				found[other] = append(found[other], constraint)
			}
		}
	}
	return found
}

// ReadBy returns the views that read a table, sorted.
func (s *Schema) ReadBy(name statement.Name) []statement.Name {
	full := s.Resolve(name)
	var views []statement.Name
	for one, object := range s.objects {
		if (one.kind == statement.View || one.kind == statement.MaterializedView) && slices.Contains(object.reads, full) {
			views = append(views, one.name)
		}
	}
	slices.SortFunc(views, func(a, b statement.Name) int { return strings.Compare(a.Name, b.Name) })
	return views
}

// ConstrainedDomain tells whether a type is a domain with a constraint: a new column of it is checked row by row.
func (s *Schema) ConstrainedDomain(name statement.Name) bool {
	domain, found := s.objects[key{kind: statement.Domain, name: s.inPath(name)}]
	return found && (domain.notNull || len(domain.constraints) > 0)
}

// Enum returns the labels of an enum, nil when it was never seen.
func (s *Schema) Enum(name statement.Name) ([]string, Origin) {
	found := s.objects[key{kind: statement.Enum, name: s.inPath(name)}]
	return found.labels, found.origin
}

// ColumnsOf returns the columns whose type is the given one, as table and column.
func (s *Schema) ColumnsOf(kind statement.Name) [][2]string {
	full := s.inPath(kind)
	var columns [][2]string
	for _, table := range s.Tables() {
		for _, column := range table.Columns {
			if s.inPath(column.Type.Name) == full {
				columns = append(columns, [2]string{Plain(table.Name), column.Name})
			}
		}
	}
	return columns
}

// Plain returns a name for people: without the schema when it is public.
func Plain(name statement.Name) string {
	if name.Schema == "public" || name.Schema == temporary {
		name.Schema = ""
	}
	return statement.Quote(name)
}
