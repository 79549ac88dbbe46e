//go:build !cgo

package statement

import (
	"errors"
	"fmt"

	tree "github.com/pganalyze/pg_query_go/v6"
	pg_query "github.com/wasilibs/go-pgquery"
	"github.com/wasilibs/go-pgquery/parser"
)

// The functions of this file are PostgreSQL's own parser, compiled from its C source to WebAssembly. It takes seconds to start, and needs no C compiler.

func grammarParse(sql string) (result *tree.ParseResult, err error) {
	defer trap(&err)
	return pg_query.Parse(sql)
}

func grammarDeparse(result *tree.ParseResult) (text string, err error) {
	defer trap(&err)
	return pg_query.Deparse(result)
}

// grammarBlock returns the tree of a PL/pgSQL function or DO block as JSON.
func grammarBlock(sql string) (text string, err error) {
	defer trap(&err)
	return pg_query.ParsePlPgSqlToJSON(sql)
}

// trap makes an error of a panic: the stack of the WebAssembly is smaller than a thread's, and its end is one.
func trap(err *error) {
	if failed := recover(); failed != nil {
		*err = fmt.Errorf("the parser gave up: %v", failed)
	}
}

// cursor returns where the parser stopped, counted in characters from one; 0 when it does not say.
func cursor(err error) int {
	var failed *parser.Error
	if !errors.As(err, &failed) {
		return 0
	}
	return failed.Cursorpos
}
