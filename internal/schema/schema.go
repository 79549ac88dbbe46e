// Package schema is a database's schema in memory. It is made by replaying what the statements of migrations do, or read from
// a database's catalogs, so that a review can ask what a statement will meet.
package schema

import (
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

// key tells one object from another, or one part of a table.
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
	source     string   // of a function: the statement that makes it
	labels     []string // of an enum
	// base, constraints and notNull are a domain's.
	base        statement.TypeName
	constraints []Constraint
	notNull     bool
	// reads are the tables that a view or a rule is made of, words the names beyond those in its definition
	// that its columns got meanwhile.
	reads []statement.Name
	words []string
	// outputs are a view's columns, nil where they are not known.
	outputs []statement.ViewColumn
	// altered tells of a function that its source does not say all of it.
	altered bool
	// uses are the columns of its table that a trigger or a policy looks at, invokes the functions that a view or a policy calls.
	uses    []string
	invokes []statement.Name
	// columns are those that a view reads, known of one that was read from the catalogs.
	columns []ColumnOf
	// calls is the function of a trigger.
	calls statement.Name
	// owner and column own a sequence.
	owner    statement.Name
	column   string
	origin   Origin
	deparsed bool
}

// relation is what a name of a table, an index, a view or a sequence stands for: they share one space of names.
type relation struct {
	kind statement.Kind
	// table is that of an index.
	table statement.Name
}

// fate is what is known of an object or a part that may not be in the schema.
type fate struct {
	// gone: it is not there.
	gone bool
	// was: it was there before all that was read, as a statement tells that took it away. maybe: the statement said IF EXISTS.
	was, maybe bool
	// made: it is there though what it is was never seen, because something unseen got its name.
	made bool
}

// Schema is a database's schema. It is not safe for concurrent use.
type Schema struct {
	// Complete tells that everything there is was read: what is not in it does not exist.
	Complete bool

	tables    shelf[statement.Name, *Table]
	relations shelf[statement.Name, relation]
	objects   shelf[key, *object]
	fates     shelf[key, fate]
	// mentions leads from a name to all that may have to do with it: foreign keys to a table, columns of a type, views that
	// read, constraints of a name. Who asks looks whether it is still so, so that nothing has to be taken out.
	mentions shelf[statement.Name, *mentions]

	path []string
	// outer is the path that holds when the transaction ends.
	outer []string
	zone  string
	owner *int
	// casts tells that CREATE CAST was seen: more types than PostgreSQL's own become others by themselves.
	casts bool
	// catalogs tells that it was read from a database: comments, privileges and settings are not in it.
	catalogs bool
}

// New returns an empty schema.
func New() *Schema {
	ofName := func(name statement.Name) uint32 { return hash(name.Schema, ".", name.Name) }
	ofKey := func(at key) uint32 {
		return hash(at.name.Schema, ".", at.name.Name, string(at.kind), at.on.Name, at.arguments)
	}
	s := &Schema{path: []string{"public"}, outer: []string{"public"}, owner: new(int)}
	s.tables.hash, s.relations.hash, s.mentions.hash = ofName, ofName, ofName
	s.objects.hash, s.fates.hash = ofKey, ofKey
	return s
}

// Clone returns a schema of its own. What the two have in common is copied when one of them changes it.
func (s *Schema) Clone() *Schema {
	copied := *s
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
	if name.Schema != "" || name.Name == "" {
		return name
	}
	if full := (statement.Name{Schema: temporary, Name: name.Name}); s.relations.has(full) {
		return full
	}
	for _, schema := range s.path {
		if full := (statement.Name{Schema: schema, Name: name.Name}); s.relations.has(full) {
			return full
		}
	}
	return s.inPath(name)
}

// inPath returns the name in the first schema of the search path; PostgreSQL passes over those that do not exist.
func (s *Schema) inPath(name statement.Name) statement.Name {
	if name.Schema != "" {
		return name
	}
	for _, schema := range s.path {
		if !s.isGone(key{kind: statement.SchemaKind, name: statement.Name{Name: schema}}) {
			name.Schema = schema
			break
		}
	}
	return name
}

// resolveObject returns the full name of an object that is no relation: where the search path finds one of these kinds.
func (s *Schema) resolveObject(name statement.Name, kinds ...statement.Kind) statement.Name {
	if name.Schema != "" {
		return name
	}
	for _, schema := range s.path {
		full := statement.Name{Schema: schema, Name: name.Name}
		for _, kind := range kinds {
			if s.objects.has(key{kind: kind, name: full}) {
				return full
			}
		}
	}
	return s.inPath(name)
}

