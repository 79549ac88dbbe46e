package backup

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// subject is a real database with rows in it, and a place for its snapshots.
type subject struct {
	place
	db *sql.DB
}

var tables = []string{"heroes", "profiles", `strange "name" äöü`}

func eachKind(t *testing.T, test func(t *testing.T, subject subject)) {
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		subject := subject{place{Path: settings.Path, URL: settings.URL, Directory: filepath.Join(t.TempDir(), "kept", "snapshots")},
			databasetest.Open(t, settings).DB}
		for _, table := range tables {
			subject.execute(t, fmt.Sprintf("create table %s (id integer primary key, text text not null)", quote(table)))
		}
		subject.insert(t)
		test(t, subject)
	})
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (s subject) execute(t *testing.T, statement string) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// insert adds rows to all tables; the text does not compress well.
func (s subject) insert(t *testing.T) {
	t.Helper()
	text := "hex(randomblob(200))"
	if s.Path == "" {
		text = "(select string_agg(md5(random()::text), '') from generate_series(1, 12) where n > 0)"
	}
	for _, table := range tables {
		s.execute(t, fmt.Sprintf(`insert into %[1]s
			with recursive more(n) as (select 1 union all select n + 1 from more where n < 2000)
			select (select coalesce(max(id), 0) from %[1]s) + n, %[2]s from more`, quote(table), text))
	}
}

// rows returns for each table the number of its rows and something that tells their contents apart.
func (s subject) rows(t *testing.T) map[string]string {
	t.Helper()
	return contents(t, s.db)
}

func contents(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, table := range tables {
		var count, length, greatest string
		query := fmt.Sprintf("select count(*), sum(length(text) * id), max(text) from %s", quote(table))
		if err := db.QueryRowContext(t.Context(), query).Scan(&count, &length, &greatest); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		found[table] = count + " " + length + " " + greatest
	}
	return found
}

// restore brings a snapshot back as a new database, as a person would, and returns its contents.
func (s subject) restore(t *testing.T, snapshot Snapshot) map[string]string {
	t.Helper()
	if s.Path != "" {
		text, err := os.ReadFile(snapshot.Location)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "restored.db")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return contents(t, databasetest.Open(t, database.Settings{Dialect: database.SQLite, Path: path}).DB)
	}
	target := databasetest.PostgreSQL(t)
	location, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	restore := exec.Command("pg_restore", "--exit-on-error", "--no-owner", "--dbname="+strings.TrimPrefix(location.Path, "/"), snapshot.Location)
	if restore.Env, _, err = environment(target, os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	if output, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return contents(t, databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: target}).DB)
}

// begin starts this test binary as the program that takes the snapshot, see TestMain, and returns when it begins to.
func (s subject) begin(t *testing.T, directory string) (program *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	where := s.place
	where.Directory = directory
	text, err := json.Marshal(where)
	if err != nil {
		t.Fatal(err)
	}
	program = exec.Command(os.Args[0])
	program.Env = append(os.Environ(), "AIRLOCK_TEST_TAKER="+string(text))
	program.Stderr = os.Stderr
	output, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Process.Kill() })
	if lines = bufio.NewScanner(output); !lines.Scan() {
		t.Fatal("the program did not begin")
	}
	return program, lines
}

// Given a promotion that is killed at any moment of taking its snapshot, when it runs again, then there is exactly one
// complete snapshot, nothing of the killed one, and it restores to the rows of the database.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		want := subject.rows(t)
		program, lines := subject.begin(t, t.TempDir())
		begun := time.Now()
		lines.Scan()
		whole := time.Since(begun)
		if err := program.Wait(); err != nil || lines.Text() != "taken" {
			t.Fatalf("got %q, %v", lines.Text(), err)
		}

		interrupted := 0
		for seed := range uint64(10) {
			moment := time.Duration(rand.New(rand.NewPCG(seed, 1)).Float64() * float64(whole))
			where := subject.place
			where.Directory = t.TempDir()
			program, lines := subject.begin(t, where.Directory)
			time.AfterFunc(moment, func() { program.Process.Kill() })
			if !lines.Scan() {
				interrupted++
			}
			program.Wait()

			snapshot, _ := take(t, open(t, where))
			if diff := cmp.Diff([]string{snapshot.Name}, leftovers(t, where.Directory)); diff != "" {
				t.Errorf("seed %d, killed after %s (-want +got):\n%s", seed, moment, diff)
			}
			if diff := cmp.Diff(want, subject.restore(t, snapshot)); diff != "" {
				t.Errorf("seed %d, killed after %s: rows (-original +restored):\n%s", seed, moment, diff)
			}
		}
		if interrupted == 0 {
			t.Error("no attempt was interrupted: the moments are too late")
		}
	})
}
