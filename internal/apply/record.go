package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// makeRecords makes Airlock's table beside goose's, and writes into it what the files of applied migrations are now that it does not
// know: from here on it is noticed when they are edited. It returns the table's full name.
func (m *Migrator) makeRecords(ctx context.Context, applied []migration.File) (table string, err error) {
	table, moment := database.RecordTable, "text"
	if m.aside.Dialect == database.PostgreSQL {
		moment = "timestamptz"
		// goose's table may stand in a schema that is not the first of the search path.
		err := m.aside.QueryRowContext(ctx, `select coalesce((select quote_ident(n.nspname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.oid = to_regclass($1)), quote_ident(current_schema())) || '.' || $2`, database.GooseTable, database.RecordTable).Scan(&table)
		if err != nil {
			return "", database.Explain(err, m.aside.Title)
		}
	}
	if there, err := m.aside.HasTable(ctx, table); err != nil || there {
		return table, err
	}
	tx, err := m.aside.BeginTx(ctx, nil)
	if err != nil {
		return "", database.Explain(err, m.aside.Title)
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, `create table `+table+` (version bigint primary key, file text not null, sha256 text not null, statements text not null,
		applied boolean not null, down boolean not null, position integer not null, started text, at `+moment+` not null default current_timestamp)`)
	for _, file := range applied {
		if err == nil {
			_, err = tx.ExecContext(ctx, upsert(table), values(file, file.Up, true, false, len(file.Up), "")...)
		}
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return "", database.Explain(err, m.aside.Title)
	}
	return table, nil
}

// upsert writes a record in place of the one that is there.
func upsert(table string) string {
	return `insert into ` + table + ` as r (version, file, sha256, statements, applied, down, position, started) values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''))
		on conflict (version) do update set file = excluded.file, sha256 = excluded.sha256, statements = excluded.statements, applied = excluded.applied,
		down = excluded.down, position = excluded.position, started = excluded.started, at = current_timestamp`
}

func values(file migration.File, statements []migration.Statement, applied, down bool, position int, started string) []any {
	return []any{file.Version, file.Name, file.SHA256, digest(statements), applied, down, int64(position), started}
}

func digest(statements []migration.Statement) string {
	hash := sha256.New()
	for _, one := range statements {
		fmt.Fprintf(hash, "%q\n", one.SQL)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// note writes how far the file came, on the session itself, with the digest of the statements that are done.
func (g *guard) note(ctx context.Context, session database.Session, file *current, position int, started string) error {
	return session.Execute(ctx, upsert(g.run.table), values(file.file, file.statements[:position], !file.up, !file.up, position, started)...)
}

// record writes that the file is applied, or forgets it when it is taken back.
func (g *guard) record(ctx context.Context, session database.Session, file *current) error {
	if !file.up {
		return session.Execute(ctx, "delete from "+g.run.table+" where version = $1", file.file.Version)
	}
	return session.Execute(ctx, upsert(g.run.table), values(file.file, file.file.Up, true, false, len(file.file.Up), "")...)
}
