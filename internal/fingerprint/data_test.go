package fingerprint_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

func open(t *testing.T, setup string) *database.Database {
	t.Helper()
	db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
	if setup != "" {
		run(t, db, setup)
	}
	return db
}

func run(t *testing.T, db *database.Database, sql string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), sql); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

func read(t *testing.T, db *database.Database, options fingerprint.Options) fingerprint.Data {
	t.Helper()
	data, err := fingerprint.Read(t.Context(), db, options)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sum returns the sum of one table, and its rows.
func sum(t *testing.T, db *database.Database, table string) string {
	t.Helper()
	data := read(t, db, fingerprint.Options{Skip: func(name fingerprint.Name) bool { return name.Name != table }})
	if len(data.Tables) != 1 {
		t.Fatalf("got %+v", data.Tables)
	}
	return fmt.Sprint(data.Tables[0].Rows, " ", data.Tables[0].Sum)
}

// What one sees in the data, one sees in the fingerprint, and nothing else.
func TestWhatAFingerprintNotices(t *testing.T) {
	t.Parallel()
	const given = "create table t (id int, a int, b text); insert into t select n, n % 5, 'x' || n from generate_series(1, 100) n;"
	tests := []struct {
		name, before, change string
		same                 bool
	}{
		{"nothing", given, "select 1", true},
		{"the order of rows", given, "create table u as select * from t order by b desc; truncate t; insert into t select * from u; drop table u", true},
		{"the order of columns", given, "drop table t; create table t (b text, a int, id int); insert into t select 'x' || n, n % 5, n from generate_series(1, 100) n", true},
		{"a value moved from row to row", given, "update t set a = case id when 1 then 2 else 1 end where id in (1, 2)", false},
		{"two rows that are the same", given, "insert into t values (0, 0, ''), (0, 0, '')", false},
		{"one row twice in the place of another twice", "create table t (id int); insert into t values (1), (1), (2)", "truncate t; insert into t values (1), (2), (2)", false},
		{"the names of two columns exchanged", "create table t (a int, b int); insert into t values (1, 2), (3, 4)", "alter table t rename a to c; alter table t rename b to a; alter table t rename c to b", false},
		{"a column more", given, "alter table t add c int", false},
		{"a type with the same text", "create table t (a int); insert into t values (1)", "alter table t alter a type bigint", false},
		{"a large value", "create table t (a text); insert into t select repeat(md5(n::text), 4000) from generate_series(1, 3) n", "update t set a = overlay(a placing 'z' from 100000)", false},
		{"a large value stored otherwise", "create table t (a text); insert into t select repeat(md5(n::text), 4000) from generate_series(1, 3) n", "alter table t alter a set storage external; update t set a = a || ''", true},
		{"a type made anew", "create type m as enum ('x', 'y'); create table t (a m); insert into t values ('x'), ('y')", "alter table t alter a type text; drop type m; create type m as enum ('y', 'x'); alter table t alter a type m using a::m", true},
		{"a generated column of another expression", "create table t (a int, b int generated always as (a + 1) stored); insert into t values (1)", "alter table t drop b; alter table t add b int generated always as (a + 2) stored", false},
		{"a dropped column", "create table t (a int, b int); insert into t values (1, 2)", "alter table t add c int; alter table t drop c", true},
		{"a NaN", "create table t (a float8); insert into t values ('NaN'), (0)", "update t set a = 1 where a = 'NaN'", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, test.before)
			before := read(t, db, fingerprint.Options{})
			run(t, db, test.change)
			if changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{})); (len(changes) == 0) != test.same {
				t.Errorf("got %+v", changes)
			}
		})
	}
}

func TestTablesOfAllKinds(t *testing.T) {
	t.Parallel()
	db := open(t, `create table parent (id int); create table child () inherits (parent); insert into parent values (1); insert into child values (2), (3);
create table parts (id int) partition by range (id); create table low partition of parts for values from (0) to (10); insert into parts values (5);
create materialized view m as select * from parent; create materialized view empty as select 1 as one with no data; create view v as select 1;
create schema "Odd one"; create table "Odd one"."T""x" ("C'd" text); insert into "Odd one"."T""x" values ('a'); create table columnless (); insert into columnless default values;
create temp table mine (id int);`)
	var got []string
	for _, table := range read(t, db, fingerprint.Options{}).Tables {
		got = append(got, fmt.Sprint(table.Name, " ", table.Rows))
	}
	if want := `Odd one.T"x 1, child 2, columnless 1, low 1, m 3, parent 1`; strings.Join(got, ", ") != want {
		t.Errorf("got %q", strings.Join(got, ", "))
	}
}

