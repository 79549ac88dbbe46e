package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// three is a set that works on both dialects.
func three() map[string]string {
	return map[string]string{
		"00001_users.sql":  "create table users (id integer primary key);|drop table users;",
		"00002_heroes.sql": "create table heroes (id integer primary key);\ninsert into heroes values (1), (2);|drop table heroes;",
		"00003_name.sql":   "alter table heroes add column name text;|alter table heroes drop column name;",
	}
}

func read(t *testing.T, files map[string]string) migration.Set {
	t.Helper()
	set, err := migration.Read(migrationtest.Folder(files), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func open(t *testing.T, options apply.Options) *apply.Migrator {
	t.Helper()
	m, err := apply.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func migrator(t *testing.T, settings database.Settings, files map[string]string, progress apply.Progress) *apply.Migrator {
	t.Helper()
	return open(t, apply.Options{Settings: settings, Set: read(t, files), AcceptLoss: []string{apply.AnyLoss}, Progress: progress})
}

func versions(steps []apply.Step) []int64 {
	var result []int64
	for _, step := range steps {
		result = append(result, step.File.Version)
	}
	return result
}

// recorder keeps the progress that it is told.
type recorder struct{ lines []string }

func (r *recorder) Advance(done, total int64, detail string) {
	r.lines = append(r.lines, fmt.Sprintf("%d/%d %s", done, total, detail))
}

func TestUpAndDown(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		progress := &recorder{}
		m := migrator(t, settings, three(), progress)

		up, err := m.Up(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{1, 2, 3}, versions(up)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"0/3 00001_users.sql", "1/3 00002_heroes.sql", "2/3 00003_name.sql", "3/3 done"}, progress.lines); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		if count, slowest := m.Tally(); count != 4 || slowest <= 0 {
			t.Errorf("got %d statements, the slowest %s; want 4", count, slowest)
		}
		again, err := m.Up(t.Context())
		if err != nil || len(again) != 0 {
			t.Errorf("a second run applied %v, %v", versions(again), err)
		}

		down, err := m.Down(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{3, 2}, versions(down)); diff != "" {
			t.Errorf("taken back (-want +got):\n%s", diff)
		}
		status, err := m.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status.Current != 1 || len(status.Applied) != 1 || len(status.Pending) != 2 {
			t.Errorf("got status %+v", status)
		}
	})
}

// Looking must not make goose's table: a status is asked of databases that nobody migrated yet.
func TestStatusChangesNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		db := databasetest.Open(t, settings)
		status, err := migrator(t, settings, three(), nil).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status.Current != 0 || len(status.Pending) != 3 {
			t.Errorf("got status %+v", status)
		}
		if _, err := db.ExecContext(t.Context(), "create table goose_db_version (id integer)"); err != nil {
			t.Errorf("goose's table is there already: %v", err)
		}
	})
}

func TestFailureNamesTheFileAndKeepsWhatWasApplied(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		files := three()
		files["00002_heroes.sql"] = "create table heroes (id integer primary key);\ninsert into missing values (1);|drop table heroes;"

		applied, err := migrator(t, settings, files, nil).Up(t.Context())
		if err == nil || !strings.Contains(err.Error(), "00002_heroes.sql failed") || problem.Hint(err) == "" {
			t.Errorf("got error %v with hint %q", err, problem.Hint(err))
		}
		if diff := cmp.Diff([]int64{1}, versions(applied)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}

		applied, err = migrator(t, settings, three(), nil).Up(t.Context())
		if err != nil {
			t.Fatalf("the corrected set: %v", err)
		}
		if diff := cmp.Diff([]int64{2, 3}, versions(applied)); diff != "" {
			t.Errorf("applied after the correction (-want +got):\n%s", diff)
		}
	})
}

func TestUpAndDownRefuseADatabaseThatIsNewer(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		if _, err := migrator(t, settings, three(), nil).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		older := three()
		delete(older, "00003_name.sql")
		if _, err := migrator(t, settings, older, nil).Up(t.Context()); err == nil || !strings.Contains(err.Error(), "it has applied version 3, and the folder lacks it") {
			t.Errorf("up: got error %v", err)
		}
		if _, err := migrator(t, settings, older, nil).Down(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "no file that could take it back") {
			t.Errorf("down: got error %v", err)
		}
	})
}

func TestUpRefusesAFileThatComesLate(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		early := three()
		delete(early, "00002_heroes.sql")
		early["00003_name.sql"] = "create table heroes (id integer);|drop table heroes;"
		if _, err := migrator(t, settings, early, nil).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := migrator(t, settings, three(), nil).Up(t.Context())
		if err == nil || !strings.Contains(err.Error(), "00002_heroes.sql is older than version 3") {
			t.Errorf("got error %v", err)
		}
	})
}

func TestDownToAnUnknownVersion(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		_, err := migrator(t, settings, three(), nil).Down(t.Context(), 2026)
		if err == nil || problem.KindOf(err) != problem.Usage {
			t.Errorf("got error %v", err)
		}
	})
}

// Two runs at once: one applies, the other waits and finds nothing to do.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		type outcome struct {
			steps []apply.Step
			err   error
		}
		outcomes := make(chan outcome)
		for range 2 {
			go func() {
				set, err := migration.Read(migrationtest.Folder(three()), "migrations")
				if err != nil {
					outcomes <- outcome{err: err}
					return
				}
				m, err := apply.Open(t.Context(), apply.Options{Settings: settings, Set: set})
				if err != nil {
					outcomes <- outcome{err: err}
					return
				}
				defer m.Close()
				steps, err := m.Up(t.Context())
				outcomes <- outcome{steps, err}
			}()
		}
		var applied []int64
		for range 2 {
			outcome := <-outcomes
			if outcome.err != nil {
				t.Fatal(outcome.err)
			}
			applied = append(applied, versions(outcome.steps)...)
		}
		slices.Sort(applied)
		if diff := cmp.Diff([]int64{1, 2, 3}, applied); diff != "" {
			t.Errorf("applied by both together (-want +got):\n%s", diff)
		}
	})
}
