package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/rollout"
	"github.com/randomchaoslabs/airlock/migrations"
)

// stage is what one script works on: the project of a small team in its work folder.
type stage struct {
	t     testing.TB
	work  string
	ports *ports
	// names are the texts that differ between two runs, and what the golden files call them.
	names map[string]string
	// urls are the databases by the name of their environment, or of the variable that holds the URL.
	urls       map[string]string
	remembered map[string]string
	// hub stands in for GitHub, once the script asks for it.
	hub githubapitest.Running
}

// places are the environments of testdata/project.
func places() []string { return []string{"sandbox", "production"} }

func newStage(t testing.TB, work string, ports *ports) *stage {
	return &stage{t: t, work: work, ports: ports, names: map[string]string{work: "$WORK"}, urls: map[string]string{}}
}

// ports hands out loopback ports below those that Linux gives to connections by itself, each once.
type ports struct{ taken sync.Map }

func (p *ports) free(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(10_000)
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		listener.Close()
		if _, taken := p.taken.LoadOrStore(port, true); !taken {
			return strconv.Itoa(port)
		}
	}
	t.Fatal("no port is free")
	return ""
}

// clear ends the applications that the script left running.
func (s *stage) clear() { stopHosts(s.t, s.work, places()...) }

func stopHosts(t testing.TB, folder string, names ...string) {
	for _, name := range names {
		host, err := rollout.NewProcess(rollout.Options{
			Directory: filepath.Join(folder, ".airlock/hosts", name), Command: []string{"airlock"}, URL: "http://127.0.0.1:1", StopTimeout: time.Second,
		})
		if err == nil {
			err = host.Stop(context.Background())
		}
		if err != nil {
			t.Errorf("the application of %s did not stop: %v", name, err)
		}
	}
}

// newDatabase returns the URL of a new database of the dialect, in the form that AIRLOCK_DATABASE_URL has, and gives it a
// name in golden files.
func (s *stage) newDatabase(dialect, name string) string {
	location := "sqlite:" + filepath.Join(s.work, name+".db")
	title := filepath.Join(s.work, name+".db")
	if dialect == "postgres" {
		location = databasetest.PostgreSQL(s.t)
		parsed, err := url.Parse(location)
		if err != nil {
			s.t.Fatal("the URL of the cluster is none")
		}
		title = parsed.Path[1:] + " on " + parsed.Host
		s.names[parsed.Path[1:]] = "<name of " + name + ">"
	}
	s.names[title], s.urls[name] = "<"+name+">", location
	return location
}

func (s *stage) database(ts *testscript.TestScript, arguments []string) {
	ts.Setenv(arguments[0], s.newDatabase(ts.Getenv("DIALECT"), arguments[0]))
}

// project makes the repository and what its config stands for.
func (s *stage) project(ts *testscript.TestScript, _ []string) {
	executable, err := exec.LookPath("airlock")
	ts.Check(err)
	values := map[string]string{"AIRLOCK": executable, "PARENT": strconv.Itoa(os.Getpid())}
	for _, place := range places() {
		upper := strings.ToUpper(place)
		location := s.newDatabase(ts.Getenv("DIALECT"), place)
		port := s.ports.free(s.t)
		values[upper+"_PORT"], values[upper+"_URL"] = port, location
		s.names[port] = "$" + upper + "_PORT"
		ts.Setenv(upper+"_PORT", port)
		ts.Setenv(upper+"_SECRET_KEY", "a-secret-key-of-"+place)
		if path, ok := strings.CutPrefix(location, "sqlite:"); ok {
			values[upper+"_DATABASE"] = fmt.Sprintf("{sqlite: %s}", filepath.Base(path))
			continue
		}
		parsed, err := url.Parse(location)
		ts.Check(err)
		ts.Setenv(upper+"_DATABASE_URL", location)
		values[upper+"_DATABASE"] = fmt.Sprintf("{postgres: %s, url: %q}", parsed.Path[1:], "${"+upper+"_DATABASE_URL}")
		values[upper+"_URL"] = "${" + upper + "_DATABASE_URL}"
		parsed.User = url.UserPassword(parsed.User.Username(), "canary-password")
		ts.Setenv("WRONG_"+upper, parsed.String())
	}
	for name, hours := range map[string]time.Duration{"LATER_FROM": 2, "LATER_TO": 3} {
		ts.Setenv(name, time.Now().UTC().Add(hours*time.Hour).Format("15:04"))
	}
	closed := s.ports.free(s.t)
	s.names[closed] = "$CLOSED_PORT"
	ts.Setenv("CLOSED_PORT", closed)
	template, err := os.ReadFile(filepath.Join(workDirectory(ts), "testdata/project/airlock.yaml"))
	ts.Check(err)
	config := regexp.MustCompile(`\$[A-Z_]+`).ReplaceAllStringFunc(string(template), func(name string) string { return values[name[1:]] })
	s.write(ts, ".github/airlock.yaml", config)
	s.write(ts, ".gitignore", "/.airlock/\n/*.db*\n/.tmp/\n")
	ts.Check(ts.Exec("git", "init", "--quiet", "--initial-branch=main"))
}

