package migration_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const up = "-- +goose Up\ncreate table users (id integer);\n"

func migrator(t *testing.T, settings database.Settings, set migration.Set) *apply.Migrator {
	t.Helper()
	m, err := apply.Open(t.Context(), apply.Options{Settings: settings, Set: set, AcceptLoss: []string{apply.AnyLoss}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// Each file is also taken up and down by goose itself, where goose accepts it.
func TestFactsOfAFile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, content            string
		noTransaction, emptyDown bool
		// gooseRefuses: goose's parser stops at a block comment that no statement ends.
		gooseRefuses bool
		// gooseRuns: for goose a comment before a semicolon is a statement.
		gooseRuns bool
	}{
		{name: "both sections", content: up + "-- +goose Down\ndrop table users;\n"},
		{name: "no down section", content: up, emptyDown: true},
		{name: "an empty down section", content: up + "-- +goose Down\n", emptyDown: true},
		{name: "an empty down section without a newline", content: up + "-- +goose Down", emptyDown: true},
		{name: "comments and blank lines", content: up + "-- +goose Down\n\n-- cannot be taken back;\n  -- nor this\n", emptyDown: true},
		{name: "Windows' line ends", content: strings.ReplaceAll(up+"-- +goose Down\n-- nothing\n", "\n", "\r\n"), emptyDown: true},
		{name: "a block comment", content: up + "-- +goose Down\n/* drop table users */\n", emptyDown: true, gooseRefuses: true},
		{name: "a block comment over lines, and a semicolon", content: up + "-- +goose Down\n/* drop\ntable users\n*/;\n", emptyDown: true, gooseRuns: true},
		{name: "a constant, as templates have it", content: up + "-- +goose Down\n-- +goose StatementBegin\n-- nothing\nSELECT 'down SQL query'; -- as it is\n-- +goose StatementEnd\n", emptyDown: true, gooseRuns: true},
		{name: "a query of something", content: up + "-- +goose Down\nselect count(*) from users;\n"},
		{name: "a statement behind a block comment", content: up + "-- +goose Down\n/* all of it */ drop table users;\n"},
		{name: "a statement behind a comment", content: up + "-- +goose Down\n-- all of it\ndrop table users; -- done\n"},
		{name: "one statement block", content: up + "-- +goose Down\n-- +goose StatementBegin\ndrop table users;\n-- +goose StatementEnd\n"},
		{name: "an annotation as goose accepts it", content: up + "--+GOOSE DOWN\n--   +goose   down  \ndrop table users;\n"},
		{name: "no transaction", content: "-- +goose NO TRANSACTION\n" + up + "-- +goose Down\ndrop table users;\n", noTransaction: true},
		{name: "no transaction in the down section", content: up + "-- +goose Down\n--+goose no transaction --\ndrop table users;\n", noTransaction: true},
		{name: "an annotation that is none", content: up + "-- goose NO TRANSACTION\n-- +goose Down\ndrop table users;\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			set, err := migration.Read(fstest.MapFS{"1_users.sql": {Data: []byte(test.content)}}, "migrations")
			if err != nil {
				t.Fatal(err)
			}
			file := set.Files[0]
			if (file.DownFault != "") != test.gooseRefuses {
				t.Fatalf("goose refuses the down section: %q", file.DownFault)
			}
			if file.NoTransaction != test.noTransaction || file.EmptyDown() != test.emptyDown {
				t.Errorf("got NoTransaction %t and EmptyDown %t", file.NoTransaction, file.EmptyDown())
			}
			m := migrator(t, database.Settings{Dialect: database.SQLite, Path: t.TempDir() + "/app.db", Create: true}, set)
			_, err = m.Up(t.Context())
			if test.gooseRefuses {
				if err == nil {
					t.Error("it is applied, and could not be taken back")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			steps, err := m.Down(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if want := test.emptyDown && !test.gooseRuns; steps[0].Empty != want {
				t.Errorf("goose found the down section empty: %t, want %t", steps[0].Empty, want)
			}
		})
	}
}

// A transaction that goose runs has an outcome that both halves of a file share; without one the first half stays.
func TestNoTransactionAsGooseRunsIt(t *testing.T) {
	t.Parallel()
	const failing = "-- +goose Up\ncreate table kept (id integer);\ninsert into missing values (1);\n"
	for _, content := range []string{failing, "-- +goose NO TRANSACTION\n" + failing} {
		set, err := migration.Read(fstest.MapFS{"1_kept.sql": {Data: []byte(content)}}, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		settings := database.Settings{Dialect: database.SQLite, Path: t.TempDir() + "/app.db", Create: true}
		db := databasetest.Open(t, settings)
		if _, err := migrator(t, settings, set).Up(t.Context()); err == nil {
			t.Fatal("the migration did not fail")
		}
		_, err = db.ExecContext(t.Context(), "select * from kept")
		if kept := err == nil; kept != set.Files[0].NoTransaction {
			t.Errorf("%q: the first statement was kept: %t, NoTransaction: %t", content, kept, set.Files[0].NoTransaction)
		}
	}
}

// What is filled in is what runs: it is part of the digest, and a variable that is not set is no empty text.
func TestVariablesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	read := func(name string) (migration.Set, error) {
		return migration.Read(fstest.MapFS{"1_users.sql": {Data: []byte(up + "-- +goose ENVSUB ON\nselect '${" + name + "}';\n")}}, "migrations")
	}
	_, err := read("AIRLOCK_TEST_NOT_SET")
	if problem.KindOf(err) != problem.Usage || !strings.Contains(err.Error(), "migrations/1_users.sql:4: the variable AIRLOCK_TEST_NOT_SET") || problem.Hint(err) == "" {
		t.Errorf("got error %v with hint %q", err, problem.Hint(err))
	}
	first, err := read("AIRLOCK_TEST_NOT_SET:-one")
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Files[0].Up[1].SQL; got != "select 'one';" {
		t.Errorf("got %q", got)
	}
	// Given two files of the same bytes whose variables have other values.
	second, err := read("AIRLOCK_TEST_NOT_SET:-one")
	if err != nil {
		t.Fatal(err)
	}
	second.Files[0].Up[1].SQL = "select 'two';"
	if first.Digest() == second.Digest() {
		t.Error("the digest does not tell what is filled in")
	}
}
