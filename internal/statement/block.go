package statement

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
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
	t.plpgsql(t.text, body, "a DO block")
}

// plpgsql reads a DO block or a function in PL/pgSQL. The text is the statement's, and what is its name for people.
func (t *translation) plpgsql(text, body, what string) {
	if err := checkDepth(body, true); err != nil {
		t.add(Opaque{At: t.here(), Reason: what + " that is nested too deeply to be read"})
		return
	}
	tree, err := grammarBlock(text)
	var functions []struct {
		Function map[string]any `json:"PLpgSQL_function"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(tree), &functions)
	}
	if err != nil || len(functions) != 1 {
		t.add(Opaque{At: t.here(), Reason: what + " that the parser of PL/pgSQL does not accept"})
		return
	}
	b := block{translation: t, text: text, from: max(0, strings.Index(text, body)), what: what, variables: map[string]bool{}}
	b.declare(functions[0].Function["datums"])
	// The declarations hold expressions too: a variable's first value, a cursor's query.
	b.see(functions[0].Function["datums"])
	b.see(functions[0].Function["action"])
}

// block is one body that is being read. PL/pgSQL's tree says lines only, so that each piece of SQL is looked for behind the
// one before it.
type block struct {
	*translation
	text, what string
	from       int
	// variables are the names of all that are declared, also by FOR, without those that every block has.
	variables map[string]bool
}

// declare notes the variables of a block.
func (b *block) declare(datums any) {
	list, _ := datums.([]any)
	for _, datum := range list {
		kinds, _ := datum.(map[string]any)
		for _, value := range kinds {
			fields, _ := value.(map[string]any)
			if name, isText := fields["refname"].(string); isText && !slices.Contains([]string{"found", "sqlstate", "sqlerrm"}, name) {
				b.variables[name] = true
			}
		}
	}
}

// order is that of the parts of one statement in the text, which is lost in a JSON object. Those that are not in it come last.
func order(key string) int {
	at := slices.Index([]string{
		"cond", "query", "dynquery", "expr", "sqlstmt", "argquery", "params", "lower", "upper", "step", "then_body", "elsif_list", "case_when_list", "stmts",
		"else_body", "else_stmts", "body", "exceptions",
	}, key)
	if at < 0 {
		return math.MaxInt
	}
	return at
}

// see goes through all of the tree, in the order in which things stand in the text as far as one can tell.
func (b *block) see(value any) {
	switch one := value.(type) {
	case []any:
		for _, element := range one {
			b.see(element)
		}
	case map[string]any:
		keys := slices.SortedFunc(maps.Keys(one), func(x, y string) int { return cmp.Or(cmp.Compare(order(x), order(y)), cmp.Compare(x, y)) })
		for _, key := range keys {
			if key == "dynquery" {
				b.dynamic(one[key])
			} else {
				b.node(key, one[key])
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
		b.dynamic(fields["query"])
		b.see(fields["params"])
		begin := len(b.changes)
		b.see(fields["body"])
		if kind == "PLpgSQL_stmt_dynfors" {
			b.committing(b.changes[begin:])
		}
	case "PLpgSQL_stmt_commit", "PLpgSQL_stmt_rollback":
		action := strings.TrimPrefix(kind, "PLpgSQL_stmt_")
		b.add(Transaction{At: At(b.findWord(action)), Action: action})
	case "PLpgSQL_stmt_loop", "PLpgSQL_stmt_while", "PLpgSQL_stmt_fori", "PLpgSQL_stmt_fors", "PLpgSQL_stmt_forc", "PLpgSQL_stmt_foreach_a":
		begin := len(b.changes)
		b.see(value)
		b.committing(b.changes[begin:])
	default:
		b.see(value)
	}
}

// committing notes of the changes of rows in a loop that each round is a transaction of its own, if the loop commits. One that is bound
// neither by a LIMIT nor by a variable changes all its rows in the first round.
func (b *block) committing(changes []Change) {
	if !slices.ContainsFunc(changes, func(change Change) bool { control, is := change.(Transaction); return is && control.Action == "commit" }) {
		return
	}
	for i, change := range changes {
		switch c := change.(type) {
		case Update:
			c.Looped = c.Batch || updating(c.node).bound(b.variables)
			changes[i] = c
		case Delete:
			c.Looped = c.Batch || deleting(c.node).bound(b.variables)
			changes[i] = c
		}
	}
}

// dynamic reads EXECUTE: of a literal as the SQL in it, of anything else as opaque.
func (b *block) dynamic(value any) {
	expression, _ := value.(map[string]any)
	inner, _ := expression["PLpgSQL_expr"].(map[string]any)
	query, _ := inner["query"].(string)
	place := b.find(query)
	tree, _, err := parse("SELECT " + query)
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
	fixed = fixed || b.fixed
	statements, err := parseAt(query, place, fixed)
	if err != nil {
		// An expression or an assignment, which PL/pgSQL wraps itself: it can call functions, and change nothing but by them.
		const wrapper = "SELECT "
		if _, after, assigned := strings.Cut(query, ":="); assigned {
			query = after
		}
		statements, err = parseAt(wrapper+query, place, true)
	}
	if err != nil {
		b.add(Opaque{At: At(place), Reason: "a part of " + b.what + " that the parser does not accept: " + err.Error()})
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
	return b.place()
}

// findWord is find for a word in any case.
func (b *block) findWord(word string) int {
	if place := strings.Index(strings.ToLower(b.text[b.from:]), word); place >= 0 {
		b.from += place
	}
	return b.place()
}

func (b *block) place() int {
	if b.fixed {
		return int(b.here())
	}
	return int(b.here()) + b.from
}
