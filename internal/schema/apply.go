package schema

import (
	"fmt"
	"slices"
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
	case statement.AttachPartition, statement.DetachPartition, statement.SetPersistence, statement.RowSecurity, statement.ReplicaIdentity,
		statement.SwitchTrigger, statement.SetTablespace, statement.SetAccessMethod, statement.AlterTable:
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
		a.object(change)
	}
	return a.conflicts
}

// applying is one change that is being done.
type applying struct {
	*Schema
	origin    Origin
	conflicts []Conflict
}

func (a *applying) refuse(certain bool, format string, arguments ...any) {
	a.conflicts = append(a.conflicts, Conflict{Message: fmt.Sprintf(format, arguments...), Certain: certain})
}

// missing refuses to touch what is not there. That is certain when all is known, or when it was dropped before.
func (a *applying) missing(kind statement.Kind, name statement.Name, ifExists bool) {
	if !ifExists {
		a.refuse(a.Complete || a.gone[key{kind: kind, name: name}], "%s %s does not exist", kind, Plain(name))
	}
}

func (a *applying) createTable(c statement.CreateTable) {
	name := c.Table
	if c.Temporary {
		name.Schema = temporary
	} else {
		name = a.inPath(name)
	}
	if _, exists := a.tables[name]; exists {
		if c.IfNotExists {
			return
		}
		a.refuse(true, "table %s exists already", Plain(name))
	}
	table := &Table{
		Name: name, Temporary: c.Temporary, Unlogged: c.Unlogged, Foreign: c.Foreign, PartitionBy: c.PartitionBy, PartitionKey: c.PartitionKey,
		Bound: c.Bound, Origin: a.origin, Partial: c.FromQuery, owner: a.owner,
	}
	table.Origin.IfNotExists = c.IfNotExists
	a.tables[name] = table
	delete(a.gone, key{kind: statement.Table, name: name})
	if c.PartitionOf.Name != "" {
		table.PartitionOf = a.Resolve(c.PartitionOf)
		a.inherit(table, table.PartitionOf)
	}
	for _, parent := range c.Inherits {
		table.Inherits = append(table.Inherits, a.Resolve(parent))
		a.inherit(table, a.Resolve(parent))
	}
	for _, other := range c.Like {
		a.inherit(table, a.Resolve(other))
	}
	for _, column := range c.Columns {
		a.addColumn(table, column)
	}
	for _, constraint := range c.Constraints {
		a.addConstraint(table, constraint)
	}
}

// inherit copies the columns of another table.
func (a *applying) inherit(table *Table, from statement.Name) {
	parent := a.tables[from]
	if parent == nil || parent.Partial {
		table.Partial = true
	}
	if parent != nil {
		for _, column := range parent.Columns {
			column.Serial = false
			table.Columns = append(table.Columns, column)
		}
	}
}

// addColumn adds a column and its constraints.
func (a *applying) addColumn(table *Table, c statement.ColumnDefinition) {
	column := Column{
		Name: c.Name, Type: c.Type, Collation: c.Collation, NotNull: c.NotNull, Default: c.Default, HasDefault: c.Default != nil,
		Identity: c.Identity, Generated: c.Stored, NullFraction: -1,
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
	table.Columns = append(table.Columns, column)
	for _, constraint := range c.Constraints {
		a.addConstraint(table, constraint)
	}
}

// addConstraint adds a constraint, under the name that PostgreSQL would choose when it has none, and its index.
func (a *applying) addConstraint(table *Table, c statement.Constraint) {
	one := Constraint{Constraint: c, Named: c.Name != "", Validated: !c.NotValid && !c.NotEnforced}
	if c.Type == statement.ForeignKey {
		one.References = a.Resolve(c.References)
		if referenced := a.tables[one.References]; len(one.ReferencedColumns) == 0 {
			if primary, found := referenced.PrimaryKey(); found {
				one.ReferencedColumns = primary.Columns
			}
		}
	}
	if c.UsingIndex != "" {
		a.useIndex(table, &one)
		table.Constraints = append(table.Constraints, one)
		return
	}
	if one.Name == "" {
		one.Name = a.chooseConstraintName(table, one)
	} else if _, exists := table.Constraint(one.Name); exists {
		a.refuse(true, "constraint %s of %s exists already", statement.QuoteWord(one.Name), Plain(table.Name))
	}
	switch c.Type {
	case statement.PrimaryKey, statement.Unique, statement.Exclusion:
		index := Index{
			Name: statement.Name{Schema: table.Name.Schema, Name: one.Name}, Named: one.Named, Method: "btree", Unique: c.Type != statement.Exclusion,
			Constraint: one.Name, Origin: a.origin,
		}
		for _, column := range c.Columns {
			index.Keys = append(index.Keys, statement.IndexKey{Column: column, Plain: true})
		}
		table.Indexes = append(table.Indexes, index)
	}
	if c.Type == statement.PrimaryKey || c.Type == statement.NotNull && one.Validated {
		notNull(table, c.Columns)
	}
	table.Constraints = append(table.Constraints, one)
}

func notNull(table *Table, columns []string) {
	for i := range table.Columns {
		if slices.Contains(columns, table.Columns[i].Name) {
			table.Columns[i].NotNull = true
		}
	}
}

// useIndex makes an index that of a constraint, which gives it its name.
func (a *applying) useIndex(table *Table, one *Constraint) {
	place := slices.IndexFunc(table.Indexes, func(index Index) bool { return index.Name.Name == one.UsingIndex })
	if one.Name == "" {
		one.Name = one.UsingIndex
	}
	if place < 0 {
		if !table.Partial {
			a.refuse(a.Complete, "index %s does not exist", statement.QuoteWord(one.UsingIndex))
		}
		return
	}
	one.Columns = table.Indexes[place].Columns()
	table.Indexes[place].Name.Name, table.Indexes[place].Constraint = one.Name, one.Name
	if one.Type == statement.PrimaryKey {
		notNull(table, one.Columns)
	}
}

func (a *applying) createIndex(c statement.CreateIndex) {
	table := a.edit(c.Table)
	index := Index{
		Name: statement.Name{Schema: table.Name.Schema, Name: c.Name}, Named: c.Name != "", Method: c.Method, Keys: c.Keys, Include: c.Include,
		Predicate: c.Predicate, Unique: c.Unique, Origin: a.origin,
	}
	index.Origin.IfNotExists = c.IfNotExists
	if c.Name == "" {
		index.Name.Name = a.chooseIndexName(table, index)
	} else if other, _ := a.Index(index.Name); other != nil {
		if !c.IfNotExists {
			a.refuse(true, "index %s exists already", statement.QuoteWord(c.Name))
		}
		return
	}
	for _, column := range index.Columns() {
		a.needs(table, column)
	}
	table.Indexes = append(table.Indexes, index)
}

// needs refuses a column that the table does not have.
func (a *applying) needs(table *Table, column string) bool {
	if _, found := table.Column(column); found || column == "" {
		return true
	}
	if !table.Partial && !systemColumn(column) {
		a.refuse(true, "column %s of %s does not exist", statement.QuoteWord(column), Plain(table.Name))
	}
	return false
}

func systemColumn(name string) bool {
	return slices.Contains([]string{"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}, name)
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
