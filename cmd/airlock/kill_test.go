package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/rollout"
)

// kills is how many moments of each verb are tried; seed makes them the same in every run.
const (
	kills = 10
	seed  = 20261122
)

// site is a project on which airlock can be run and killed.
type site struct {
	t        *testing.T
	folder   string
	settings database.Settings
	port     int
}

// newSite makes a project at its first release. settings are of an empty database.
func newSite(t *testing.T, settings database.Settings) *site {
	t.Helper()
	s := &site{t: t, folder: t.TempDir(), settings: settings, port: freePort(t)}
	configured := fmt.Sprintf("{sqlite: %q}", settings.Path)
	if settings.Dialect == database.PostgreSQL {
		location, err := url.Parse(settings.URL)
		if err != nil {
			t.Fatal("the URL of the database cannot be read")
		}
		configured = fmt.Sprintf(`{postgres: %s, url: "${DATABASE_URL}"}`, strings.TrimPrefix(location.Path, "/"))
	}
	s.write(".github/airlock.yaml", fmt.Sprintf(`version: 1
app: killed
promotion: [sandbox]
environments:
  sandbox:
    url: http://127.0.0.1:%d
    database: %s
    deploy:
      process:
        command: [./serve]
        directory: host
        environment: {PORT: "%d", AIRLOCK_DEMO_PARENT: "%d", GORACE: "atexit_sleep_ms=0"}
checks:
  health: [{get: /_stcore/health}]
  data: [{name: no row is empty, sql: select count(*) from grown where filler = '', equals: 0}]
`, s.port, configured, s.port, os.Getpid()))
	s.write(".gitignore", "/.airlock/\n/host/\n")
	s.git("init", "--quiet")
	s.release("v1", 5)
	t.Cleanup(s.stop)
	return s
}

// release makes the work tree that of a version with that many migrations, which each take a moment.
func (s *site) release(label string, migrations int) {
	s.t.Helper()
	s.write("migrations/00001_grown.sql", "-- +goose Up\ncreate table grown (id integer primary key, filler text not null);\n-- +goose Down\ndrop table grown;\n")
	for number := 2; number <= migrations; number++ {
		s.write(fmt.Sprintf("migrations/%05d_grow.sql", number), fmt.Sprintf(`-- +goose Up
create table extra_%[1]d (id integer primary key);
insert into grown (id, filler)
with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < 300)
select %[1]d * 1000 + i, 'a row that is long enough to take some room on the disk ' || i from numbers;
-- +goose Down
delete from grown where id / 1000 = %[1]d;
drop table extra_%[1]d;
`, number))
	}
	s.write("release/serve", "#!/bin/sh\n# "+label+"\nexec airlock\n")
	if err := os.Chmod(filepath.Join(s.folder, "release", "serve"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.git("add", "--all")
	s.git("commit", "--quiet", "--message", label)
}

func (s *site) write(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) git(arguments ...string) {
	s.t.Helper()
	command := exec.Command("git", append([]string{"-C", s.folder, "-c", "user.name=t", "-c", "user.email=t@example.com"}, arguments...)...)
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("git %s: %v\n%s", arguments, err, output)
	}
}

// airlock prepares a call of the program in the project.
func (s *site) airlock(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "airlock", append(arguments, "--environment", "sandbox")...)
	command.Dir = s.folder
	command.Env = append(os.Environ(), "DATABASE_URL="+s.settings.URL)
	return command
}

// run calls airlock to its end, which must be a good one.
func (s *site) run(arguments ...string) {
	s.t.Helper()
	if output, err := s.airlock(s.t.Context(), arguments...).CombinedOutput(); err != nil {
		s.t.Fatalf("airlock %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}

// kill calls airlock and kills it after a while, and tells whether it was still running then.
func (s *site) kill(after time.Duration, arguments ...string) bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), after)
	defer cancel()
	err := s.airlock(ctx, arguments...).Run() // exec kills with SIGKILL when the context ends.
	return err != nil && ctx.Err() != nil
}

func (s *site) host() *rollout.Process {
	s.t.Helper()
	host, err := rollout.NewProcess(rollout.Options{Directory: filepath.Join(s.folder, "host"), Command: []string{"./serve"},
		URL: fmt.Sprintf("http://127.0.0.1:%d", s.port)})
	if err != nil {
		s.t.Fatal(err)
	}
	return host
}

func (s *site) stop() {
	if err := s.host().Stop(context.Background()); err != nil {
		s.t.Error(err)
	}
}

// state is all that a run leaves behind, without what differs from run to run.
type state struct {
	Tables    map[string][]string
	Snapshots int
	Partial   []string
	Serves    string
	Previous  string
	Running   bool
	History   []string
}

