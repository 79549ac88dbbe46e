package statement

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// texts returns the strings of a list of String nodes.
func texts(nodes []*pg_query.Node) []string {
	var all []string
	for _, node := range nodes {
		if text := node.GetString_(); text != nil {
			all = append(all, text.Sval)
		}
	}
	return all
}

// nameOf joins the parts of a qualified name; pg_catalog is left out, and so is the database.
func nameOf(parts []string) Name {
	switch len(parts) {
	case 0:
		return Name{}
	case 1:
		return Name{Name: parts[0]}
	}
	schema := parts[len(parts)-2]
	if schema == "pg_catalog" {
		schema = ""
	}
	return Name{Schema: schema, Name: parts[len(parts)-1]}
}

func relation(of *pg_query.RangeVar) Name {
	if of == nil {
		return Name{}
	}
	return Name{Schema: of.Schemaname, Name: of.Relname}
}

// kindOf names an object type.
func kindOf(of pg_query.ObjectType) Kind {
	switch of {
	case pg_query.ObjectType_OBJECT_MATVIEW:
		return MaterializedView
	case pg_query.ObjectType_OBJECT_TABCONSTRAINT, pg_query.ObjectType_OBJECT_DOMCONSTRAINT:
		return ConstraintKind
	case pg_query.ObjectType_OBJECT_PROCEDURE, pg_query.ObjectType_OBJECT_ROUTINE:
		return Function
	}
	return Kind(strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(of.String(), "OBJECT_")), "_", " "))
}

// typeName reads the name of a type.
func (t *translation) typeName(of *pg_query.TypeName) TypeName {
	if of == nil {
		return TypeName{At: t.here()}
	}
	result := TypeName{At: t.at(of.Location), Name: nameOf(texts(of.Names)), Array: len(of.ArrayBounds) > 0}
	for _, modifier := range of.Typmods {
		if number := modifier.GetAConst().GetIval(); number != nil {
			result.Modifiers = append(result.Modifiers, int(number.Ival))
		}
	}
	if result.Name.Schema == "" {
		result.Name.Name = builtIn(result.Name.Name)
	}
	result.SQL = typeText(result)
	return result
}

// builtIn returns PostgreSQL's internal name of a type that has several.
func builtIn(name string) string {
	switch name {
	case "int", "integer":
		return "int4"
	case "bigint":
		return "int8"
	case "smallint":
		return "int2"
	case "boolean":
		return "bool"
	case "decimal":
		return "numeric"
	case "real":
		return "float4"
	case "serial":
		return "serial4"
	case "bigserial":
		return "serial8"
	case "smallserial":
		return "serial2"
	}
	return name
}

// typeText returns a type as people write it.
func typeText(of TypeName) string {
	base, suffix := Quote(of.Name), ""
	if of.Name.Schema == "" {
		if reserved(of.Name.Name) {
			base = of.Name.Name // A word that is reserved because it names a type.
		}
		switch of.Name.Name {
		case "int4":
			base = "integer"
		case "int8":
			base = "bigint"
		case "int2":
			base = "smallint"
		case "bool":
			base = "boolean"
		case "float4":
			base = "real"
		case "float8":
			base = "double precision"
		case "bpchar":
			base = "char"
		case "serial4":
			base = "serial"
		case "serial8":
			base = "bigserial"
		case "serial2":
			base = "smallserial"
		case "timetz":
			base, suffix = "time", " with time zone"
		}
	}
	// The modifiers of interval are a code for its fields, of which this one is all, and the digits of the seconds.
	if all := 0x7fff; of.Name.Name == "interval" && len(of.Modifiers) == 2 && of.Modifiers[0] == all {
		base += "(" + strconv.Itoa(of.Modifiers[1]) + ")"
	} else if len(of.Modifiers) > 0 && of.Name.Name != "interval" {
		numbers := make([]string, len(of.Modifiers))
		for i, modifier := range of.Modifiers {
			numbers[i] = strconv.Itoa(modifier)
		}
		base += "(" + strings.Join(numbers, ",") + ")"
	}
	if base += suffix; of.Array {
		base += "[]"
	}
	return base
}

// Quote returns a name as SQL, quoted where it must be.
func Quote(name Name) string {
	if name.Schema == "" {
		return QuoteWord(name.Name)
	}
	return QuoteWord(name.Schema) + "." + QuoteWord(name.Name)
}

// QuoteWord returns one identifier as SQL, quoted where it must be.
func QuoteWord(name string) string {
	plain := name != "" && !isDigit(name[0]) && !reserved(name)
	for i := 0; i < len(name) && plain; i++ {
		plain = name[i] == '_' || isDigit(name[i]) || name[i] >= 'a' && name[i] <= 'z'
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// QuoteWords returns identifiers as SQL, separated by commas.
func QuoteWords(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = QuoteWord(name)
	}
	return strings.Join(quoted, ", ")
}

// reserved tells whether a word cannot be a column's or a table's name without quotes:
// https://www.postgresql.org/docs/current/sql-keywords-appendix.html
func reserved(name string) bool {
	switch name {
	case "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both", "case",
		"cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
		"current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "default", "deferrable",
		"desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group",
		"having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like",
		"limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer",
		"overlaps", "placing", "primary", "references", "returning", "right", "select", "session_user", "similar", "some", "symmetric",
		"system_user", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose",
		"when", "where", "window", "with", "between", "bigint", "bit", "boolean", "char", "character", "coalesce", "dec", "decimal",
		"exists", "extract", "float", "greatest", "grouping", "inout", "int", "integer", "interval", "least", "national", "nchar", "none",
		"normalize", "nullif", "numeric", "out", "overlay", "position", "precision", "real", "row", "setof", "smallint", "substring",
		"time", "timestamp", "treat", "trim", "values", "varchar", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
		"xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable", "json", "json_array", "json_arrayagg", "json_exists",
		"json_object", "json_objectagg", "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "merge_action":
		return true
	}
	return false
}
