package statement

import (
	"encoding/json"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// doBlock reads the body of a DO block: its static SQL as changes, and what it builds at run time as opaque.
func (t *translation) doBlock(of *pg_query.DoStmt) {
	language, body := "plpgsql", ""
	for _, node := range of.Args {
		switch element := node.GetDefElem(); element.GetDefname() {
		case "language":
			language = element.GetArg().GetString_().GetSval()
		case "as":
			body = element.GetArg().GetString_().GetSval()
		}
	}
	if language != "plpgsql" {
		t.add(Opaque{At: t.here(), Reason: "a DO block in " + language})
		return
	}
	tree, err := grammarBlock(t.text)
	var functions []struct {
		Function json.RawMessage `json:"PLpgSQL_function"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(tree), &functions)
	}
	if err != nil || len(functions) != 1 {
		t.add(Opaque{At: t.here(), Reason: "a DO block that the parser of PL/pgSQL does not accept"})
		return
	}
	b := block{translation: t, from: max(0, strings.Index(t.text, body))}
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(functions[0].Function)))
	if err := decoder.Decode(&value); err != nil {
		t.add(Opaque{At: t.here(), Reason: "a DO block that the parser of PL/pgSQL does not accept"})
		return
	}
	// The declarations hold expressions too: a variable's first value.
	function, _ := value.(map[string]any)
	b.see(function["datums"])
	b.see(function["action"])
}

// block is one body that is being read. PL/pgSQL's tree says lines only, so that each piece of SQL is looked for behind the
// one before it.
type block struct {
	*translation
	from int
}

// see goes through the tree, in the order in which things stand in the text.
func (b *block) see(value any) {
	switch one := value.(type) {
	case []any:
		for _, element := range one {
			b.see(element)
		}
	case map[string]any:
		// The order of keys in JSON objects is lost; the parts of one statement are few, and these come in this order.
		for _, key := range []string{"cond", "query", "expr", "sqlstmt", "lower", "upper", "step", "argquery", "then_body", "elsif_list", "case_when_list", "stmts", "else_body", "else_stmts", "body", "exceptions"} {
			if inner, found := one[key]; found {
				b.see(inner)
			}
		}
		for key, inner := range one {
			if strings.HasPrefix(key, "PLpgSQL_") {
				b.node(key, inner)
			} else if key == "default_val" || key == "action" {
				b.see(inner)
			}
		}
	}
}

// node reads one node of the tree by its name.
func (b *block) node(kind string, value any) {
	fields, _ := value.(map[string]any)
	switch kind {
	case "PLpgSQL_expr":
		if query, isText := fields["query"].(string); isText {
			b.piece(query)
		}
	case "PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors":
		b.dynamic(fields)
		b.see(fields["body"])
	default:
		b.see(fields)
	}
}

// dynamic reads EXECUTE: of a literal as the SQL in it, of anything else as opaque.
func (b *block) dynamic(fields map[string]any) {
	expression, _ := fields["query"].(map[string]any)
	inner, _ := expression["PLpgSQL_expr"].(map[string]any)
	query, _ := inner["query"].(string)
	place := b.find(query)
	tree, err := grammarParse("SELECT " + query)
	if err == nil && len(tree.Stmts) == 1 {
		targets := tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()
		if len(targets) == 1 {
			if text := targets[0].GetResTarget().GetVal().GetAConst().GetSval(); text != nil {
				b.read(text.Sval, place, true)
				return
			}
		}
	}
	b.add(Opaque{At: At(place), Reason: "EXECUTE of SQL that is put together at run time"})
}

// piece reads one expression or statement of the body.
func (b *block) piece(query string) { b.read(query, b.find(query), false) }

func (b *block) read(query string, place int, fixed bool) {
	statements, err := parseAt(query, place, fixed)
	if err != nil {
		// An expression or an assignment, which PL/pgSQL wraps itself: it can call functions, and change nothing else.
		const wrapper = "SELECT "
		if _, after, assigned := strings.Cut(query, ":="); assigned {
			query = after
		}
		statements, err = parseAt(wrapper+query, place, true)
	}
	if err != nil {
		b.add(Opaque{At: At(place), Reason: "a part of a DO block that the parser does not accept: " + err.Error()})
	}
	for _, one := range statements {
		b.changes = append(b.changes, one.Changes...)
	}
}

// find returns where a piece of SQL stands in the larger text, and goes on from there.
func (b *block) find(query string) int {
	if place := strings.Index(b.text[b.from:], query); place >= 0 && query != "" {
		b.from += place
	}
	return int(b.here()) + b.from
}
