package schema

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Querier asks a database: *sql.DB, *sql.Conn and *sql.Tx do.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ReadCatalog reads the schema of a live PostgreSQL database, 14 to 18, from its catalogs, in a few queries. System schemas,
// what belongs to extensions, other sessions' temporary tables and goose's own table are left out; so are comments, privileges
// and storage settings, which rules do not ask for. Sizes are PostgreSQL's estimates. The schema is Complete. The queries are
// not one snapshot unless q is a transaction that is REPEATABLE READ.
func ReadCatalog(ctx context.Context, q Querier) (*Schema, error) {
	s := New()
	s.Complete, s.catalogs = true, true
	c := catalog{Schema: s, querier: q, context: ctx, changes: map[string]statement.Change{}}
	for _, read := range []func() error{c.session, c.types, c.relations, c.columns, c.constraints, c.indexes, c.objects} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("read the catalogs: %w", err)
		}
	}
	for name, table := range s.tables.all() {
		if c.records(table) {
			s.forgetQuietly(name)
		}
	}
	return s, nil
}

// catalog is a database that is being read. Definitions come as SQL, and are read as that of migrations is.
type catalog struct {
	*Schema
	querier Querier
	context context.Context
	// changes are the definitions that were read already: many columns have the same type.
	changes map[string]statement.Change
}

// list asks for rows as JSON: each query says its own columns, and columns that only some versions have can be left out.
func list[T any](c *catalog, query string, each func(T)) error {
	rows, err := c.querier.QueryContext(c.context, "SELECT to_jsonb(found)::text FROM ("+query+") found")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var one T
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return err
		}
		each(one)
	}
	return rows.Err()
}

// read returns the change that a definition is, nil for one that the grammar does not accept.
func (c *catalog) read(sql string) statement.Change {
	if known, found := c.changes[sql]; found {
		return known
	}
	var change statement.Change
	if statements, err := statement.Parse(sql); err == nil && len(statements) == 1 {
		// The functions that it calls stand before it.
		changes := slices.DeleteFunc(statements[0].Changes, func(one statement.Change) bool { _, call := one.(statement.Call); return call })
		if len(changes) == 1 {
			change = changes[0]
		}
	}
	c.changes[sql] = change
	return change
}

func (c *catalog) before() Origin { return Origin{Migration: Before} }

func (c *catalog) session() error {
	type session struct {
		Path []string
		Zone string
	}
	return list(c, sessionQuery, func(one session) {
		c.path, c.outer, c.zone = one.Path, one.Path, one.Zone
	})
}

func (c *catalog) types() error {
	type kind struct {
		Schema, Name, Type, Base string
		NotNull                  bool
		Labels                   []string
		Default                  *string
		Constraints              []struct {
			Name, Definition string
			Validated        bool
		}
	}
	return list(c, typesQuery, func(one kind) {
		at := key{kind: statement.Type, name: statement.Name{Schema: one.Schema, Name: one.Name}}
		found := object{origin: c.before(), deparsed: true}
		switch one.Type {
		case "e":
			at.kind, found.labels = statement.Enum, one.Labels
		case "d":
			at.kind, found.notNull, found.base = statement.Domain, one.NotNull, c.typeOf(one.Base)
			if one.Default != nil {
				found.definition = *one.Default
			}
			for _, constraint := range one.Constraints {
				read, is := c.read("ALTER DOMAIN d ADD CONSTRAINT " + statement.QuoteWord(constraint.Name) + " " + constraint.Definition).(statement.AlterDomain)
				if !is {
					read.Constraint = statement.Constraint{Name: constraint.Name, Type: statement.Check}
				}
				found.constraints = append(found.constraints, Constraint{Constraint: read.Constraint, Named: true, Validated: constraint.Validated, deparsed: true})
			}
		}
		c.putObject(at, found)
	})
}

// typeOf reads a type.
func (c *catalog) typeOf(sql string) statement.TypeName {
	if add, is := c.read("ALTER TABLE t ADD COLUMN c " + sql).(statement.AddColumn); is {
		return add.Column.Type
	}
	return statement.TypeName{Name: statement.Name{Name: sql}, SQL: sql}
}

// place is a schema and a name as the queries return them, both empty for none.
type place struct{ Schema, Name string }

func (p place) full() statement.Name { return statement.Name{Schema: p.Schema, Name: p.Name} }

