package apply_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
)

// contentOf reads all that a database holds.
func contentOf(t *testing.T, settings database.Settings) (fingerprint.Schema, fingerprint.Data, string) {
	t.Helper()
	db := databasetest.Open(t, settings)
	defer db.Close()
	schema, err := fingerprint.ReadSchema(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	data, err := fingerprint.Read(t.Context(), db, fingerprint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return schema, data, text(t, db, "select group_concat(version_id || ':' || is_applied) from (select version_id, is_applied from goose_db_version order by id) v")
}

// text asks for one text; group_concat is SQLite's name of string_agg.
func text(t *testing.T, db *database.Database, query string) string {
	t.Helper()
	if db.Dialect == database.PostgreSQL {
		query = strings.ReplaceAll(query, "group_concat(version_id || ':' || is_applied)", "string_agg(version_id || ':' || is_applied::int, ',')")
	}
	var got string
	if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// equals compares a database with one that nothing disturbed.
func equals(t *testing.T, undisturbed, settings database.Settings) {
	t.Helper()
	comparing(t, undisturbed)(settings)
}

// comparing reads the undisturbed database once.
func comparing(t *testing.T, undisturbed database.Settings) func(database.Settings) {
	t.Helper()
	wantSchema, wantData, wantVersions := contentOf(t, undisturbed)
	return func(settings database.Settings) {
		t.Helper()
		compare(t, wantSchema, wantData, wantVersions, settings)
	}
}

func compare(t *testing.T, wantSchema fingerprint.Schema, wantData fingerprint.Data, wantVersions string, settings database.Settings) {
	t.Helper()
	schema, data, versions := contentOf(t, settings)
	for _, difference := range fingerprint.CompareSchemas(wantSchema, schema) {
		t.Errorf("the schema differs: %s", difference.Message)
	}
	for _, change := range fingerprint.Compare(wantData, data) {
		t.Errorf("the data differs: %+v", change)
	}
	if diff := cmp.Diff(wantVersions, versions); diff != "" {
		t.Errorf("versions (-undisturbed +got):\n%s", diff)
	}
}

// five is a set of five migrations, each with several statements.
func five(noTransaction bool) map[string]string {
	files := map[string]string{
		"00001_users.sql":  "create table users (id integer primary key, name text);\ninsert into users values (1, 'a'), (2, 'b');|drop table users;",
		"00002_heroes.sql": "create table heroes (id integer primary key, owner integer);\ninsert into heroes select id, id from users;\ninsert into heroes values (7, 1);|drop table heroes;",
		"00003_level.sql":  "alter table heroes add column level integer;\nupdate heroes set level = id + 1;\ninsert into users values (3, 'c');|alter table heroes drop column level;",
		"00004_index.sql":  "create index heroes_owner on heroes (owner);\ninsert into heroes values (8, 2, 5);|drop index heroes_owner;",
		"00005_twice.sql":  "update heroes set level = level * 2;\ndelete from users where id = 3;|",
	}
	if noTransaction {
		for _, name := range []string{"00002_heroes.sql", "00003_level.sql", "00004_index.sql"} {
			files[name] = migrationtest.NoTransaction + files[name]
		}
	}
	return files
}

func onDisk(t *testing.T, files map[string]string) (path string) {
	t.Helper()
	path = t.TempDir()
	for name, file := range migrationtest.Folder(files) {
		if err := os.WriteFile(filepath.Join(path, name), file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// killed has another process apply a folder and kill itself at a boundary. It tells whether there was one.
func killed(t *testing.T, settings database.Settings, path string, boundary int) bool {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), "AIRLOCK_TEST_KILL="+strconv.Itoa(boundary), "AIRLOCK_TEST_FOLDER="+path, "AIRLOCK_TEST_URL="+settings.URL,
		"AIRLOCK_TEST_PATH="+settings.Path, "AIRLOCK_TEST_DIALECT="+string(settings.Dialect))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the run ended with %v: %s", err, output.String())
	}
	return true
}

// killedEverywhere kills a run at each boundary, each in a database of its own.
func killedEverywhere(t *testing.T, dialect database.Dialect, path string) []database.Settings {
	t.Helper()
	var all []database.Settings
	for boundary := 1; ; boundary++ {
		settings := database.Settings{Dialect: dialect, Create: true}
		if dialect == database.SQLite {
			settings.Path = filepath.Join(t.TempDir(), "app.db")
		} else {
			settings.URL = databasetest.PostgreSQL(t)
		}
		if !killed(t, settings, path, boundary) {
			return all
		}
		all = append(all, settings)
	}
}

// A run that is killed at any boundary leaves what the next one brings to the end of an undisturbed one. Where a file is one
// transaction it needs nobody's help; else it says where it stopped, and goes on when it is told to.
func TestKilledAtEveryBoundary(t *testing.T) {
	t.Parallel()
	for _, noTransaction := range []bool{false, true} {
		name := "transactions"
		if noTransaction {
			name = "no transactions"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := five(noTransaction)
			path := onDisk(t, files)
			databasetest.Each(t, func(t *testing.T, undisturbed database.Settings) {
				if _, err := migrator(t, undisturbed, files, nil).Up(t.Context()); err != nil {
					t.Fatal(err)
				}
				refusals, equal := 0, comparing(t, undisturbed)
				for i, settings := range killedEverywhere(t, undisturbed.Dialect, path) {
					if refused(t, settings, files, i+1) {
						refusals++
					}
					equal(settings)
				}
				if (refusals > 0) != noTransaction {
					t.Errorf("%d runs had to be told to go on", refusals)
				}
			})
		})
	}
}

// refused runs again, and with Resume when that is asked for.
func refused(t *testing.T, settings database.Settings, files map[string]string, boundary int) bool {
	t.Helper()
	_, err := migrator(t, settings, files, nil).Up(t.Context())
	if err == nil {
		return false
	}
	if !strings.Contains(err.Error(), "stopped halfway up") || !strings.Contains(err.Error(), "in line") && !strings.Contains(err.Error(), "statements are done") {
		t.Fatalf("boundary %d: got error %v", boundary, err)
	}
	m := open(t, apply.Options{Settings: settings, Set: read(t, files), Resume: true})
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatalf("boundary %d: resumed: %v", boundary, err)
	}
	return true
}
