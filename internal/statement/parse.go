package statement

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// maximumBytes bounds what the grammar is given at once: its tree takes some sixty times as much memory as the text.
const maximumBytes = 512 << 10

// SyntaxError is what the grammar says about a text that it does not accept.
type SyntaxError struct {
	Message string
	// Offset is where, in bytes.
	Offset int
}

// Error implements error.
func (s *SyntaxError) Error() string { return s.Message }

// Parse reads SQL, one statement or several. What PostgreSQL's grammar does not accept is a *SyntaxError; a text that is too
// large for it is one too, unless it is one INSERT of literal rows.
func Parse(sql string) ([]Statement, error) { return parseAt(sql, 0, false) }

// parseAt reads SQL that stands at an offset of a larger text; with fixed all of it counts as being there.
func parseAt(sql string, base int, fixed bool) ([]Statement, error) {
	if len(sql) > largeInsert {
		if insert, known := readInsert(sql); known {
			return []Statement{insert}, nil
		}
	}
	if len(sql) > maximumBytes {
		return nil, &SyntaxError{
			Message: fmt.Sprintf("the statement has %d bytes, and at most %d are read of one that is not an INSERT of plain values", len(sql), maximumBytes),
			Offset:  FirstToken(sql),
		}
	}
	tree, found, err := parse(sql)
	if err != nil {
		return nil, err
	}
	statements := make([]Statement, 0, len(tree.Stmts))
	for _, raw := range tree.Stmts {
		start, end := int(raw.StmtLocation), len(sql)
		if raw.StmtLen > 0 {
			end = min(end, start+int(raw.StmtLen))
		}
		start += FirstToken(sql[start:end])
		one := Statement{Text: strings.TrimRight(sql[start:end], " \t\r\n;"), Offset: start, End: end}
		t := translation{text: one.Text, start: start, base: base, fixed: fixed, later: found}
		if do := raw.Stmt.GetDoStmt(); do != nil {
			one.Block = true
			t.doBlock(do)
		} else {
			t.statement(raw.Stmt)
		}
		one.Changes = t.changes
		one.IfExists = raw.Stmt.GetAlterTableStmt().GetMissingOk() || raw.Stmt.GetAlterObjectSchemaStmt().GetMissingOk() || raw.Stmt.GetRenameStmt().GetMissingOk()
		statements = append(statements, one)
	}
	return statements, nil
}

// parse calls the grammar, a second time without what only PostgreSQL 18 knows.
func parse(sql string) (*pg_query.ParseResult, map[int]later, error) {
	if err := checkDepth(sql, false); err != nil {
		return nil, nil, err
	}
	tree, err := grammarParse(sql)
	if err == nil {
		return tree, nil, nil
	}
	if rewritten, found := rewrite(sql); rewritten != sql {
		if tree, err := grammarParse(rewritten); err == nil {
			return tree, found, nil
		}
	}
	failed := &SyntaxError{Message: err.Error()}
	if place := cursor(err); place > 0 {
		failed.Offset = byteOffset(sql, place-1)
	}
	return nil, nil, failed
}

// byteOffset turns an offset in characters into one in bytes.
func byteOffset(text string, characters int) int {
	for offset := range text {
		if characters == 0 {
			return offset
		}
		characters--
	}
	return len(text)
}

// translation turns one parsed statement into changes.
type translation struct {
	// text is the statement, start where it begins in what was parsed, base where that stands in a larger text.
	text        string
	start, base int
	// fixed tells that offsets inside the text mean nothing outside of it.
	fixed   bool
	later   map[int]later
	changes []Change
}

func (t *translation) add(change Change) { t.changes = append(t.changes, change) }

// here returns where the statement begins.
func (t *translation) here() At { return t.at(0) }

// at returns the place of a node: its own, or the beginning of the statement when it has none.
func (t *translation) at(location int32) At {
	if t.fixed {
		return At(t.base)
	}
	return At(t.base + max(int(location), t.start))
}

// laterBetween tells whether a form of PostgreSQL 18 stood between two offsets.
func (t *translation) laterBetween(from, to int, what later) bool {
	for offset, found := range t.later {
		if found == what && offset >= from && offset < to {
			return true
		}
	}
	return false
}
