//go:build cgo

package statement

import (
	"errors"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

// The functions of this file are PostgreSQL's own parser, compiled from its C source.

func grammarParse(sql string) (*pg_query.ParseResult, error) { return pg_query.Parse(sql) }

func grammarDeparse(result *pg_query.ParseResult) (string, error) { return pg_query.Deparse(result) }

// grammarBlock returns the tree of a PL/pgSQL function or DO block as JSON.
func grammarBlock(sql string) (string, error) { return pg_query.ParsePlPgSqlToJSON(sql) }

// cursor returns where the parser stopped, counted in characters from one; 0 when it does not say.
func cursor(err error) int {
	var failed *parser.Error
	if !errors.As(err, &failed) {
		return 0
	}
	return failed.Cursorpos
}
