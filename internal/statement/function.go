package statement

import (
	_ "embed"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func (t *translation) createFunction(of *pg_query.CreateFunctionStmt) {
	var arguments, parameters []string
	for _, parameter := range of.Parameters {
		one := parameter.GetFunctionParameter()
		switch one.GetMode() {
		case pg_query.FunctionParameterMode_FUNC_PARAM_OUT, pg_query.FunctionParameterMode_FUNC_PARAM_TABLE:
			continue
		}
		arguments, parameters = append(arguments, t.typeName(one.GetArgType()).SQL), append(parameters, one.GetName())
	}
	object := Object{At: t.here(), Name: nameOf(texts(of.Funcname)), Arguments: strings.Join(arguments, ", "), Signed: true}
	change := CreateFunction{At: t.here(), Define: Define{At: t.here(), Kind: Function, Object: object, Replace: of.Replace, Definition: Even(t.text), Source: t.text}, Parameters: parameters, Procedure: of.IsProcedure}
	if of.ReturnType != nil {
		change.Returns, change.Set = t.typeName(of.ReturnType).SQL, of.ReturnType.Setof
	}
	for _, node := range of.Options {
		element := node.GetDefElem()
		switch element.GetDefname() {
		case "security":
			change.SecurityDefiner = element.GetArg().GetBoolean().GetBoolval()
		case "language":
			change.Language = element.GetArg().GetString_().GetSval()
		case "volatility":
			change.Steady = element.GetArg().GetString_().GetSval() != "volatile"
		case "set":
			if element.GetArg().GetVariableSetStmt().GetName() == "search_path" {
				change.SetsSearchPath = true
			}
		}
	}
	t.add(change)
}

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
			t.setsSequence(call)
			if runsText(name.Name) {
				t.add(Opaque{At: t.at(call.Location), Reason: name.Name + "() runs SQL that stands in a text"})
			}
			if !everyday(name) && name.Name != "set_config" {
				t.add(Call{At: t.at(call.Location), Name: name})
			}
		})
	}
}

// runsText tells whether a function of PostgreSQL's or of dblink runs a text as SQL.
// https://www.postgresql.org/docs/current/functions-xml.html#FUNCTIONS-XML-MAPPING
func runsText(function string) bool {
	switch function {
	case "query_to_xml", "query_to_xml_and_xmlschema", "query_to_xmlschema", "dblink", "dblink_exec", "dblink_open", "dblink_send_query":
		return true
	}
	return false
}

// forEffect notes of the calls in a part of a query that they are made for what they do, unless PostgreSQL itself or one of the extensions
// that come with it has them.
func (t *translation) forEffect(part *pg_query.Node) {
	walk(part, func(node *pg_query.Node) {
		name := nameOf(texts(node.GetFuncCall().GetFuncname()))
		if node.GetFuncCall() == nil || ofPostgreSQL(name) || answers(name) {
			return
		}
		for i, change := range t.changes {
			if call, is := change.(Call); is && call.Name == name {
				call.Effect = true
				t.changes[i] = call
			}
		}
	})
}

// answers tells whether a function is one that people give values with, of the extensions that come with PostgreSQL, and that changes
// nothing: https://www.postgresql.org/docs/current/contrib.html
func answers(function Name) bool {
	switch function.Name {
	case "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v3", "uuid_generate_v4", "uuid_generate_v5", "uuid_nil", "uuid_ns_url", "uuid_ns_dns",
		"crypt", "gen_salt", "digest", "hmac", "gen_random_bytes", "similarity", "word_similarity", "unaccent", "hstore", "levenshtein", "slice", "akeys", "avals":
		return true
	}
	return false
}

// functions are the names of all functions that PostgreSQL 15 has and SQL can call, from pg_proc, and those that came until 18.
// Behind the name of those that pg_proc declares volatile stands that word.
//
//go:embed functions.txt
var functions string

// ofPostgreSQL tells whether a function is one of PostgreSQL's own.
func ofPostgreSQL(function Name) bool {
	return function.Schema == "" && (strings.Contains("\n"+functions, "\n"+function.Name+"\n") || strings.Contains("\n"+functions, "\n"+function.Name+" volatile\n"))
}
