package apply_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
)

// An applied file that is edited is refused before anything runs, also when goose applied it before Airlock came.
func TestAnEditedFileIsRefused(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "select 1")
	files := three()
	if _, err := migrator(t, settings, files, nil).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	files["00002_heroes.sql"] += "\n-- edited"
	files["00004_more.sql"] = "create table more (id integer);|drop table more;"
	_, err := migrator(t, settings, files, nil).Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "00002_heroes.sql was applied as another file") {
		t.Errorf("got error %v", err)
	}
	// Without the record nothing is known of what was applied; from then on it is.
	if _, err := other.Exec("drop table airlock_migrations"); err != nil {
		t.Fatal(err)
	}
	if _, err := migrator(t, settings, files, nil).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	files["00001_users.sql"] += "\n-- edited"
	if _, err := migrator(t, settings, files, nil).Up(t.Context()); err == nil {
		t.Error("got no error")
	}
	// What goes down may have been mended.
	if steps, err := migrator(t, settings, files, nil).Down(t.Context(), 0); err != nil || len(steps) != 4 {
		t.Errorf("got %v, %v", versions(steps), err)
	}
}

// goose looks for its table where search_path says: a migration that changes it for new connections must not hide it.
func TestAChangedSearchPathDoesNotHideTheVersions(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create schema app")
	var name string
	if err := other.QueryRow("select current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"1_a.sql": "create table a (id integer);\nalter database " + name + " set search_path = app;|drop table a;",
		"2_b.sql": "create table b (id integer);|drop table b;",
	}
	options := quick(settings, t, files, time.Minute)
	// Given a connection that is lost behind the first file: the next one has the new search_path.
	options.Observer = &hook{contains: "create table b", before: func(session database.Session) {
		_, _ = other.Exec("select pg_terminate_backend($1)", int64(session.PID()))
	}}
	steps, err := open(t, options).Up(t.Context())
	if err != nil || !slices.Equal(versions(steps), []int64{1, 2}) {
		t.Fatalf("got %v, %v", versions(steps), err)
	}
	var schemas string
	if err := other.QueryRow("select string_agg(schemaname || '.' || tablename, ',' order by tablename) from pg_tables where schemaname in ('app', 'public')").Scan(&schemas); err != nil || schemas != "public.a,public.airlock_migrations,public.b,public.goose_db_version" {
		t.Errorf("got tables %q, %v", schemas, err)
	}
}

// What a file leaves in the session is for those behind it as well, and is said.
func TestWhatAFileLeavesInTheSession(t *testing.T) {
	t.Parallel()
	settings, _ := given(t, "select 1")
	files := map[string]string{
		"1_a.sql": "set work_mem = '1MB';\nset local enable_seqscan = off;\nset lock_timeout = '1h';|",
		"2_b.sql": "create temporary table kept (id integer);\ncreate temporary table gone (id integer) on commit drop;|",
		"3_c.sql": "create table c as select current_setting('lock_timeout') as lock_timeout, current_setting('statement_timeout') as statement_timeout;|",
		"4_d.sql": "set local lock_timeout = '20ms';\nset local statement_timeout = '1h';\ncreate table d as select current_setting('lock_timeout') as lock_timeout, current_setting('statement_timeout') as statement_timeout;|",
	}
	steps, err := open(t, quick(settings, t, files, 0)).Up(t.Context())
	if err != nil || len(steps) != 4 {
		t.Fatal(err)
	}
	// A file's own smaller limits stay where they are the first that changes anything, too; and what CONCURRENTLY needs goes with it.
	alone := map[string]string{
		"1_d.sql": files["4_d.sql"],
		"2_e.sql": migrationtest.NoTransaction + "create index concurrently on d (lock_timeout);\ncreate table c as select current_setting('lock_timeout') as lock_timeout, current_setting('statement_timeout') as statement_timeout;|",
	}
	first, _ := given(t, "select 1")
	if _, err := open(t, quick(first, t, alone, 0)).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{{"it left in the session, for those behind it: set work_mem"}, {"it left in the session, for those behind it: set work_mem, temporary table kept"}} {
		if !slices.Equal(steps[i].Remarks, want) {
			t.Errorf("file %d: got %q, want %q", i+1, steps[i].Remarks, want)
		}
	}
	for _, location := range []string{settings.URL, first.URL} {
		_, other := givenAt(t, location, "select 1")
		for table, want := range map[string]string{"c": "300ms 1min", "d": "20ms 1min"} {
			var got string
			if err := other.QueryRow("select lock_timeout || ' ' || statement_timeout from " + table).Scan(&got); err != nil || got != want {
				t.Errorf("limits in %s: got %q, want %q: %v", table, got, want, err)
			}
		}
	}
}
