package fingerprint

import (
	"context"
	"database/sql"
	"errors"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// settings are those that the text of a value or of a definition depends on, and row_security, with which a policy that would hide rows is an error.
// https://www.postgresql.org/docs/current/runtime-config-client.html
const settings = `SET LOCAL search_path = pg_catalog; SET LOCAL "DateStyle" = 'ISO, YMD'; SET LOCAL "IntervalStyle" = 'postgres';
SET LOCAL "TimeZone" = 'UTC'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C';
SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on; SET LOCAL client_encoding = 'UTF8';
SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL jit = off`

// session is one connection inside a transaction that only reads.
type session struct {
	connection *sql.Conn
	tx         *sql.Tx
}

// begin opens a session that sees what a snapshot shows; an empty one is its own.
func begin(ctx context.Context, db *database.Database, snapshot string) (*session, error) {
	connection, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := connection.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	s := &session{connection, tx}
	if snapshot != "" {
		// It has to be the first statement: https://www.postgresql.org/docs/current/sql-set-transaction.html
		if _, err := tx.ExecContext(ctx, "SET TRANSACTION SNAPSHOT "+literal(snapshot)); err != nil {
			return nil, errors.Join(err, s.end())
		}
	}
	if _, err := tx.ExecContext(ctx, settings); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *session) end() error { return errors.Join(s.tx.Rollback(), s.connection.Close()) }

func export(ctx context.Context, db *database.Database) (*session, string, error) {
	s, err := begin(ctx, db, "")
	if err != nil {
		return nil, "", err
	}
	var snapshot string
	if err := s.tx.QueryRowContext(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
		return nil, "", errors.Join(err, s.end())
	}
	return s, snapshot, nil
}
