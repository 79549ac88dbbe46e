package statement

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// SQL returns the expression as PostgreSQL's own parser prints it.
func (e *Expression) SQL() string {
	if e == nil || e.node == nil {
		return ""
	}
	return deparseExpression(e.node)
}

// deparseExpression prints one expression, which the parser does only as part of a statement.
func deparseExpression(node *pg_query.Node) string {
	target := &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Val: node}}}
	return strings.TrimPrefix(deparse(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: &pg_query.SelectStmt{TargetList: []*pg_query.Node{target}}}}), "SELECT ")
}

// treeVersion is the version of the trees that the parser makes and the printer takes.
const treeVersion = 170007

// deparse prints a statement; what the printer cannot print is an empty string.
func deparse(node *pg_query.Node) string {
	text, err := grammarDeparse(&pg_query.ParseResult{Version: treeVersion, Stmts: []*pg_query.RawStmt{{Stmt: node}}})
	if err != nil {
		return ""
	}
	return text
}

// expression reads an expression; nil stays nil.
func (t *translation) expression(node *pg_query.Node) *Expression {
	if node == nil {
		return nil
	}
	result := &Expression{At: t.at(locationOf(node)), node: node}
	result.Constant, result.Null = constant(node)
	if result.Constant {
		return result
	}
	walk(node, func(inner *pg_query.Node) {
		if call := inner.GetFuncCall(); call != nil {
			result.Functions = append(result.Functions, nameOf(texts(call.Funcname)))
		}
		if column := inner.GetColumnRef(); column != nil {
			if parts := texts(column.Fields); len(parts) > 0 {
				result.Columns = append(result.Columns, parts[len(parts)-1])
			}
		}
	})
	result.Volatile = slices.ContainsFunc(result.Functions, Volatile)
	return result
}

// Casts returns the types that an expression casts a column to, one after the other; no column when it is anything else.
func (e *Expression) Casts() (column string, types []TypeName) {
	if e == nil {
		return "", nil
	}
	node := e.node
	for ; node.GetTypeCast() != nil; node = node.GetTypeCast().Arg {
		types = slices.Insert(types, 0, new(translation).typeName(node.GetTypeCast().TypeName))
	}
	parts := texts(node.GetColumnRef().GetFields())
	if len(parts) == 0 {
		return "", nil
	}
	return parts[len(parts)-1], types
}

// constant tells whether a node is a literal, possibly behind casts or a sign, and whether it is NULL.
func constant(node *pg_query.Node) (is, null bool) {
	switch {
	case node.GetAConst() != nil:
		return true, node.GetAConst().Isnull
	case node.GetTypeCast() != nil:
		return constant(node.GetTypeCast().Arg)
	case node.GetCollateClause() != nil:
		return constant(node.GetCollateClause().Arg)
	case node.GetAExpr() != nil:
		sign := node.GetAExpr()
		if sign.Lexpr == nil && slices.Equal(texts(sign.Name), []string{"-"}) {
			return constant(sign.Rexpr)
		}
	case node.GetAArrayExpr() != nil:
		for _, element := range node.GetAArrayExpr().Elements {
			if is, _ := constant(element); !is {
				return false, false
			}
		}
		return true, false
	}
	return false, false
}

// Volatile tells whether a function may answer differently for each row: one that PostgreSQL declares volatile, and one that
// it does not have, because CREATE FUNCTION declares them volatile unless told otherwise.
// https://www.postgresql.org/docs/current/xfunc-volatility.html
func Volatile(function Name) bool {
	return function.Schema != "" || !everyday(function) && !strings.Contains("\n"+functions, "\n"+function.Name+"\n")
}

// everyday tells whether a name is that of a function that is not volatile and not worth a look, unless one of the user's own hides it.
func everyday(function Name) bool {
	return function.Schema == "" && (strings.Contains(steady, " "+function.Name+" ") || strings.Contains(steady, " "+function.Name+"\n"))
}

