package rehearsal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
)

// at is a statement that worked on one table.
func at(sql string, took time.Duration, mode, table string, rows int64) rehearsal.Statement {
	statement := rehearsal.Statement{SQL: sql, Took: rehearsal.Took(took), Tables: []rehearsal.Table{{Table: table, Rows: rows, Bytes: 8192 * rows}}}
	if mode != "" {
		blocks := []string{"schema changes"}
		if mode == "ACCESS EXCLUSIVE" {
			blocks = []string{"reads", "writes", "schema changes"}
		}
		statement.Locks = []rehearsal.Lock{{Table: table, Mode: mode, Blocks: blocks, Held: rehearsal.Took(took)}}
	}
	return statement
}

func TestForecast(t *testing.T) {
	t.Parallel()
	there := rehearsal.Sizes{"orders": {Table: "orders", Rows: 100_000, Bytes: 1 << 30}, "unanalysed": {Table: "unanalysed", Rows: -1, Bytes: 8192 * 5000}, "empty": {Table: "empty"}}
	scans := func(statement rehearsal.Statement) rehearsal.Statement {
		statement.Scanned = map[string]int64{statement.Tables[0].Table: max(1, statement.Tables[0].Rows)}
		return statement
	}
	tests := []struct {
		name       string
		statements []rehearsal.Statement
		want       string
	}{
		{"a scan of a hundred times as many rows", []rehearsal.Statement{scans(at("alter table orders …", 50*time.Millisecond, "ACCESS EXCLUSIVE", "orders", 1000))},
			"5000 ms for 100,000 rows of orders, at 20,000 rows a second; holds ACCESS EXCLUSIVE on orders for 5000 ms, longer than the lock-timeout"},
		{"nothing depends on rows", []rehearsal.Statement{at("alter table orders add column", time.Millisecond, "ACCESS EXCLUSIVE", "orders", 1000)}, ""},
		{"a lock that others do not notice", []rehearsal.Statement{scans(at("alter table orders validate", 50*time.Millisecond, "SHARE UPDATE EXCLUSIVE", "orders", 1000))},
			"5000 ms for 100,000 rows of orders, at 20,000 rows a second"},
		{"a short lock before a long statement of its transaction",
			[]rehearsal.Statement{at("alter table orders add column", time.Millisecond, "ACCESS EXCLUSIVE", "orders", 1000), scans(at("update orders", 40*time.Millisecond, "", "orders", 1000))},
			"holds ACCESS EXCLUSIVE on orders for 4001 ms, longer than the lock-timeout: whoever waits so long has it ended; 4000 ms for 100,000 rows of orders"},
		{"by its size where nobody analysed it", []rehearsal.Statement{scans(at("select", 10*time.Millisecond, "", "unanalysed", 500))}, "100 ms for 5,000 rows of unanalysed"},
		{"empty here", []rehearsal.Statement{scans(at("select", 10*time.Millisecond, "", "orders", 0))}, "not possible for 100,000 rows of orders: the table is empty here"},
		{"empty there", []rehearsal.Statement{scans(at("select", 10*time.Millisecond, "", "empty", 10))}, ""},
		{"not there", []rehearsal.Statement{scans(at("select", 10*time.Millisecond, "", "missing", 10))}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			report := rehearsal.Report{Migrations: []rehearsal.Migration{{WayBack: rehearsal.Proven, Up: &rehearsal.Run{Statements: test.statements}}}}
			report.Foretell("production", there, 3*time.Second)
			var text strings.Builder
			if err := rehearsal.WriteText(&text, report, checklist.Style{}); err != nil {
				t.Fatal(err)
			}
			var said []string
			for line := range strings.Lines(text.String()) {
				if _, forecast, is := strings.Cut(line, "forecast for production: "); is {
					said = append(said, strings.TrimSpace(forecast))
				}
			}
			if got := strings.Join(said, "; "); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A rehearsal on few rows, and a database with many: what is foretold is about these.
func TestForecastForARealDatabase(t *testing.T) {
	t.Parallel()
	const table = "create table orders (id bigint primary key, total integer);"
	report := rehearse(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}, "insert into orders select n, n from generate_series(1, 100) n",
		table, "alter table orders alter column total type bigint;"+down+"alter table orders alter column total type integer;")
	production := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
	if _, err := production.ExecContext(t.Context(), table+"insert into orders select n, n from generate_series(1, 20000) n; analyze orders"); err != nil {
		t.Fatal(err)
	}
	sizes, err := rehearsal.ReadSizes(t.Context(), production)
	if err != nil {
		t.Fatal(err)
	}
	report.Foretell("production", sizes, time.Nanosecond)
	for _, run := range []*rehearsal.Run{report.Migrations[0].Up, report.Migrations[0].Down} {
		got := run.Statements[0].Forecast
		if got == nil || got.RowsHere != 100 || got.RowsThere != 20000 || got.Takes < 199*run.Statements[0].Took || len(got.Outlasts) != 1 || got.Outlasts[0] != "ACCESS EXCLUSIVE on orders" {
			t.Errorf("got %+v", got)
		}
	}
}

// What a migration leaves to those behind it, and to temporary files.
func TestTemporaryFilesAndWhatIsLeftInTheSession(t *testing.T) {
	t.Parallel()
	report := rehearse(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}, "select 1", "select 1;",
		"set local work_mem = '64kB';\nset deadlock_timeout = '2s';\ncreate table sorted as select n, md5(n::text) as text from generate_series(1, 20000) n order by 2;"+down+"drop table sorted;",
		"-- +goose NO TRANSACTION\n-- +goose Up\nset work_mem = '64kB';\ncreate table again as select * from sorted order by 1;\nreset work_mem;"+down+"drop table again;")
	first, second := report.Migrations[0].Up, report.Migrations[1].Up
	if first.Temporary < 1<<18 || report.Migrations[0].Down.Temporary != 0 || second.Temporary < 1<<18 {
		t.Errorf("temporary files of %d, %d and %d bytes", first.Temporary, report.Migrations[0].Down.Temporary, second.Temporary)
	}
	if remarks := strings.Join(first.Remarks, "; "); !strings.Contains(remarks, "deadlock_timeout") {
		t.Errorf("got the remarks %q", remarks)
	}
}
