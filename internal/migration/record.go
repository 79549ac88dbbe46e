package migration

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Record is what Airlock keeps of a migration beside goose's row: what the file was when it ran, and how far it came when it is no
// single transaction.
type Record struct {
	Version int64
	// File is its name, SHA256 the digest of its bytes, Statements that of the statements that are done, with variables filled in.
	File, SHA256, Statements string
	// Applied is written together with goose's row. When goose's row went since, something else took the migration down.
	Applied bool
	// Down tells that it is being taken down; Position is then that of the down section.
	Down bool
	// Position is how many statements are done, in the file's order.
	Position int
	// Started says of a statement that began and of which it was not noted that it ended what was there before; empty for none.
	Started string
}

// Half tells that the migration stopped halfway: a part of it is in the database.
func (r Record) Half() bool {
	return (r.Position > 0 || r.Started != "") && (r.Down || !r.Applied)
}

// HalfDone is a migration that stopped halfway.
type HalfDone struct {
	File   File
	Record Record
}

// ReadRecords reads what Airlock keeps, by version. A database in which goose alone worked has none.
func ReadRecords(ctx context.Context, db *database.Database) (map[int64]Record, error) {
	records := map[int64]Record{}
	if found, err := db.HasTable(ctx, database.RecordTable); err != nil || !found {
		return records, err
	}
	// Whoever may only read was granted goose's table, and not always this one.
	var refused *pgconn.PgError
	rows, err := db.QueryContext(ctx, "select version, file, sha256, statements, applied, down, position, started from "+database.RecordTable)
	switch {
	case errors.As(err, &refused) && refused.Code == "42501":
		return records, nil
	case err != nil:
		return nil, database.Explain(err, db.Title)
	}
	defer rows.Close()
	for rows.Next() {
		var one Record
		var started sql.NullString
		if err := rows.Scan(&one.Version, &one.File, &one.SHA256, &one.Statements, &one.Applied, &one.Down, &one.Position, &started); err != nil {
			return nil, err
		}
		one.Started = started.String
		records[one.Version] = one
	}
	return records, rows.Err()
}
