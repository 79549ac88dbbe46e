package backup

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// canary is a password that is in no other text.
const canary = "canary%0 'in\"$(the)mine\\"

// postgres makes a database that belongs to a user whose password is the canary.
func postgres(t *testing.T) (where place, owner *pgx.Conn) {
	t.Helper()
	location, err := url.Parse(databasetest.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	superuser, err := pgx.Connect(t.Context(), location.String())
	if err != nil {
		t.Fatal(err)
	}
	role := strings.TrimPrefix(location.Path, "/")
	execute(t, superuser, "create role "+role+" login password '"+strings.ReplaceAll(canary, "'", "''")+"'")
	execute(t, superuser, "grant all on schema public to "+role)
	location.User = url.UserPassword(role, canary)
	owner, err = pgx.Connect(t.Context(), location.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		owner.Close(ctx)
		for _, statement := range []string{"drop owned by " + role + " cascade", "drop role " + role} {
			if _, err := superuser.Exec(ctx, statement); err != nil {
				t.Error(err)
			}
		}
		superuser.Close(ctx)
	})
	execute(t, owner, "create table heroes (id integer primary key)")
	return place{URL: location.String(), Directory: filepath.Join(t.TempDir(), "snapshots")}, owner
}

func execute(t *testing.T, connection *pgx.Conn, statement string) {
	t.Helper()
	if _, err := connection.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Given a dump that waits for a lock, when everybody's process list is read, then no argument holds the password.
// Released, the dump ends, and no file holds the password.
func TestPasswordAppearsNowhere(t *testing.T) {
	t.Parallel()
	where, owner := postgres(t)
	execute(t, owner, "begin")
	execute(t, owner, "lock table heroes in access exclusive mode")
	taken := make(chan error, 1)
	go func() {
		_, _, err := Take(t.Context(), open(t, where), night, tags, 7, nil)
		taken <- err
	}()
	list := waitForProcess(t, "--file="+where.Directory)
	// Other tests have canaries of their own: this one is told by its end, however it may be escaped before that.
	if strings.Contains(list, "(the)mine") {
		t.Error("an argument of a process holds the password")
	}
	execute(t, owner, "commit")
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(where.Directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "canary") {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// waitForProcess returns the arguments of all processes as soon as pg_dump itself has this one.
func waitForProcess(t *testing.T, argument string) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		list := processes(t)
		for line := range strings.Lines(list) {
			if strings.Contains(line, argument) && strings.Contains(strings.Fields(line)[0], "pg_dump") {
				return list
			}
		}
	}
	t.Fatal("pg_dump was not seen")
	return ""
}

// processes lists the arguments of all processes, a line each.
func processes(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		list, err := exec.Command("ps", "-axww", "-o", "args=").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(list)
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var list strings.Builder
	for _, path := range paths {
		// A process can end while the list is made.
		text, _ := os.ReadFile(path)
		if len(text) > 0 {
			list.WriteString(strings.NewReplacer("\x00", " ", "\n", " ").Replace(string(text)) + "\n")
		}
	}
	return list.String()
}

func TestPostgresExplains(t *testing.T) {
	t.Parallel()
	where, owner := postgres(t)
	execute(t, owner, "create table secrets (id integer)")
	execute(t, owner, "revoke all on secrets from current_user")
	empty := t.TempDir()
	for _, test := range []struct {
		name       string
		change     func(*url.URL, *PostgresOptions)
		text, hint string
	}{
		{"wrong password", func(location *url.URL, _ *PostgresOptions) {
			location.User = url.UserPassword(location.User.Username(), canary+"x")
		}, "refused the user name or password", "check user and password"},
		{"nobody there", func(location *url.URL, _ *PostgresOptions) { location.Host = "127.0.0.1:1" }, "connection refused", "server running"},
		{"unknown host", func(location *url.URL, _ *PostgresOptions) { location.Host = "no-such-host.invalid" }, "is not known", "host"},
		{"no such database", func(location *url.URL, _ *PostgresOptions) { location.Path = "/none" }, "does not exist", "create it"},
		{"no pg_dump", func(_ *url.URL, options *PostgresOptions) { options.Bin = empty }, "pg_dump was not found", "postgresql-client"},
		{"a table that may not be read", func(*url.URL, *PostgresOptions) {}, "permission denied", "pg_read_all_data"},
	} {
		t.Run(test.name, func(t *testing.T) {
			location, err := url.Parse(where.URL)
			if err != nil {
				t.Fatal(err)
			}
			options := PostgresOptions{Directory: t.TempDir(), Now: time.Now, LookupEnv: os.LookupEnv}
			test.change(location, &options)
			options.URL = location.String()
			store, err := NewPostgres(options)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = Take(t.Context(), store, night, tags, 7, nil)
			holds(t, err, test.text, test.hint)
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds the password: %v", err)
			}
			if got := leftovers(t, options.Directory); len(got) != 0 {
				t.Errorf("got %v, want nothing left", got)
			}
		})
	}
}

