package database

// Where goose and Airlock keep what is applied. Both tables stand in one schema of the database that is migrated.
const (
	// GooseTable is goose's default: https://pkg.go.dev/github.com/pressly/goose/v3#pkg-constants
	GooseTable = "goose_db_version"
	// RecordTable is Airlock's own, with what goose does not keep: the files' hashes, and how far a file came that is no transaction.
	RecordTable = "airlock_migrations"
)

// Records tells whether a table keeps what is applied, and is none of the application's.
func Records(table string) bool { return table == GooseTable || table == RecordTable }
