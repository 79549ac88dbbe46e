package backup

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

const everything = int64(1) << 40

func (s subject) settings() database.Settings {
	if s.Path != "" {
		return database.Settings{Dialect: database.SQLite, Path: s.Path}
	}
	return database.Settings{Dialect: database.PostgreSQL, URL: s.URL}
}

// A copy has what the newest snapshot has, not what the database has by now; changing it changes neither, and nothing of
// it is left.
func TestCopyOfTheNewestSnapshot(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		subject.execute(t, "create table goose_db_version (id integer primary key, version_id bigint, is_applied boolean)")
		subject.execute(t, "insert into goose_db_version values (1, 7, true)")
		store := open(t, subject.place)
		_, err := Copy(t.Context(), store, CopyOptions{Settings: subject.settings()})
		holds(t, err, "there is no snapshot in "+subject.Directory, "airlock snapshot create")

		take(t, store)
		subject.execute(t, "delete from heroes where id > 10")
		later := tags
		later.Run = "4712"
		newest, _, err := Take(t.Context(), store, night.Add(time.Hour), later, 8, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := subject.rows(t)
		subject.execute(t, "delete from heroes")

		copied, err := Copy(t.Context(), store, CopyOptions{Settings: subject.settings(), MaximumBytes: everything})
		if err != nil {
			t.Fatal(err)
		}
		if copied.Snapshot.Name != newest.Name || copied.Snapshot.SchemaVersion != 8 || !copied.Rows || !strings.Contains(copied.Title, "as the snapshot "+newest.Name+" has it, which is of ") {
			t.Errorf("got %q of %s, version %d", copied.Title, copied.Snapshot.Name, copied.Snapshot.SchemaVersion)
		}
		db := databasetest.Open(t, copied.Settings)
		if diff := cmp.Diff(want, contents(t, db.DB)); diff != "" {
			t.Errorf("rows (-snapshot +copy):\n%s", diff)
		}
		if _, err := db.ExecContext(t.Context(), "drop table heroes"); err != nil {
			t.Fatal(err)
		}
		if err := store.Check(t.Context(), newest); err != nil {
			t.Errorf("the snapshot was changed: %v", err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := copied.Drop(ended); err != nil { // Although it is still in use.
			t.Fatal(err)
		}
		db.Close()
		if again, err := database.Open(t.Context(), copied.Settings); err == nil {
			again.Close()
			t.Error("the copy is left")
		}
		subject.withoutRows(t, store)
		subject.changed(t, store, newest)
	})
}

// withoutRows sees that of a large dump only the schema is restored, and what is applied.
func (s subject) withoutRows(t *testing.T, store Store) {
	t.Helper()
	copied, err := Copy(t.Context(), store, CopyOptions{Settings: s.settings(), MaximumBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Drop(t.Context())
	var heroes, applied int
	query := "select (select count(*) from heroes), (select count(*) from goose_db_version)"
	if err := databasetest.Open(t, copied.Settings).QueryRowContext(t.Context(), query).Scan(&heroes, &applied); err != nil {
		t.Fatal(err)
	}
	// A file is copied in any size.
	if want := s.Path != ""; copied.Rows != want || heroes > 0 != want || applied != 1 {
		t.Errorf("got rows %v: %d heroes, %d applied", copied.Rows, heroes, applied)
	}
}

// changed sees that a snapshot that was changed is not restored.
func (s subject) changed(t *testing.T, store Store, snapshot Snapshot) {
	t.Helper()
	path := snapshot.Location
	if s.Path == "" {
		path = filepath.Join(path, "toc.dat")
	}
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Copy(t.Context(), store, CopyOptions{Settings: s.settings()})
	holds(t, err, snapshot.Name+", cannot be restored: its files are not the ones that were written", "airlock snapshot create")
}

// Given a restore that is interrupted or fails, then nothing of the copy is left.
func TestCopyThatFails(t *testing.T) {
	t.Parallel()
	subject := subject{place{URL: databasetest.PostgreSQL(t), Directory: t.TempDir()}, nil}
	subject.db = databasetest.Open(t, subject.settings()).DB
	subject.execute(t, "create table heroes (id integer primary key)")
	store := open(t, subject.place)
	take(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// No other test makes a copy of this time, and none takes it for one that was left behind.
	at := time.Now().Add(-3 * time.Hour)
	store.(*Postgres).options.Now = func() time.Time { return at }
	var name string
	progress := onAdvance(func(string) {
		// The copy is made by now.
		if err := subject.db.QueryRowContext(t.Context(), "select datname from pg_database where datname like $1", scratchPrefix+at.UTC().Format(scratchTime)+"%").Scan(&name); err != nil {
			t.Error(err)
		}
		cancel()
	})
	_, err := Copy(ctx, store, CopyOptions{Settings: subject.settings(), MaximumBytes: everything, Progress: progress})
	holds(t, err, "pg_restore was interrupted", "nothing of it is left")
	var left int
	if err := subject.db.QueryRowContext(t.Context(), "select count(*) from pg_database where datname = $1", name).Scan(&left); err != nil || name == "" || left != 0 {
		t.Errorf("%d databases called %q are left, %v", left, name, err)
	}
}

type onAdvance func(detail string)

func (f onAdvance) Advance(_, _ int64, detail string) { f(detail) }

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	_, err := Copy(t.Context(), nil, CopyOptions{})
	holds(t, err, "is not known", "")
}

// Folders of runs that were killed go with the next run, but not those that may be in use.
func TestFoldersThatWereLeftBehind(t *testing.T) {
	t.Parallel()
	folders := map[string]string{}
	for what, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": time.Hour} {
		folder, err := os.MkdirTemp("", folderPattern)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(folder) })
		if err := os.WriteFile(filepath.Join(folder, "copy.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(folder, at, at); err != nil {
			t.Fatal(err)
		}
		folders[what] = folder
	}
	made, err := scratchFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	for what, folder := range folders {
		if _, err := os.Stat(folder); os.IsNotExist(err) != (what == "old") {
			t.Errorf("the %s folder: %v", what, err)
		}
	}
}