// workDirectory is the package's folder: a script has another one.
func workDirectory(ts *testscript.TestScript) string {
	directory, err := os.Getwd()
	ts.Check(err)
	return directory
}

func (s *stage) write(ts *testscript.TestScript, name, content string) {
	path := filepath.Join(s.work, name)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	ts.Check(os.WriteFile(path, []byte(content), 0o600))
}

// release commits a version: its migrations, without those that only bring seed data, and what its application reads.
func (s *stage) release(ts *testscript.TestScript, arguments []string) {
	latest, err := strconv.ParseInt(arguments[1], 10, 64)
	ts.Check(err)
	ts.Check(os.RemoveAll(filepath.Join(s.work, "migrations")))
	names, err := fs.Glob(migrations.Files, "*.sql")
	ts.Check(err)
	for _, name := range names {
		version, err := strconv.ParseInt(name[:strings.IndexByte(name, '_')], 10, 64)
		ts.Check(err)
		if version <= latest && !strings.Contains(name, "seed") {
			content, err := fs.ReadFile(migrations.Files, name)
			ts.Check(err)
			s.write(ts, "migrations/"+name, string(content))
		}
	}
	settings := "APP_VERSION=" + arguments[0] + "\n"
	for _, argument := range arguments[2:] {
		if strings.HasSuffix(argument, ".sql") {
			s.write(ts, "migrations/"+filepath.Base(argument), ts.ReadFile(argument))
			continue
		}
		settings += argument + "\n"
	}
	s.write(ts, "release/.env", settings)
	ts.Check(ts.Exec("git", "add", "--all", "--force", "release", "migrations", ".github", ".gitignore"))
	ts.Check(ts.Exec("git", "commit", "--quiet", "--allow-empty", "--message", arguments[0]))
}

// add puts a line below an environment or below checks.
func (s *stage) add(ts *testscript.TestScript, arguments []string) {
	config := ts.ReadFile(".github/airlock.yaml")
	place, line := "\n  "+arguments[0]+":\n", "    "+arguments[1]+"\n"
	if arguments[0] == "checks" {
		place, line = "\nchecks:\n", "  "+arguments[1]+"\n"
	}
	if strings.Count(config, place) != 1 {
		ts.Fatalf("the config has no place %s", arguments[0])
	}
	s.write(ts, ".github/airlock.yaml", strings.Replace(config, place, place+line, 1))
}

func (s *stage) envfrom(ts *testscript.TestScript, arguments []string) {
	ts.Setenv(arguments[0], ts.ReadFile(arguments[1]))
}

// sql prints the rows that a statement returns, a line each.
func (s *stage) sql(ts *testscript.TestScript, arguments []string) {
	db, err := database.Open(context.Background(), settings(s.urls[arguments[0]]))
	ts.Check(err)
	defer db.Close()
	rows, err := query(db, arguments[1])
	ts.Check(err)
	for _, row := range rows {
		fmt.Fprintln(ts.Stdout(), row)
	}
}

// settings are those of the database at a URL.
func settings(location string) database.Settings {
	if path, ok := strings.CutPrefix(location, "sqlite:"); ok {
		return database.Settings{Dialect: database.SQLite, Path: path, Create: true}
	}
	return database.Settings{Dialect: database.PostgreSQL, URL: location}
}

// query returns the rows, their values joined by spaces.
func query(db *database.Database, statement string) ([]string, error) {
	rows, err := db.Query(statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	var found []string
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		found = append(found, strings.TrimSpace(fmt.Sprintln(values...)))
	}
	return found, rows.Err()
}

// occupy listens on the port in a variable until the script ends.
func (s *stage) occupy(ts *testscript.TestScript, arguments []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv(arguments[0]))
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
}

// waitfree waits until nothing listens on the port in a variable.
func (s *stage) waitfree(ts *testscript.TestScript, arguments []string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if listener, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv(arguments[0])); err == nil {
			listener.Close()
			return
		}
	}
	ts.Fatalf("something still listens on port %s", ts.Getenv(arguments[0]))
}