func TestPostgresTables(t *testing.T) {
	t.Parallel()
	where, owner := postgres(t)
	execute(t, owner, `create table "DATA" (id integer)`)
	execute(t, owner, `create table "a b" (id integer) partition by range (id)`)
	execute(t, owner, `create table part partition of "a b" for values from (0) to (9)`)
	execute(t, owner, `create view strong as select * from heroes`)
	snapshot, _ := take(t, open(t, where))
	want := []Table{{"public.DATA", -1}, {"public.a b", -1}, {"public.heroes", -1}, {"public.part", -1}}
	if diff := cmp.Diff(want, snapshot.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

func TestCompatible(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		output string
		server int
		want   string
	}{
		{"pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15, ""},
		{"pg_dump (PostgreSQL) 17.2\n", 15, ""},
		{"pg_dump (PostgreSQL) 18beta1\n", 18, ""},
		{"pg_dump (PostgreSQL) 15.18\n", 16, "pg_dump is of version 15 and the server of version 16"},
		{"hello\n", 15, "does not say its version"},
	} {
		client, err := parseMajor(test.output)
		if err == nil {
			err = compatible(client, test.server)
		}
		if test.want == "" && err != nil || test.want != "" {
			if test.want == "" {
				t.Errorf("%q with server %d: %v", test.output, test.server, err)
				continue
			}
			holds(t, err, test.want, "PATH")
		}
	}
}

// Given a pg_restore that says what the server does not know, then no copy is begun: neither of the database nor of a dump.
func TestNewerRestoreIsRefused(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	var server int
	if err := databasetest.Open(t, settings).QueryRowContext(t.Context(), "select current_setting('server_version_num')::int / 10000").Scan(&server); err != nil {
		t.Fatal(err)
	}
	if server >= timed {
		return // It knows all that pg_restore says.
	}
	text, hint := fmt.Sprintf("pg_restore is of version 17 and the server of version %d", server), fmt.Sprintf("postgresql-client-%d", server)
	real, err := exec.LookPath("pg_restore")
	if err != nil {
		t.Fatal(err)
	}
	bin, used := t.TempDir(), filepath.Join(t.TempDir(), "used")
	for name, script := range map[string]string{
		"pg_dump":    "exec '" + filepath.Join(filepath.Dir(real), "pg_dump") + "' \"$@\"\n",
		"pg_restore": "case $1 in --version) echo 'pg_restore (PostgreSQL) 17.2' ;; --list) exec '" + real + "' \"$@\" ;; *) touch '" + used + "' ;; esac\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, err = NewScratch(t.Context(), ScratchOptions{Settings: settings, Bin: bin, MaximumBytes: everything, Now: time.Now, LookupEnv: os.LookupEnv})
	holds(t, err, text, hint)
	store, err := NewPostgres(PostgresOptions{URL: settings.URL, Bin: bin, Directory: t.TempDir(), Now: time.Now, LookupEnv: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	take(t, store)
	_, err = Copy(t.Context(), store, CopyOptions{Settings: settings, MaximumBytes: everything})
	holds(t, err, text, hint)
	if _, err := os.Stat(used); err == nil {
		t.Error("pg_restore was used")
	}
	for _, pair := range [][2]int{{16, 15}, {17, 17}, {18, 17}} {
		if err := restorable(pair[0], pair[1]); err != nil {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

// The provider of the locale is named also where it is the C library: template0 can have another one, which would hold.
func TestLikeNamesTheProvider(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, databasetest.Fresh(t, database.PostgreSQL))
	var statement string
	if err := db.QueryRowContext(t.Context(), likeQuery, "copy").Scan(&statement); err != nil || !strings.HasSuffix(statement, " LOCALE_PROVIDER libc") {
		t.Errorf("got %s, %v", statement, err)
	}
}

func FuzzParseTables(f *testing.F) {
	f.Add(";\n; Archive created at 2025\n215; 1259 16385 TABLE public heroes wos\n3245; 0 16385 TABLE DATA public heroes wos\n")
	f.Add("1; 1259 1 TABLE a b\n\x00; 1259\n")
	f.Fuzz(func(t *testing.T, list string) {
		for _, table := range parseTables(list) {
			if table.Rows != -1 || !strings.Contains(table.Name, ".") {
				t.Errorf("got %+v", table)
			}
		}
	})
}
