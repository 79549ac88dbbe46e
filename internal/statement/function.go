package statement

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Body reads the body of a function or procedure, from the text of the CREATE statement that makes it, and returns what a call
// at a place does. What cannot be known is Opaque.
func Body(create string, at int) []Change {
	t := translation{text: create, base: at, fixed: true}
	tree, found, err := parse(create)
	if err != nil || len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetCreateFunctionStmt() == nil {
		return []Change{Opaque{At: At(at), Reason: "a function whose definition the parser does not accept"}}
	}
	t.later = found
	of := tree.Stmts[0].Stmt.GetCreateFunctionStmt()
	called := "the function " + Quote(nameOf(texts(of.Funcname)))
	language, body := "sql", ""
	for _, node := range of.Options {
		switch element := node.GetDefElem(); element.GetDefname() {
		case "language":
			language = strings.ToLower(element.GetArg().GetString_().GetSval())
		case "as":
			if parts := texts(element.GetArg().GetList().GetItems()); len(parts) == 1 {
				body = parts[0]
			}
		}
	}
	switch {
	case of.SqlBody != nil:
		t.atomic(of.SqlBody)
	case language == "plpgsql":
		t.plpgsql(create, body, called)
	case language == "sql":
		statements, err := parseAt(body, at, true)
		if err != nil {
			t.add(Opaque{At: At(at), Reason: called + ", whose body the parser does not accept: " + err.Error()})
		}
		for _, one := range statements {
			t.changes = append(t.changes, one.Changes...)
		}
	default:
		t.add(Opaque{At: At(at), Reason: called + ", which is written in " + language})
	}
	return t.changes
}

// atomic reads a body that stands in the statement itself: RETURN, or BEGIN ATOMIC … END, which is a list of lists.
func (t *translation) atomic(node *pg_query.Node) {
	switch {
	case node.GetList() != nil:
		for _, item := range node.GetList().Items {
			t.atomic(item)
		}
	case node.GetReturnStmt() != nil:
		t.calls(node.GetReturnStmt().Returnval)
	case node.GetNode() != nil:
		t.statement(node)
	}
}

// calls notes the functions that a query or an expression runs, and what set_config() sets.
func (t *translation) calls(nodes ...*pg_query.Node) {
	for _, node := range nodes {
		walk(node, func(inner *pg_query.Node) {
			call := inner.GetFuncCall()
			if call == nil {
				return
			}
			name := nameOf(texts(call.Funcname))
			if name.Name == "set_config" && len(call.Args) == 3 {
				t.add(Set{At: t.at(call.Location), Name: constantText(call.Args[0]), Value: constantText(call.Args[1]), Local: constantText(call.Args[2]) == "true" || constantText(call.Args[2]) == "t"})
			}
			if runsText(name.Name) {
				t.add(Opaque{At: t.at(call.Location), Reason: name.Name + "() runs SQL that stands in a text"})
			}
			if !steadily(name) && name.Name != "set_config" {
				t.add(Call{At: t.at(call.Location), Name: name})
			}
		})
	}
}

// runsText tells whether a function of PostgreSQL's or of dblink runs a text as SQL.
// https://www.postgresql.org/docs/current/functions-xml.html#FUNCTIONS-XML-MAPPING
func runsText(function string) bool {
	return strings.HasPrefix(function, "query_to_xml") || function == "dblink_exec" || function == "dblink_send_query"
}

// forEffect notes of a call that the statement is made for what it does.
func (t *translation) forEffect(call Call) {
	for i, change := range t.changes {
		if change == Change(call) {
			call.Effect = true
			t.changes[i] = call
			return
		}
	}
}

// ofPostgreSQL tells whether a function that is called for its effect is one of PostgreSQL's own.
func ofPostgreSQL(function Name) bool {
	if steadily(function) {
		return true
	}
	if function.Schema != "" {
		return false
	}
	for _, prefix := range []string{"pg_", "lo_", "txid_", "ts_", "xml", "json", "array_", "has_", "inet_", "current", "binary_upgrade_"} {
		if strings.HasPrefix(function.Name, prefix) {
			return true
		}
	}
	switch function.Name {
	case "setval", "nextval", "currval", "lastval", "set_config", "setseed", "random", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp",
		"timeofday", "count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every", "string_agg", "generate_series", "unnest", "query_to_xml", "cursor_to_xml",
		"loread", "lowrite", "makeaclitem", "suppress_redundant_updates_trigger", "row_security_active", "to_regtype", "to_regproc", "to_regnamespace", "to_regrole":
		return true
	}
	return false
}
