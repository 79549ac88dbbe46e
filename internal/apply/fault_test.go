package apply_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
)

// log keeps what progress says, and lets a test wait for it.
type log struct {
	mutex sync.Mutex
	lines []string
}

func (l *log) Advance(_, _ int64, detail string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = append(l.lines, detail)
}

func (l *log) all() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Join(l.lines, "\n")
}

// says waits until progress said something.
func (l *log) says(t *testing.T, what string) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(l.all(), what) }, func() string { return "progress does not say " + what + ":\n" + l.all() })
}

func eventually(t *testing.T, holds func() bool, otherwise func() string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise())
		}
	}
}

// hook is an observer that calls something before a statement that contains a text, once.
type hook struct {
	contains string
	before   func(session database.Session)
	done     bool
}

func (h *hook) Statement(_ context.Context, session database.Session, statement database.Statement, run func() error) error {
	if !h.done && strings.Contains(statement.SQL, h.contains) {
		h.done = true
		h.before(session)
	}
	return run()
}

func (*hook) End(database.Session, bool, error) {}

// given makes a PostgreSQL database with a statement, and returns how it is opened and a session of another application.
func given(t *testing.T, statement string) (database.Settings, *sql.DB) {
	t.Helper()
	return givenAt(t, databasetest.PostgreSQL(t), statement)
}

func givenAt(t *testing.T, location, statement string) (database.Settings, *sql.DB) {
	t.Helper()
	other, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	query := other.Query()
	query.Set("application_name", "nightly-report")
	other.RawQuery = query.Encode()
	db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: other.String()})
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return database.Settings{Dialect: database.PostgreSQL, URL: location}, db.DB
}

// holding begins a transaction of another application that holds what a statement locks, until release is called.
func holding(t *testing.T, db *sql.DB, statement string) (release func()) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	if _, err := tx.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// quick are limits and pauses for tests.
func quick(settings database.Settings, t *testing.T, files map[string]string, retry time.Duration) apply.Options {
	return apply.Options{
		Settings: settings, Set: read(t, files), Pause: 20 * time.Millisecond,
		Limits: apply.Limits{Lock: 300 * time.Millisecond, Statement: time.Minute, Retry: retry},
	}
}

func remarked(step apply.Step) string { return strings.Join(step.Remarks, "; ") }

// remarks are the steps for a failure's text.
func remarks(steps []apply.Step) []string {
	var all []string
	for _, step := range steps {
		all = append(all, step.File.Name+": "+remarked(step))
	}
	return all
}

func one(sections string) map[string]string { return map[string]string{"00001_one.sql": sections} }

func TestABlockerThatOutlastsTheBudgetIsNamed(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table heroes (id integer)")
	holding(t, other, "select * from heroes")
	options := quick(settings, t, one("alter table heroes add column level integer;|"), time.Second)
	progress := &log{}
	options.Progress = progress
	steps, err := open(t, options).Up(t.Context())
	if err == nil || len(steps) > 0 || !strings.Contains(err.Error(), "00001_one.sql failed in line 2") || !strings.Contains(err.Error(), "(nightly-report, postgres, idle in transaction)") {
		t.Errorf("got %q and error %v", remarks(steps), err)
	}
	if !strings.Contains(progress.all(), "waiting for pid") || !strings.Contains(progress.all(), "the next try is in") {
		t.Errorf("progress:\n%s", progress.all())
	}
}

func TestABlockerThatGoesIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{"", migrationtest.NoTransaction} {
		settings, other := given(t, "create table heroes (id integer)")
		release := holding(t, other, "select * from heroes")
		options := quick(settings, t, one(mark+"create table a (id integer);\nalter table heroes add column level integer;|"), time.Minute)
		progress := &log{}
		options.Progress = progress
		go func() {
			progress.says(t, "the next try is in")
			release()
		}()
		steps, err := open(t, options).Up(t.Context())
		if err != nil || len(steps) != 1 || !strings.HasPrefix(steps[0].Remarks[0], "tried again: it waited too long for a lock of pid") {
			t.Errorf("%q: got %q and error %v", mark, remarks(steps), err)
		}
	}
}