func (c *catalog) relations() error {
	type found struct {
		place
		Kind, Persistence, Replica     string
		Rows, Bytes                    float64
		RowSecurity, ForceSecurity     bool
		Parents                        []place
		Bound, PartitionBy, Definition *string
		ReplicaIndex                   *string
		Partition                      bool
		Columns                        []string
		TriggersOff                    []string
	}
	return list(c, relationsQuery, func(one found) {
		if one.Persistence == "t" {
			one.Schema = temporary
		}
		name, definition := one.full(), ""
		if one.Definition != nil {
			definition = *one.Definition
		}
		switch one.Kind {
		case "v", "m":
			at := key{kind: statement.View, name: name}
			if one.Kind == "m" {
				at.kind = statement.MaterializedView
			}
			view, _ := c.read("CREATE VIEW v AS " + definition).(statement.Define)
			c.putObject(at, object{definition: definition, outputs: view.Columns, origin: c.before(), deparsed: true})
		case "S":
			c.putObject(key{kind: statement.Sequence, name: name}, object{origin: c.before(), deparsed: true})
		}
		if one.Kind == "v" || one.Kind == "S" {
			return
		}
		table := &Table{
			Name: name, Kind: statement.Table, Temporary: one.Persistence == "t", Unlogged: one.Persistence == "u", Foreign: one.Kind == "f",
			RowSecurity: one.RowSecurity, ForceRowSecurity: one.ForceSecurity, TriggersOff: one.TriggersOff, Origin: c.before(),
			Size:            &Size{Rows: int64(one.Rows), Bytes: int64(one.Bytes)},
			ReplicaIdentity: map[string]string{"f": "full", "n": "nothing", "i": "index"}[one.Replica],
		}
		if one.ReplicaIndex != nil {
			table.ReplicaIndex = *one.ReplicaIndex
		}
		switch one.Kind {
		case "f":
			table.Kind = statement.ForeignTable
		case "m":
			table.Kind = statement.MaterializedView
		}
		if one.PartitionBy != nil {
			c.partitioned(table, *one.PartitionBy)
		}
		c.putTable(table)
		for _, parent := range one.Parents {
			if c.mention(parent.full(), tableKey(name)); one.Partition {
				table.PartitionOf = parent.full()
			} else {
				table.Inherits = append(table.Inherits, parent.full())
			}
		}
		if one.Bound != nil {
			if read, is := c.read("CREATE TABLE a PARTITION OF b " + *one.Bound).(statement.CreateTable); is {
				table.Bound = read.Bound
			}
		}
	})
}

func (c *catalog) partitioned(table *Table, by string) {
	if read, is := c.read("CREATE TABLE t () PARTITION BY " + by).(statement.CreateTable); is {
		table.PartitionBy, table.PartitionKey = read.PartitionBy, read.PartitionKey
	}
}

func (c *catalog) columns() error {
	type found struct {
		Table              place
		Name, Type         string
		UserType           *place
		Collation          *string
		NotNull, Identity  bool
		Always             bool
		Generated, Default *string
		Owns               *place
		Automatic          bool
		Nulls              *float64
	}
	return list(c, columnsQuery, func(one found) {
		table := c.tableAt(one.Table)
		if table == nil {
			return
		}
		column := Column{
			Name: one.Name, Type: c.typeOf(one.Type), NotNull: one.NotNull, Identity: one.Identity, Always: one.Always, NullFraction: -1, deparsed: true,
		}
		if one.Collation != nil {
			column.Collation = *one.Collation
		}
		if one.UserType != nil {
			column.kind = one.UserType.full()
			c.mention(column.kind, tableKey(table.Name))
		}
		if one.Owns != nil {
			column.Sequence, column.Serial = one.Owns.full(), one.Automatic && one.Default != nil
			at := key{kind: statement.Sequence, name: column.Sequence}
			c.putObject(at, object{owner: table.Name, column: column.Name, origin: c.before(), deparsed: true})
		}
		if one.Default != nil {
			read, _ := c.read("ALTER TABLE t ALTER COLUMN c SET DEFAULT " + *one.Default).(statement.SetDefault)
			switch {
			case one.Generated != nil && *one.Generated != "":
				if column.Generated, column.Virtual = read.Default, *one.Generated == "v"; read.Default == nil {
					column.Generated = &statement.Expression{}
				}
			case column.Serial:
				column.HasDefault = true
			default:
				column.Default, column.HasDefault = read.Default, true
			}
		}
		if one.Nulls != nil {
			column.NullFraction = *one.Nulls
		}
		table.Columns = append(table.Columns, column)
	})
}

// tableAt returns a table that was read, nil for another relation.
func (c *catalog) tableAt(at place) *Table {
	table, _ := c.tables.get(at.full())
	if table == nil {
		table, _ = c.tables.get(statement.Name{Schema: temporary, Name: at.Name})
	}
	return table
}

// records tells whether a table keeps what is applied: Airlock's, or goose's by its columns, since its name can be chosen.
func (c *catalog) records(table *Table) bool {
	if table.Name.Name == database.RecordTable {
		return true
	}
	var columns []string
	for _, column := range table.Columns {
		columns = append(columns, column.Name)
	}
	return slices.Equal(columns, []string{"id", "version_id", "is_applied", "tstamp"})
}

// forgetQuietly takes a table out as if it had never been there.
func (s *Schema) forgetQuietly(name statement.Name) {
	table, _ := s.tables.get(name)
	for _, index := range table.Indexes {
		s.relations.remove(s.owner, index.Name)
	}
	for _, column := range table.Columns {
		s.objects.remove(s.owner, key{kind: statement.Sequence, name: column.Sequence})
		s.relations.remove(s.owner, column.Sequence)
	}
	s.tables.remove(s.owner, name)
	s.relations.remove(s.owner, name)
}
