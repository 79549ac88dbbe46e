package database

import (
	"context"
	"database/sql"
)

// Texts returns the first column of all rows that a query finds; from is a pool, a connection or a transaction.
func Texts(ctx context.Context, from interface {
	QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error)
}, query string, arguments ...any) ([]string, error) {
	rows, err := from.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