func TestABlockerThatTheConfigNamesIsEnded(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table heroes (id integer)")
	holding(t, other, "select * from heroes")
	options := quick(settings, t, one("alter table heroes add column level integer;|"), time.Minute)
	options.Limits.End = []string{"nightly-report"}
	options.Limits.Lock = time.Second
	steps, err := open(t, options).Up(t.Context())
	if err != nil || len(steps) != 1 {
		t.Fatalf("got %q and error %v", remarks(steps), err)
	}
	if got := strings.Join(steps[0].Remarks, "\n"); !strings.Contains(got, "ended, as the config allows: pid") {
		t.Errorf("got remarks %q", got)
	}
}

// A database user who may not end the session that the config names waits for it as for any other.
func TestABlockerThatMayNotBeEnded(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table heroes (id integer)")
	var role string
	if err := other.QueryRow("select 'owner_' || current_database()").Scan(&role); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"create role " + role + " login password 'owner'", "grant all on schema public to " + role, "alter table heroes owner to " + role} {
		if _, err := other.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, statement := range []string{"drop owned by " + role, "drop role " + role} {
			if _, err := other.Exec(statement); err != nil {
				t.Error(err)
			}
		}
	})
	holding(t, other, "select * from heroes")
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	location.User = url.UserPassword(role, "owner")
	settings.URL = location.String()
	options := quick(settings, t, one("alter table heroes add column level integer;|"), 5*time.Second)
	options.Limits.End, options.Limits.Lock = []string{"nightly-report"}, time.Second
	progress := &log{}
	options.Progress = progress
	_, err = open(t, options).Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "it waited too long for a lock of pid") || strings.Contains(progress.all(), "the connection was lost") || !strings.Contains(progress.all(), "lacks pg_signal_backend") {
		t.Errorf("got error %v\n%s", err, progress.all())
	}
}

// lock_timeout counts for each lock: only the watch keeps a reader of the first table from waiting for the locks on all of them.
func TestOthersDoNotWaitLongerThanTheLimit(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table a (id integer); create table b (id integer); create table c (id integer); create table d (id integer)")
	// Given blockers of b, c and d, of which each goes when it was waited for during two thirds of the limit.
	releases := map[string]func(){}
	for _, table := range []string{"b", "c", "d"} {
		releases[table] = holding(t, other, "select * from "+table)
	}
	options := quick(settings, t, one("drop table a, b, c, d;|"), time.Minute)
	progress := &log{}
	options.Progress = progress
	longest := make(chan time.Duration, 1)
	waits := func(table string) bool {
		var waits bool
		err := other.QueryRowContext(t.Context(), "select exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock' and relation = $1::regclass)", table).Scan(&waits)
		return err == nil && waits
	}
	go func() {
		eventually(t, func() bool { return waits("b") }, progress.all)
		go func() {
			begun := time.Now()
			if _, err := other.ExecContext(t.Context(), "select * from a"); err != nil {
				t.Error(err)
			}
			longest <- time.Since(begun)
		}()
		time.Sleep(options.Limits.Lock * 2 / 3)
		releases["b"]()
		progress.says(t, "others waited too long")
		releases["c"]()
		releases["d"]()
	}()
	steps, err := open(t, options).Up(t.Context())
	if err != nil || len(steps) != 1 {
		t.Fatalf("got %q and error %v", remarks(steps), err)
	}
	if waited := <-longest; waited > options.Limits.Lock+500*time.Millisecond {
		t.Errorf("a reader waited %s", waited)
	}
}