// steady are the functions of PostgreSQL's and its extensions that people write everywhere: of those with another name a call is noted,
// because a function of the user's own with other arguments can go by the name of one of PostgreSQL's.
const steady = ` abs age array_append array_cat array_length array_prepend array_remove array_to_json array_to_string ascii btrim
 cardinality ceil ceiling char_length character_length chr coalesce concat concat_ws convert_from convert_to current_database
 current_schema current_schemas current_setting current_user date date_part date_trunc decode div encode exp extract floor format
 generate_subscripts greatest hashtext host hstore initcap inet int4range int8range numrange tsrange tstzrange daterange
 isfinite json_build_array json_build_object json_object jsonb_build_array jsonb_build_object jsonb_object jsonb_set
 jsonb_strip_nulls json_strip_nulls left length ln localtimestamp log lower lpad ltrim make_date make_interval make_time
 make_timestamp make_timestamptz md5 mod network now nullif numnode octet_length overlay pg_client_encoding point position power quote_ident
 quote_literal regexp_match regexp_replace repeat replace reverse right round row_to_json rpad rtrim session_user setweight sha224
 sha256 sha384 sha512 sign split_part sqrt starts_with statement_timestamp string_to_array strpos strip substr substring text timezone
 to_ascii to_char to_date to_hex to_json to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector plainto_tsquery
 transaction_timestamp translate trim trunc tsvector_to_array unaccent upper user version width_bucket
 jsonb_extract_path jsonb_extract_path_text json_extract_path json_extract_path_text jsonb_array_length json_array_length jsonb_typeof json_typeof
 array_fill array_position array_ndims least bit_length get_bit get_byte masklen netmask broadcast lower_inc upper_inc isempty justify_days
 justify_hours justify_interval date_bin num_nonnulls num_nulls pg_typeof obj_description col_description format_type uuid_nil
 jsonb_path_exists jsonb_path_query_first cbrt factorial gcd lcm numeric float4 float8 int2 int4 int8 bool varchar bpchar interval timestamptz timestamp `

// reads returns the tables that a query reads, without the names of its WITH queries.
func reads(query *pg_query.Node) []Name {
	var found []Name
	var own []string
	walk(query, func(node *pg_query.Node) {
		if table := node.GetRangeVar(); table != nil && !slices.Contains(found, relation(table)) {
			found = append(found, relation(table))
		}
		if common := node.GetCommonTableExpr(); common != nil {
			own = append(own, common.Ctename)
		}
	})
	return slices.DeleteFunc(found, func(name Name) bool { return name.Schema == "" && slices.Contains(own, name.Name) })
}

// used returns the functions that expressions or a query call, and the columns that they look at: none where a query is in them, whose
// columns may be those of another table.
func used(nodes ...*pg_query.Node) (functions []Name, columns []string) {
	query := false
	for _, node := range nodes {
		walk(node, func(inner *pg_query.Node) {
			if call := inner.GetFuncCall(); call != nil {
				functions = append(functions, nameOf(texts(call.Funcname)))
			}
			if parts := texts(inner.GetColumnRef().GetFields()); len(parts) > 0 {
				columns = append(columns, parts[len(parts)-1])
			}
			query = query || inner.GetSelectStmt() != nil || inner.GetSubLink() != nil
		})
	}
	if query {
		columns = nil
	}
	return functions, columns
}

// locationOf returns where an expression begins, as far as the parser says it.
func locationOf(node *pg_query.Node) int32 {
	first := int32(-1)
	walk(node, func(inner *pg_query.Node) {
		var place int32 = -1
		switch one := inner.Node.(type) {
		case *pg_query.Node_AConst:
			place = one.AConst.Location
		case *pg_query.Node_ColumnRef:
			place = one.ColumnRef.Location
		case *pg_query.Node_FuncCall:
			place = one.FuncCall.Location
		case *pg_query.Node_TypeCast:
			place = one.TypeCast.Location
		case *pg_query.Node_SqlvalueFunction:
			place = one.SqlvalueFunction.Location
		case *pg_query.Node_AArrayExpr:
			place = one.AArrayExpr.Location
		case *pg_query.Node_CaseExpr:
			place = one.CaseExpr.Location
		}
		if place > 0 && (first < 0 || place < first) {
			first = place
		}
	})
	return first
}
