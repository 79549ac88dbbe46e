package schema

import (
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Conflict is what PostgreSQL would refuse.
type Conflict struct {
	Message string
	// Certain tells that the schema knows enough to be sure.
	Certain bool
}

// Apply does what a change does, and returns what PostgreSQL would refuse of it. What is refused is done all the same, as far
// as it goes: the caller decides.
func (s *Schema) Apply(change statement.Change, origin Origin) []Conflict {
	a := applying{Schema: s, origin: origin}
	a.apply(change)
	return a.conflicts
}

func (a *applying) apply(change statement.Change) {
	switch c := change.(type) {
	case statement.CreateTable:
		a.createTable(c)
	case statement.AddColumn, statement.DropColumn, statement.SetNotNull, statement.DropNotNull, statement.SetDefault, statement.SetType,
		statement.AddIdentity, statement.SetExpression:
		a.column(change)
	case statement.AddConstraint, statement.DropConstraint, statement.ValidateConstraint:
		a.constraint(change)
	case statement.CreateIndex:
		a.createIndex(c)
	case statement.AttachPartition:
		a.attach(c)
	case statement.DetachPartition:
		a.detach(c)
	case statement.SetPersistence, statement.RowSecurity, statement.ReplicaIdentity, statement.SwitchTrigger, statement.SetTablespace,
		statement.SetAccessMethod, statement.AlterTable:
		a.setting(change)
	case statement.Rename:
		a.rename(c)
	case statement.SetSchema:
		a.setSchema(c)
	case statement.Drop:
		a.drop(c)
	case statement.Set:
		a.set(c)
	default:
		a.other(change)
	}
}

// applying is one change that is being done.
type applying struct {
	*Schema
	origin    Origin
	conflicts []Conflict
}

// quietly does a change that follows from another one: what PostgreSQL would say was said of that one.
func (a *applying) quietly(change statement.Change) {
	quiet := applying{Schema: a.Schema, origin: a.origin}
	quiet.apply(change)
}

func (a *applying) refuse(certain bool, format string, arguments ...any) {
	a.conflicts = append(a.conflicts, Conflict{Message: fmt.Sprintf(format, arguments...), Certain: certain})
}

// missing notes that something is taken away which was never seen. It is refused when all is known, or when it was dropped
// before; else it was there before all that was read.
func (a *applying) missing(at key, ifExists bool) {
	found, _ := a.fates.get(at)
	switch {
	case found.gone || a.Complete && !found.made && whole(at.kind):
		if !ifExists {
			a.refuse(true, "%s does not exist", at.title())
		}
	case found.made || found.was:
		found.gone, found.made = true, false
		a.fates.put(a.owner, at, found)
	default:
		a.fates.put(a.owner, at, fate{gone: true, was: true, maybe: ifExists})
	}
}

// whole tells whether statements make all objects of a kind: extensions bring functions and types that none names, roles and
// databases belong to the cluster, and whether all columns of a table are known is said by the table.
func whole(kind statement.Kind) bool {
	switch kind {
	case statement.Table, statement.Index, statement.View, statement.MaterializedView, statement.Sequence, statement.Trigger,
		statement.Policy, "rule":
		return true
	}
	return false
}

// lost notes that something which was seen is gone.
func (a *applying) lost(at key) {
	found, _ := a.fates.get(at)
	found.gone, found.made = true, false
	a.fates.put(a.owner, at, found)
}

// here notes that something is there.
func (a *applying) here(at key) {
	if found, known := a.fates.get(at); known && (found.gone || found.made) {
		found.gone, found.made = false, false
		a.fates.put(a.owner, at, found)
	}
}

// table returns a table to change. One that was never seen is noted as one that was there before.
func (a *applying) table(name statement.Name) *Table {
	full := a.Resolve(name)
	if a.tables.has(full) {
		return a.own(full)
	}
	assumed := &Table{Name: full, Kind: statement.Table, Partial: true, Assumed: true, Origin: Origin{Migration: Before}}
	if a.relations.has(full) {
		return assumed // A view, of which nothing is kept here.
	}
	if a.Complete || a.isGone(tableKey(full)) {
		if len(a.conflicts) == 0 {
			a.refuse(true, "table %s does not exist", Plain(full))
		}
		return assumed
	}
	a.putTable(assumed)
	return assumed
}

// own returns a known table to change, which is copied first when another schema shares it. What is done to one that is not
// known is lost.
func (s *Schema) own(full statement.Name) *Table {
	table, known := s.tables.get(full)
	if !known {
		return &Table{Name: full, Kind: statement.Table, Partial: true, Assumed: true}
	}
	if table.owner != s.owner {
		table = table.copy()
		table.owner = s.owner
		s.tables.put(s.owner, full, table)
	}
	return table
}

func (s *Schema) putTable(table *Table) {
	table.owner = s.owner
	s.tables.put(s.owner, table.Name, table)
	s.relations.put(s.owner, table.Name, relation{kind: table.Kind})
}

// free refuses a name of a relation that is taken.
func (a *applying) free(kind statement.Kind, name statement.Name) {
	if found, taken := a.relations.get(name); taken {
		// A temporary one may have gone with its session or transaction.
		a.refuse(name.Schema != temporary, "%s %s exists already", found.kind, Plain(name))
	} else if a.Has(statement.Type, name) {
		a.refuse(true, "type %s exists already", Plain(name))
	}
	if at := (key{kind: statement.SchemaKind, name: statement.Name{Name: name.Schema}}); a.isGone(at) {
		a.refuse(true, "schema %s does not exist", statement.QuoteWord(name.Schema))
	}
}

func (a *applying) createTable(c statement.CreateTable) {
	name := c.Table
	if c.Temporary {
		name.Schema = temporary
	} else {
		name = a.inPath(name)
	}
	if c.IfNotExists && a.relations.has(name) {
		return
	}
	a.free(statement.Table, name)
	table := &Table{
		Name: name, Kind: statement.Table, Temporary: c.Temporary, Unlogged: c.Unlogged, Foreign: c.Foreign, PartitionBy: c.PartitionBy,
		PartitionKey: c.PartitionKey, Origin: a.origin, Partial: c.FromQuery || len(c.Like) > 0,
		noDefault: c.PartitionBy != "",
	}
	if c.Foreign {
		table.Kind = statement.ForeignTable
	}
	table.Origin.IfNotExists = c.IfNotExists
	a.putTable(table)
	a.here(tableKey(name))
	for _, parent := range c.Inherits {
		a.inherit(table, parent)
	}
	for _, other := range c.Like {
		a.likeness(table, other)
	}
	if c.PartitionOf.Name != "" {
		a.partitionOf(table, c.PartitionOf, c.Bound)
	}
	var constraints []statement.Constraint
	for _, column := range c.Columns {
		constraints = append(constraints, a.addColumn(table, column)...)
	}
	constraints = append(constraints, c.Constraints...)
	for i := range constraints {
		// There is no row yet that could break it.
		constraints[i].NotValid = false
	}
	a.addConstraints(table, constraints)
}

// addColumn adds a column, and returns its constraints.
func (a *applying) addColumn(table *Table, c statement.ColumnDefinition) []statement.Constraint {
	column := Column{
		Name: c.Name, Type: c.Type, Collation: c.Collation, NotNull: c.NotNull, Default: c.Default, HasDefault: c.Default != nil,
		Identity: c.Identity, Always: c.Always, Generated: c.Stored, NullFraction: -1,
	}
	if c.Virtual != nil {
		column.Generated, column.Virtual = c.Virtual, true
	}
	switch c.Type.Name {
	case statement.Name{Name: "serial2"}, statement.Name{Name: "serial4"}, statement.Name{Name: "serial8"}:
		column.Type.Name.Name = "int" + c.Type.Name.Name[len("serial"):]
		column.Type.SQL = map[string]string{"int2": "smallint", "int4": "integer", "int8": "bigint"}[column.Type.Name.Name]
		column.Serial, column.HasDefault, column.NotNull = true, true, true
	}
	if column.Serial || column.Identity {
		column.Sequence = a.ownSequence(table.Name, c.Name)
	}
	column.defaultFor = column.Type
	a.typed(table, &column)
	a.called(table, c.Default, c.Stored, c.Virtual)
	if merged := table.column(c.Name); merged != nil {
		// Of a parent: what the table says itself comes on top.
		column.NotNull = column.NotNull || merged.NotNull
		if !column.HasDefault {
			column.Default, column.HasDefault = merged.Default, merged.HasDefault
		}
		if c.Type.Name.Name == "" {
			column.Type, column.kind, column.Collation = merged.Type, merged.kind, merged.Collation
			column.Generated, column.Virtual = merged.Generated, merged.Virtual
		}
		*merged = column
		return c.Constraints
	}
	table.Columns = append(table.Columns, column)
	a.here(partKey(statement.Column, table.Name, c.Name))
	return c.Constraints
}

// typed notes which type that is not built in a column has.
func (a *applying) typed(table *Table, column *Column) {
	column.kind = statement.Name{}
	if column.Type.Name.Name == "" || column.Type.Name.Schema == "" && builtIn(column.Type.Name.Name) {
		return
	}
	column.kind = a.resolveType(column.Type.Name)
	a.mention(column.kind, tableKey(table.Name))
	if a.isGone(key{kind: statement.Type, name: column.kind}) {
		a.refuse(true, "type %s does not exist", Plain(column.kind))
	}
}

// called notes which functions expressions call, as far as they were seen.
func (a *applying) called(table *Table, expressions ...*statement.Expression) {
	for _, expression := range expressions {
		if expression == nil {
			continue
		}
		for _, function := range expression.Functions {
			if full := a.resolveFunction(function); len(a.functions(full)) > 0 {
				a.mention(full, tableKey(table.Name))
			}
		}
	}
}

// ownSequence makes the sequence of a serial or identity column, under the name that PostgreSQL chooses.
func (a *applying) ownSequence(table statement.Name, column string) statement.Name {
	name := statement.Name{Schema: table.Schema, Name: choose(table.Name, column, "seq", func(name string) bool {
		return a.relations.has(statement.Name{Schema: table.Schema, Name: name})
	})}
	a.putObject(key{kind: statement.Sequence, name: name}, object{owner: table, column: column, origin: a.origin})
	return name
}

// builtIn tells whether a name is that of one of PostgreSQL's own types.
func builtIn(name string) bool {
	switch name {
	case "bool", "bytea", "char", "name", "int8", "int2", "int4", "text", "oid", "xid", "json", "jsonb", "xml", "point", "lseg", "path",
		"box", "polygon", "line", "float4", "float8", "circle", "money", "macaddr", "macaddr8", "inet", "cidr", "bpchar", "varchar",
		"date", "time", "timestamp", "timestamptz", "interval", "timetz", "bit", "varbit", "numeric", "uuid", "pg_lsn", "tsvector",
		"tsquery", "jsonpath", "regclass", "regtype", "regproc", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
		"int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange", "serial2", "serial4", "serial8":
		return true
	}
	return false
}

func (a *applying) set(c statement.Set) {
	switch strings.ToLower(c.Name) {
	case "timezone":
		if a.zone = c.Value; c.Reset {
			a.zone = ""
		}
	case "search_path", "all":
		path := []string{"public"}
		if !c.Reset && strings.EqualFold(c.Name, "search_path") {
			path = nil
			for _, schema := range strings.Split(c.Value, ",") {
				if schema = strings.Trim(strings.TrimSpace(schema), `"`); schema != "" && schema != "$user" {
					path = append(path, schema)
				}
			}
		}
		if a.path = path; !c.Local {
			a.outer = path
		}
	}
}