// state reads what is there now.
func (s *site) state() state {
	s.t.Helper()
	result := state{Tables: s.tables()}
	root := filepath.Join(s.folder, ".airlock", "snapshots", "sandbox")
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	for _, entry := range entries {
		switch {
		case strings.Contains(entry.Name(), "partial"):
			result.Partial = append(result.Partial, entry.Name())
		case strings.HasPrefix(entry.Name(), "pre-deploy-"):
			result.Snapshots++
		}
	}
	served, err := s.host().State(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if served.Current != nil {
		result.Serves, result.Running = served.Current.Label, served.Running
	}
	if served.Previous != nil {
		result.Previous = served.Previous.Label
	}
	promotions, err := history.NewFile(filepath.Join(s.folder, ".airlock", "history.jsonl"), time.Now).List(s.t.Context(), "sandbox")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, promotion := range promotions {
		result.History = append(result.History, fmt.Sprintf("%s from schema %d: %s", promotion.Release.Label, promotion.FromSchema, promotion.State()))
	}
	return result
}

// tables returns the rows of every table as text, goose's own without its times.
func (s *site) tables() map[string][]string {
	s.t.Helper()
	db := databasetest.Open(s.t, s.settings)
	names := "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name"
	if db.Dialect == database.PostgreSQL {
		names = "select tablename from pg_tables where schemaname = 'public' order by tablename"
	}
	tables := map[string][]string{}
	for _, name := range rows(s.t, db.DB, names) {
		query := "select * from " + name
		switch name { // Without the moments at which they were written.
		case database.GooseTable:
			query = "select version_id, is_applied from " + name
		case database.RecordTable:
			query = "select version, file, sha256, statements, applied, down, position, started from " + name
		}
		tables[name] = rows(s.t, db.DB, query)
	}
	return tables
}

// rows returns the rows of a query as text, sorted.
func rows(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var result []string
	for found.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		if err := found.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, value := range values {
			row = append(row, value.(*sql.NullString).String)
		}
		result = append(result, strings.Join(row, "|"))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(result)
	return result
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// Whatever is killed, whenever, and run again ends as if nothing had happened.
func TestKilledAndRunAgain(t *testing.T) {
	t.Parallel()
	served := []string{"promote", "--image", "release", "--label", "v1"}
	promoted := []string{"promote", "--image", "release", "--label", "v2"}
	migrated := []string{"migrate", "up"}
	both := []database.Dialect{database.SQLite, database.PostgreSQL}
	for name, calls := range map[string]struct {
		before, then, killed []string
		dialects             []database.Dialect
	}{
		"snapshot": {migrated, nil, []string{"snapshot", "create", "--image", "release", "--label", "v2", "--run", "7261"}, both},
		"migrate":  {migrated, nil, []string{"migrate", "up"}, both},
		"deploy":   {served, nil, []string{"deploy", "--image", "release", "--label", "v2"}, both[:1]}, // It asks no database.
		"promote":  {served, nil, promoted, both},
		"rollback": {served, promoted, []string{"rollback", "--way", "schema"}, both[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, dialect := range calls.dialects {
				t.Run(string(dialect), func(t *testing.T) {
					t.Parallel()
					begin := func(t *testing.T) *site {
						s := newSite(t, empty(t, dialect))
						s.run(calls.before...)
						s.release("v2", 25)
						if calls.then != nil {
							s.run(calls.then...)
						}
						return s
					}
					undisturbed := begin(t)
					started := time.Now()
					undisturbed.run(calls.killed...)
					took := time.Since(started)
					want := undisturbed.state()

					random := rand.New(rand.NewPCG(seed, 0))
					for number := range kills {
						// One moment in each tenth of the run, so that no part of it is left out.
						share := (float64(number) + random.Float64()) / kills
						t.Run(fmt.Sprintf("%.2f", share), func(t *testing.T) {
							t.Parallel()
							s := begin(t)
							running := s.kill(time.Duration(share*float64(took)), calls.killed...)
							s.run(calls.killed...)
							if diff := cmp.Diff(want, s.state()); diff != "" {
								t.Errorf("killed while it ran (%v) and run again (-undisturbed +killed):\n%s", running, diff)
							}
						})
					}
				})
			}
		})
	}
}

// empty returns the settings of an empty database.
func empty(t *testing.T, dialect database.Dialect) database.Settings {
	t.Helper()
	if dialect == database.PostgreSQL {
		return database.Settings{Dialect: dialect, URL: databasetest.PostgreSQL(t)}
	}
	return database.Settings{Dialect: dialect, Path: filepath.Join(t.TempDir(), "killed.db"), Create: true}
}
