package database

import "context"

// Where goose and Airlock keep what is applied. Both tables stand in one schema of the database that is migrated.
const (
	// GooseTable is goose's default: https://pkg.go.dev/github.com/pressly/goose/v3#pkg-constants
	GooseTable = "goose_db_version"
	// RecordTable is Airlock's own, with what goose does not keep: the files' hashes, and how far a file came that is no transaction.
	RecordTable = "airlock_migrations"
)

// HasTable tells whether there is a table of a name, which on PostgreSQL may have its schema before it; without, it is looked for where
// search_path says.
func (d *Database) HasTable(ctx context.Context, name string) (there bool, err error) {
	query := "select to_regclass($1) is not null"
	if d.Dialect == SQLite {
		query = "select count(*) > 0 from sqlite_schema where type = 'table' and name = $1"
	}
	if err := d.QueryRowContext(ctx, query, name).Scan(&there); err != nil {
		return false, Explain(err, d.Title)
	}
	return there, nil
}

// Records tells whether a table keeps what is applied, and is none of the application's.
func Records(table string) bool { return table == GooseTable || table == RecordTable }