// The same rows have the same sum whatever the session, the role or the database say of how values look.
func TestSettingsDoNotCount(t *testing.T) {
	t.Parallel()
	const given = `create table t (a timestamptz, b interval, c bytea, d float8, e money, f regclass); insert into t values ('2026-01-01', '1 day 2 hours', '\x01', 0.1 + 0.2, 1, 't');
alter table t add g text default E'a\\b ü', add h interval default '1 day', add check (a > '2026-01-01 00:00+01'), add check (d > 0.2), add check (c <> '\x02'); comment on table t is 'ü'; create view v as select g, e + 1::money as m from t where h > '2 hours';`
	db := open(t, given)
	before, shape := sum(t, db, "t"), schema(t, db)
	var name string
	if err := db.QueryRowContext(t.Context(), "select quote_ident(current_database())").Scan(&name); err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"datestyle = 'German'", "intervalstyle = 'iso_8601'", "timezone = 'Asia/Tokyo'", "bytea_output = 'escape'", "extra_float_digits = -5", "search_path = ''", "statement_timeout = '1s'", "lc_monetary = 'C.UTF-8'", "quote_all_identifiers = on", "standard_conforming_strings = off", "client_encoding = 'LATIN1'", "xmlbinary = 'hex'", "transform_null_equals = on"} {
		run(t, db, "alter database "+name+" set "+setting)
	}
	db.SetMaxIdleConns(0) // What the database says counts for new sessions.
	if after := sum(t, db, "t"); after != before {
		t.Errorf("got %s, it was %s", after, before)
	}
	if got := messages(fingerprint.CompareSchemas(shape, schema(t, db))); !slices.Equal(got, []string{"setting of the database is left"}) {
		t.Errorf("got %q", got)
	}
}

// Rows that a policy hides are not left out silently.
func TestAPolicyIsAnErrorAndNotFewerRows(t *testing.T) {
	t.Parallel()
	db := open(t, "create table t (id int); insert into t values (1), (2); alter table t enable row level security; create policy one on t using (id = 1);")
	if got := sum(t, db, "t"); !strings.HasPrefix(got, "2 ") {
		t.Errorf("the owner sees %s", got)
	}
	run(t, db, roleSetup+"grant select on t to airlock_reader")
	db.SetMaxOpenConns(3)
	run(t, db, "do $$ begin execute format('alter database %I set role = airlock_reader', current_database()); end $$")
	db.SetMaxIdleConns(0)
	if _, err := fingerprint.Read(t.Context(), db, fingerprint.Options{}); err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("got %v", err)
	}
}

// All tables are seen at one moment, while others write.
func TestOneMoment(t *testing.T) {
	t.Parallel()
	db := open(t, "create table a (n int); create table b (n int); insert into a values (0); insert into b values (0);")
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			_, _ = db.ExecContext(ctx, fmt.Sprintf("begin; update a set n = %d; update b set n = %d; commit", n, n))
		}
	})
	for range 20 {
		data := read(t, db, fingerprint.Options{Parallel: 2})
		if data.Tables[0].Sum != data.Tables[1].Sum {
			t.Error("two tables were seen at two moments")
		}
	}
	stop()
	writer.Wait()
}

func TestColumnsTellWhatIsLost(t *testing.T) {
	t.Parallel()
	db := open(t, "create table t (id int, a text, b int); insert into t values (1, 'x', 1), (2, null, 2), (3, 'y', null);")
	options := fingerprint.Options{Columns: true}
	before := read(t, db, options)
	run(t, db, "alter table t drop b; update t set a = null where id = 1; alter table t add c int")
	changes := fingerprint.Compare(before, read(t, db, options))
	if got := fmt.Sprintf("%+v", changes); len(changes) != 1 || got != "[{Table:t Message:t has other columns Lost:0 More:false Columns:[{Column:a Lost:1 Gone:false New:false Other:true} {Column:b Lost:2 Gone:true New:false Other:false} {Column:c Lost:0 Gone:false New:true Other:false}] Sampled:false Again:false Unknown:false}]" {
		t.Errorf("got %s", got)
	}
	run(t, db, "delete from t where id > 1")
	if changes := fingerprint.Compare(before, read(t, db, options)); len(changes) != 1 || changes[0].Lost != 2 || changes[0].Message != "t has 1 rows, it had 3" {
		t.Errorf("got %+v", changes)
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, database.Settings{Dialect: database.SQLite, Path: filepath.Join(t.TempDir(), "a.db"), Create: true})
	run(t, db, "create table t (id integer primary key, a, b text); insert into t values (1, 1, 'x'), (2, 1.0, 'y'), (3, x'00', null); create table u (id integer)")
	before := read(t, db, fingerprint.Options{Columns: true})
	if len(before.Tables) != 2 || before.Tables[0].Rows != 3 || before.Tables[0].Columns[1].NotNull != 2 {
		t.Fatalf("got %+v", before)
	}
	for _, change := range []string{"update t set a = '1' where id = 1", "update t set a = 1.0 where id = 1", "update t set b = case id when 1 then 'y' else 'x' end where id < 3", "delete from t where id = 2"} {
		run(t, db, "create table kept as select * from t")
		run(t, db, change)
		skip := func(name fingerprint.Name) bool { return name.Name == "kept" }
		if changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Columns: true, Skip: skip})); len(changes) != 1 {
			t.Errorf("%s: got %+v", change, changes)
		}
		run(t, db, "delete from t; insert into t select * from kept; drop table kept")
	}
	if changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Columns: true})); len(changes) > 0 {
		t.Errorf("what was put back differs: %+v", changes)
	}
}
