package database_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// changed returns the test cluster's URL after change.
func changed(t *testing.T, change func(*url.URL)) string {
	t.Helper()
	location, err := url.Parse(databasetest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	change(location)
	return location.String()
}

func TestOpenExplainsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3a"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	postgres := func(url string) database.Settings {
		return database.Settings{Dialect: database.PostgreSQL, URL: url}
	}
	tests := []struct {
		name     string
		settings database.Settings
		want     string
		kind     problem.Kind
	}{
		{name: "wrong password", want: "refused the user name or password",
			settings: postgres(changed(t, func(u *url.URL) { u.User = url.UserPassword("postgres", canary) }))},
		{name: "no such database", want: "does not exist",
			settings: postgres(changed(t, func(u *url.URL) { u.Path = "/missing" }))},
		{name: "nothing listens", want: "connection refused",
			settings: postgres("postgres://u:" + canary + "@" + closed.Addr().String() + "/d")},
		{name: "host unknown", want: "is not known",
			settings: postgres("postgres://u:" + canary + "@host.invalid/d")},
		{name: "URL cannot be read", want: "cannot be read", kind: problem.Usage,
			settings: postgres("postgres://u:" + canary + "%zz@h:port/d")},
		{name: "no URL", want: "cannot be read", kind: problem.Usage, settings: postgres("")},
		{name: "another database than named", want: `leads to "postgres", and the config names "wos_production"`, kind: problem.Usage,
			settings: database.Settings{Dialect: database.PostgreSQL, URL: databasetest.Cluster(t), Name: "wos_production"}},
		{name: "no such file", want: "there is no database file",
			settings: database.Settings{Dialect: database.SQLite, Path: filepath.Join(t.TempDir(), "missing.db")}},
		{name: "file is no database", want: "is not a SQLite database",
			settings: database.Settings{Dialect: database.SQLite, Path: text}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := database.Open(t.Context(), test.settings)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got error %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error shows the password: %v", err)
			}
			if problem.Hint(err) == "" {
				t.Errorf("no hint for %v", err)
			}
			if got := problem.KindOf(err); got != test.kind {
				t.Errorf("got kind %v, want %v", got, test.kind)
			}
		})
	}
}

func TestOpenMissingSQLiteFileMakesNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing.db")
	if _, err := database.Open(t.Context(), database.Settings{Dialect: database.SQLite, Path: path}); err == nil {
		t.Fatal("got no error")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking made the file: %v", err)
	}
}

func TestSQLiteOpensAwkwardPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "q?mode=ro.db", "h#1.db", "100%.db", "ü.db"} {
		path := filepath.Join(t.TempDir(), name)
		db := databasetest.Open(t, database.Settings{Dialect: database.SQLite, Path: path, Create: true})
		if _, err := db.ExecContext(t.Context(), "create table t (id integer)"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// recorder keeps what an Observer is told, and refuses statements that hold a given text.
type recorder struct {
	refuse string
	seen   []database.Statement
	failed int
	// ended tells of each transaction whether it was committed, rows counts what was found within one.
	ended []bool
	rows  int64
}

var errRefused = errors.New("refused")

func (r *recorder) End(_ database.Session, committed bool, _ error) {
	r.ended = append(r.ended, committed)
}

func (r *recorder) Statement(ctx context.Context, session database.Session, statement database.Statement, run func() error) error {
	if r.refuse != "" && strings.Contains(statement.SQL, r.refuse) {
		return errRefused
	}
	err := run()
	statement.Arguments = nil
	r.seen = append(r.seen, statement)
	if statement.InTransaction {
		// What the transaction did is seen within it.
		_ = session.Ask(ctx, "select count(*) from t", func(row []driver.Value) error { r.rows += row[0].(int64); return nil })
	}
	if err != nil {
		r.failed++
	}
	return err
}

func TestObserverSeesStatementsAsTheyAre(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		observer := &recorder{refuse: "drop table"}
		settings.Observer = observer
		db := databasetest.Open(t, settings)
		observer.seen = nil

		if _, err := db.ExecContext(t.Context(), "create table t (id integer) -- as it is"); err != nil {
			t.Fatal(err)
		}
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "insert into t values ($1)", 7); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		var id int
		if err := db.QueryRowContext(t.Context(), "select id from t").Scan(&id); err != nil || id != 7 {
			t.Fatalf("got %d, %v", id, err)
		}
		if _, err := db.ExecContext(t.Context(), "drop table t"); !errors.Is(err, errRefused) {
			t.Errorf("got %v, want the observer's refusal", err)
		}
		if _, err := db.ExecContext(t.Context(), "insert into missing values (1)"); err == nil {
			t.Error("got no error for a table that is missing")
		}

		want := []database.Statement{
			{SQL: "create table t (id integer) -- as it is"},
			{SQL: "insert into t values ($1)", InTransaction: true},
			{SQL: "select id from t", Query: true},
			{SQL: "insert into missing values (1)"},
		}
		if diff := cmp.Diff(want, observer.seen); diff != "" {
			t.Errorf("seen (-want +got):\n%s", diff)
		}
		if len(observer.ended) != 1 || !observer.ended[0] || observer.rows != 1 {
			t.Errorf("got transactions %v, and %d rows within", observer.ended, observer.rows)
		}
		if observer.failed != 1 {
			t.Errorf("got %d failed statements, want 1", observer.failed)
		}
	})
}

// A cancelled statement must leave the connection usable: ROLLBACK and unlocking go through it.
func TestCancelKeepsTheConnection(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
	connection, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	process := func() (pid int) {
		if err := connection.QueryRowContext(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := process()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := connection.ExecContext(ctx, "select pg_sleep(60)"); err == nil {
		t.Fatal("got no error from a cancelled statement")
	}
	if after := process(); after != before {
		t.Errorf("the server process changed from %d to %d", before, after)
	}
}

func TestTimeoutsReachTheServer(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, database.Settings{
		Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t), LockTimeout: 3 * time.Second, StatementTimeout: 15 * time.Minute,
	})
	for setting, want := range map[string]string{
		"lock_timeout": "3s", "statement_timeout": "15min", "client_connection_check_interval": "1s", "application_name": "airlock",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), "show "+setting).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", setting, got, want)
		}
	}
}
