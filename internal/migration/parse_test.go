package migration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// recorded is a database that keeps what it is told to run, and runs nothing. It answers what goose asks about its own table.
type recorded struct {
	statements []string
	applied    bool
}

// Connect, Driver and the methods below are database/sql/driver's.
func (r *recorded) Connect(context.Context) (driver.Conn, error) { return recordedConn{r}, nil }
func (r *recorded) Driver() driver.Driver                        { return nil }

type recordedConn struct{ *recorded }

func (recordedConn) Prepare(string) (driver.Stmt, error) { return nil, driver.ErrSkip }
func (recordedConn) Close() error                        { return nil }
func (recordedConn) Begin() (driver.Tx, error)           { return recordedTx{}, nil }

type recordedTx struct{}

func (recordedTx) Commit() error   { return nil }
func (recordedTx) Rollback() error { return nil }

func (r recordedConn) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	switch {
	case !strings.Contains(query, database.GooseTable):
		r.statements = append(r.statements, query)
	case strings.HasPrefix(query, "DELETE"):
		r.applied = false
	case strings.HasPrefix(query, "INSERT"):
		r.applied = true
	}
	return driver.RowsAffected(0), nil
}

func (r recordedConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	rows := &recordedRows{names: []string{"version_id", "is_applied"}, rows: [][]driver.Value{{int64(0), true}}}
	switch {
	case strings.Contains(query, "sqlite_master"):
		rows = &recordedRows{names: []string{"found"}, rows: [][]driver.Value{{true}}}
	case strings.Contains(query, "MAX("):
		rows = &recordedRows{names: []string{"max"}, rows: [][]driver.Value{{int64(len(rows.rows) - 1)}}}
		if r.applied {
			rows.rows[0][0] = int64(1)
		}
	case strings.Contains(query, "tstamp"):
		rows = &recordedRows{names: []string{"tstamp", "is_applied"}, rows: [][]driver.Value{{time.Time{}, true}}}
	case r.applied:
		rows.rows = append([][]driver.Value{{int64(1), true}}, rows.rows...)
	}
	return rows, nil
}

type recordedRows struct {
	names []string
	rows  [][]driver.Value
}

func (r *recordedRows) Columns() []string { return r.names }
func (*recordedRows) Close() error        { return nil }
func (r *recordedRows) Next(to []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(to, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// runByGoose returns what goose hands to a database when it applies the file and takes it back.
func runByGoose(t *testing.T, content string) ([]string, error) {
	t.Helper()
	record := &recorded{}
	db := sql.OpenDB(record)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, fstest.MapFS{"1_a.sql": {Data: []byte(content)}}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		return nil, err
	}
	record.applied = true
	_, err = provider.Down(t.Context())
	return record.statements, err
}

// odd are files that goose reads in ways that are easily read otherwise.
func odd() []string {
	return []string{
		"-- +goose Up\ncreate table a (i int);\n-- +goose Down\ndrop table a;\n",
		"-- +goose Up\nselect 1; select 2;\nselect\n  3;\n\n-- a comment\n  -- another;\nselect 4 -- five;\n;\n",
		"-- +goose Up\n-- +goose StatementBegin\ncreate function f() as $$ begin; end; $$;\n\n-- inside\n-- +goose StatementEnd\n-- +goose Down\n-- +goose StatementBegin\nselect 1;\n-- +goose StatementEnd\n",
		"-- +goose NO TRANSACTION\n\n-- +goose Up\r\nselect 1;\r\n-- +goose Down\r\n",
		"--+GOOSE up\nselect ';' ;\n--   +goose   down  \nselect 1;--x\n;\n",
		"-- +goose Up\n-- +goose ENVSUB ON\nselect '$$', '${AIRLOCK_NOT_SET:-x}', '$AIRLOCK_NOT_SET_EITHER';\n-- +goose ENVSUB OFF\nselect '$$';\n",
		"-- +goose Up\nselect 1",
		"-- +goose Up\nselect 1\n-- +goose Down\nselect 2;\n",
		"-- +goose Up\n-- +goose Up\n",
		"-- +goose Down\n-- +goose Up\n",
		"-- +goose Up\n -- +goose Down\n",
		"-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n",
		"-- +goose Up\n-- +goose StatementEnd\n",
		"-- +goose Up\n-- +goose StatementBegin\nselect 1;\n",
		"-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementEnd\nselect 1;\nselect 2;\n",
		"-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementEnd\n-- +goose Down\nselect 1;\n",
		"-- +goose Sideways\n", "", "\n\n", "select 1;\n-- +goose Up\n", "\ufeff-- +goose Up\nselect 1;\n", "-- +goose Up\n/* no end */\n",
		"-- +goose Up\n   \nselect 1;\n", "-- +goose Up\n-- +goose ENVSUB ON\nselect '${';\n", "-- +goose Up\n\u00a0select\u20281;\u2029\n", "-- +goose \u017ftatementBegin",
	}
}

func FuzzStatementsAreThoseThatGooseRuns(f *testing.F) {
	for _, content := range odd() {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if strings.Contains(content, database.GooseTable) {
			return // It would be taken for a statement of goose's own.
		}
		want, refused := runByGoose(t, content)
		sections, err := migration.Parse(content, func(string) (string, bool) { return "", false })
		if (err != nil) != (refused != nil) {
			t.Fatalf("goose says %v, we say %v", refused, err)
		}
		if err != nil {
			return
		}
		var got []string
		for _, statement := range append(sections.Up, sections.Down...) {
			got = append(got, statement.SQL)
			if strings.Contains(content, "ENVSUB") || strings.Contains(content, "envsub") {
				continue
			}
			holdPlaces(t, content, statement)
		}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("(-goose +ours):\n%s", difference)
		}
	})
}

// holdPlaces compares the character at each place of a statement with that of the file.
func holdPlaces(t *testing.T, content string, statement migration.Statement) {
	t.Helper()
	lines := strings.Split(content, "\n")
	for offset, character := range statement.SQL {
		if character == '\n' {
			continue
		}
		line, column := statement.Place(offset)
		runes := []rune(lines[line-1])
		if runes[column-1] != character {
			t.Fatalf("%q at %d is said to be at %d:%d, where %q stands", character, offset, line, column, runes[column-1])
		}
	}
}
