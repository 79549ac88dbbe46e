package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// automatic are the types that values become without USING, beside text of any kind, which all of them become: the assignment and implicit
// casts of pg_cast of PostgreSQL 15. Of other types this is not known.
func automatic(from string) (to string, known bool) {
	to, known = map[string]string{
		"int2": "int4 int8 numeric float4 float8", "int4": "int2 int8 numeric float4 float8 money", "int8": "int2 int4 numeric float4 float8 money",
		"numeric": "int2 int4 int8 float4 float8 money", "float4": "int2 int4 int8 numeric float8", "float8": "int2 int4 int8 numeric float4",
		"money": "numeric", "date": "timestamp timestamptz", "timestamp": "date time timestamptz", "timestamptz": "date time timestamp timetz",
		"time": "interval timetz", "timetz": "time", "interval": "time", "json": "jsonb", "jsonb": "json", "inet": "cidr", "cidr": "inet",
		"bool": "", "uuid": "", "bytea": "", "text": "", "varchar": "", "bpchar": "",
	}[from]
	return to, known
}

// becomes tells whether PostgreSQL makes values of one type those of another by itself, and whether that is certain.
func (a *applying) becomes(from, to statement.TypeName) (able, certain bool) {
	kind := func(of statement.TypeName) string {
		if of.Name.Schema == "" && builtIn(of.Name.Name) {
			return of.Name.Name
		}
		if a.objects.has(key{kind: statement.Enum, name: a.resolveType(of.Name)}) {
			return "enum " + Plain(a.resolveType(of.Name))
		}
		return ""
	}
	source, target := kind(from), kind(to)
	enums := strings.HasPrefix(source, "enum ") || strings.HasPrefix(target, "enum ")
	targets, known := automatic(source)
	_, targetKnown := automatic(target)
	switch {
	case a.casts || !known && !strings.HasPrefix(source, "enum ") || !targetKnown && !strings.HasPrefix(target, "enum "):
		return true, false
	case slices.Contains([]string{"text", "varchar", "bpchar"}, target) && !to.Array:
		return true, true
	case from.Array != to.Array:
		return false, true
	case enums:
		return source == target || slices.Contains([]string{"text", "varchar", "bpchar"}, target), true
	}
	return source == target || slices.Contains([]string{"text", "varchar", "bpchar"}, target) || slices.Contains(strings.Fields(targets), target), true
}

// retype refuses another type for a column that PostgreSQL cannot give it.
func (a *applying) retype(table *Table, c statement.SetType) {
	column, known := table.Column(c.Column)
	if !known || column.Type.Name.Name == "" {
		return
	}
	if able, certain := a.becomes(column.Type, c.Type); !able && c.Using == nil {
		a.refuse(certain, "%s does not become %s by itself: column %s of %s needs USING", column.Type.SQL, c.Type.SQL, statement.QuoteWord(c.Column), Plain(table.Name))
	} else if able, certain := a.becomes(column.defaultFor, c.Type); !able && column.Default != nil && column.Default.Constant && !column.Default.Null {
		a.refuse(certain, "the default of column %s of %s does not become %s by itself: DROP DEFAULT has to come first", statement.QuoteWord(c.Column), Plain(table.Name), c.Type.SQL)
	}
	for _, one := range table.Constraints {
		if place := slices.Index(one.Columns, c.Column); one.Type == statement.ForeignKey && place >= 0 && one.References != table.Name {
			referenced, _ := a.tables.get(one.References)
			a.pointing(c.Type, referenced.keyed(one, place), one, table)
		}
	}
	for _, one := range a.referring(table.Name) {
		for place := range one.constraint.Columns {
			if key, found := table.referenced(one.constraint, place); found && key.Name == c.Column {
				own, _ := one.table.Column(one.constraint.Columns[place])
				a.pointing(own.Type, c.Type, one.constraint, one.table)
			}
		}
	}
}

// keyed returns the type of the column that a foreign key points to with one of its columns; without a name where it is not known.
func (t *Table) keyed(foreign Constraint, place int) statement.TypeName {
	column, _ := t.referenced(foreign, place)
	return column.Type
}

// referenced returns the column that a foreign key points to with one of its columns.
func (t *Table) referenced(foreign Constraint, place int) (Column, bool) {
	columns := foreign.ReferencedColumns
	if len(columns) == 0 {
		primary, _ := t.PrimaryKey()
		columns = primary.Columns
	}
	if t == nil || place >= len(columns) {
		return Column{}, false
	}
	return t.Column(columns[place])
}

// pointing refuses a foreign key between types that no operator compares.
func (a *applying) pointing(from, to statement.TypeName, foreign Constraint, table *Table) {
	family := func(of statement.TypeName) string {
		if of.Array || of.Name.Schema != "" {
			return ""
		}
		return map[string]string{
			"int2": "number", "int4": "number", "int8": "number", "text": "text", "varchar": "text", "bpchar": "text", "uuid": "uuid",
			"date": "time", "timestamp": "time", "timestamptz": "time", "bool": "bool",
		}[of.Name.Name]
	}
	if one, other := family(from), family(to); one != "" && other != "" && one != other {
		a.refuse(true, "the foreign key %s of %s would compare %s with %s, which PostgreSQL does not", statement.QuoteWord(foreign.Name), Plain(table.Name), from.SQL, to.SQL)
	}
}
