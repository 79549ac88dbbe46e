package backup

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// file makes a SQLite database with a few rows in a folder with an awkward name.
func file(t *testing.T, statements ...string) subject {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b?c#d%41", "wos.db")
	made := subject{place{Path: path, Directory: filepath.Join(filepath.Dir(path), "snap*[shots]")},
		databasetest.Open(t, database.Settings{Dialect: database.SQLite, Path: path, Create: true}).DB}
	made.db.SetMaxOpenConns(1)
	for _, statement := range statements {
		made.execute(t, statement)
	}
	return made
}

func TestSQLiteEvidence(t *testing.T) {
	t.Parallel()
	subject := file(t,
		"create table profiles (id integer primary key)",
		"create table heroes (id integer primary key autoincrement, profile_id integer references profiles)",
		"create view strong as select * from heroes",
		"insert into profiles values (1), (2)",
		"insert into heroes (profile_id) values (1), (2), (3)",
	)
	snapshot, _ := take(t, open(t, subject.place))
	if diff := cmp.Diff([]Table{{"heroes", 3}, {"profiles", 2}}, snapshot.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 rows break a foreign key"}, snapshot.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestSQLiteInWALMode(t *testing.T) {
	t.Parallel()
	subject := file(t, "pragma journal_mode = wal", "create table heroes (id integer primary key)", "insert into heroes values (1)")
	// A writer in the middle of its transaction: what it has not committed is not in the copy.
	subject.execute(t, "begin immediate")
	subject.execute(t, "insert into heroes values (2)")
	snapshot, _ := take(t, open(t, subject.place))
	subject.execute(t, "commit")
	if diff := cmp.Diff([]Table{{"heroes", 1}}, snapshot.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"data", recordName}, leftovers(t, filepath.Dir(snapshot.Location))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSQLiteMissing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	where := place{Path: filepath.Join(root, "none.db"), Directory: filepath.Join(root, "snapshots")}
	_, _, err := Take(t.Context(), open(t, where), night, tags, 0, nil)
	holds(t, err, "there is no database file "+where.Path, "migrate up")
	if got := leftovers(t, root); len(got) != 0 {
		t.Errorf("got %v, want nothing made", got)
	}
}

func TestSQLiteDamagedOriginal(t *testing.T) {
	t.Parallel()
	where := place{Path: filepath.Join(t.TempDir(), "wos.db"), Directory: t.TempDir()}
	if err := os.WriteFile(where.Path, []byte("this is not a database, and it is long enough to be seen as none"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Take(t.Context(), open(t, where), night, tags, 0, nil)
	holds(t, err, "is not a SQLite database", "database.sqlite")
	if got := leftovers(t, where.Directory); len(got) != 0 {
		t.Errorf("got %v, want nothing left", got)
	}
}

func TestInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		ctx, cancel := context.WithCancel(t.Context())
		store := open(t, subject.place)
		_, _, err := Take(ctx, store, night, tags, 7, cancelled(cancel))
		if err == nil {
			t.Fatal("got no error, want one that says it was interrupted")
		}
		if got := leftovers(t, subject.Directory); len(got) != 0 {
			t.Errorf("got %v, want nothing left", got)
		}
		take(t, store)
	})
}

// cancelled is a person who interrupts at the first sign of progress.
type cancelled func()

func (c cancelled) Advance(_, total int64, _ string) {
	if total > 0 {
		c()
	}
}