// resolveType returns the full name of a type.
func (s *Schema) resolveType(name statement.Name) statement.Name {
	return s.resolveObject(name, statement.Enum, statement.Domain, statement.Type)
}

// resolveFunction returns the full name of a function: arguments do not count.
func (s *Schema) resolveFunction(name statement.Name) statement.Name {
	if name.Schema != "" {
		return name
	}
	for _, schema := range s.path {
		if full := (statement.Name{Schema: schema, Name: name.Name}); len(s.functions(full)) > 0 {
			return full
		}
	}
	return s.inPath(name)
}

// functions returns the functions of a full name.
func (s *Schema) functions(name statement.Name) []key {
	mentioned := s.mentioned(name)
	var found []key
	for _, at := range mentioned {
		if (at.kind == statement.Function || at.kind == "aggregate") && at.name == name && s.objects.has(at) {
			found = append(found, at)
		}
	}
	return found
}

// object returns what is known of an object.
func (s *Schema) object(at key) (object, bool) {
	if found, known := s.objects.get(at); known {
		return *found, true
	}
	return object{}, false
}

// Table returns a table, nil for one that was never seen.
func (s *Schema) Table(name statement.Name) *Table {
	table, _ := s.tables.get(s.Resolve(name))
	return table
}

// Tables returns all tables, sorted by name.
func (s *Schema) Tables() []*Table {
	var tables []*Table
	for _, table := range s.tables.all() {
		tables = append(tables, table)
	}
	slices.SortFunc(tables, func(a, b *Table) int { return compareNames(a.Name, b.Name) })
	return tables
}

func compareNames(a, b statement.Name) int {
	if order := strings.Compare(a.Schema, b.Schema); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

// Index finds an index and its table, nil when it was never seen.
func (s *Schema) Index(name statement.Name) (*Table, Index) {
	full := s.Resolve(name)
	found, _ := s.relations.get(full)
	if found.kind != statement.Index {
		return nil, Index{}
	}
	table, _ := s.tables.get(found.table)
	if index := table.index(full.Name); index != nil {
		return table, *index
	}
	return nil, Index{}
}

// ReferencedBy returns the foreign keys of other tables that point to a table.
func (s *Schema) ReferencedBy(name statement.Name) map[statement.Name][]Constraint {
	found := map[statement.Name][]Constraint{}
	for _, one := range s.referring(s.Resolve(name)) {
		found[one.table.Name] = append(found[one.table.Name], one.constraint)
	}
	return found
}

// reference is a foreign key and its table.
type reference struct {
	table      *Table
	constraint Constraint
}

// referring returns the foreign keys of other tables that point to a table.
func (s *Schema) referring(name statement.Name) []reference {
	var found []reference
	for _, table := range s.mentioning(name) {
		for _, constraint := range table.Constraints {
			if constraint.Type == statement.ForeignKey && constraint.References == name && table.Name != name {
				found = append(found, reference{table, constraint})
			}
		}
	}
	return found
}

// children returns the partitions of a table, and those that inherit from it.
func (s *Schema) children(name statement.Name) []*Table {
	return slices.DeleteFunc(s.mentioning(name), func(table *Table) bool {
		return table.PartitionOf != name && !slices.Contains(table.Inherits, name)
	})
}

// ReadBy returns the views that read a table or a view, sorted.
func (s *Schema) ReadBy(name statement.Name) []statement.Name {
	var views []statement.Name
	for _, view := range s.readers(s.Resolve(name)) {
		views = append(views, view.name)
	}
	slices.SortFunc(views, compareNames)
	return views
}

// readers returns the views that read a relation.
func (s *Schema) readers(name statement.Name) []key {
	mentioned := s.mentioned(name)
	var found []key
	for _, by := range mentioned {
		if by.kind != statement.View && by.kind != statement.MaterializedView {
			continue
		}
		if view, known := s.object(by); known && slices.Contains(view.reads, name) {
			found = append(found, by)
		}
	}
	return found
}

// Plain returns a name for people: without the schema when it is public.
func Plain(name statement.Name) string {
	if name.Schema == "public" || name.Schema == temporary {
		name.Schema = ""
	}
	return statement.Quote(name)
}