func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table a (id integer); create table b (id integer)")
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	blocked := make(chan error, 1)
	options := quick(settings, t, one("lock table a;\nlock table b;|"), time.Minute)
	options.Limits.Lock = 20 * time.Second
	// When the migration holds a, the other one, which is patient, takes b and then wants a.
	options.Observer = &hook{contains: "lock table b", before: func(database.Session) {
		for _, statement := range []string{"set deadlock_timeout = '1min'", "begin", "lock table b"} {
			if _, err := conn.ExecContext(t.Context(), statement); err != nil {
				t.Error(err)
			}
		}
		go func() {
			_, err := conn.ExecContext(t.Context(), "lock table a")
			_, end := conn.ExecContext(t.Context(), "rollback")
			blocked <- errors.Join(err, end)
		}()
		eventually(t, func() bool {
			var waits bool
			return other.QueryRowContext(t.Context(), "select exists (select from pg_locks where not granted and relation = 'a'::regclass)").Scan(&waits) == nil && waits
		}, func() string { return "the other one does not wait" })
	}}
	steps, err := open(t, options).Up(t.Context())
	if err != nil || len(steps) != 1 || !slices.Contains(steps[0].Remarks, "tried again: it met a deadlock") {
		t.Errorf("got %q and error %v", remarks(steps), err)
	}
	if err := <-blocked; err != nil {
		t.Error(err)
	}
}

// The server crashes under the migration, as a process of it does that is killed: all sessions end, and it recovers.
func TestAServerThatRestarts(t *testing.T) {
	t.Parallel()
	for _, noTransaction := range []bool{false, true} {
		t.Run(fmt.Sprintf("no transaction %t", noTransaction), func(t *testing.T) {
			t.Parallel()
			server := ownCluster(t)
			files := five(noTransaction)
			for _, name := range []string{"undisturbed", "crashed"} {
				if err := server.CreateDatabase(t.Context(), name); err != nil {
					t.Fatal(err)
				}
			}
			undisturbed := database.Settings{Dialect: database.PostgreSQL, URL: server.URL("undisturbed")}
			if _, err := migrator(t, undisturbed, files, nil).Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			settings := database.Settings{Dialect: database.PostgreSQL, URL: server.URL("crashed")}
			options := quick(settings, t, files, time.Minute)
			options.Observer = &hook{contains: "update heroes set level = id", before: func(session database.Session) {
				if err := syscall.Kill(int(session.PID()), syscall.SIGKILL); err != nil {
					t.Error(err)
				}
			}}
			steps, err := open(t, options).Up(t.Context())
			if err != nil || len(steps) != 5 || !strings.HasSuffix(remarked(steps[2]), "the connection was lost") {
				t.Fatalf("got %q and error %v", remarks(steps), err)
			}
			equals(t, undisturbed, settings)
		})
	}
}

// Nothing of a run that was stopped goes on behind its end, also when the request to cancel its statement does not arrive.
func TestStopped(t *testing.T) {
	t.Parallel()
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("cancelling refused %t", refused), func(t *testing.T) {
			t.Parallel()
			settings, other := given(t, "create table heroes (id integer)")
			ctx, cancel := context.WithCancel(t.Context())
			options := quick(settings, t, map[string]string{"1_a.sql": "create table a (id integer);|", "2_b.sql": "create table b (id integer);\nselect pg_sleep(60);|"}, time.Minute)
			options.Observer = &hook{contains: "pg_sleep", before: func(database.Session) { time.AfterFunc(50*time.Millisecond, cancel) }}
			between := &proxy{t: t, when: cancelRequest, harm: func(l *link, _ []byte) { l.close() }}
			if refused {
				options.Settings.URL = between.start(settings.URL)
			}
			begun := time.Now()
			steps, err := open(t, options).Up(ctx)
			if err == nil || len(steps) != 1 || !strings.Contains(err.Error(), "the run was stopped") || time.Since(begun) > 20*time.Second || between.done != refused {
				t.Errorf("got %q and error %v after %s", remarks(steps), err, time.Since(begun))
			}
			var left int
			query := "select (select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())) + (select count(*) from pg_class where relname = 'b')"
			if err := other.QueryRowContext(t.Context(), query).Scan(&left); err != nil || left != 0 {
				t.Errorf("left behind: %d, %v", left, err)
			}
		})
	}
}
