package fingerprint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// Values whose text does not say all, or says more than the value, and what else once passed for something that it is not.
func TestWhatTheTextOfAValueHides(t *testing.T) {
	t.Parallel()
	const shout = "create function shout(mood) returns text language sql immutable as $$ select 'x' $$; create cast (mood as text) with function shout(mood); "
	tests := []struct {
		name, before, change string
		same                 bool
	}{
		{"an own cast to text that tells less", "create type mood as enum ('a', 'b'); " + shout + "create table t (m mood); insert into t values ('a')", "update t set m = 'b'", false},
		{"two functions of one name", "create function f() returns int language sql as 'select 1'; create function f(int) returns int language sql as 'select 1'; create table t (f regproc); insert into t values ('f()'::regprocedure)", "update t set f = 'f(int)'::regprocedure", false},
		{"two operators of one name", "create table t (o regoper); insert into t values ('+(int,int)'::regoperator)", "update t set o = '+(int8,int8)'::regoperator", false},
		{"two functions of one name in an array", "create function f() returns int language sql as 'select 1'; create function f(int) returns int language sql as 'select 1'; create table t (f regproc[]); insert into t values (array['f()'::regprocedure::regproc])", "update t set f = array['f(int)'::regprocedure::regproc]", false},
		{"a table made anew that a column refers to", "create table o (a int); create table t (r regclass); insert into t values ('o')", "drop table o; create table o (a int); update t set r = 'o'", true},
		{"a table of another schema that a column refers to", "create schema s; create table o (a int); create table s.o (a int); create table t (r regclass); insert into t values ('o')", "update t set r = 's.o'", false},
		{"a composite of NULLs and NULL", "create type pair as (a int, b int); create table t (p pair); insert into t values (row(null, null)::pair)", "update t set p = null", false},
		{"a value beside a NULL in a composite", "create type pair as (a int, b int); create table t (p pair); insert into t values (row(1, null)::pair)", "update t set p = row(2, null)::pair", false},
		{"NULL and the empty text", "create table t (a text); insert into t values (null)", "update t set a = ''", false},
		{"a value moved to the column beside it", "create table t (a text, b text); insert into t values ('x', null)", "update t set b = a, a = null", false},
		{"a renamed label", "create type mood as enum ('a', 'b'); create table t (m mood); insert into t values ('a')", "alter type mood rename value 'a' to 'c'", false},
		{"an attached partition", "create table p (a int) partition by range (a); create table t (a int); insert into t values (1)", "alter table p attach partition t for values from (0) to (10)", true},
		{"a detached partition", "create table p (a int) partition by range (a); create table t partition of p for values from (0) to (10); insert into p values (1)", "alter table p detach partition t", true},
		{"a child that inherits no more", "create table p (a int); create table t () inherits (p); insert into t values (1)", "alter table t no inherit p", true},
		{"another way to compress", "create table t (a text compression pglz); insert into t select string_agg(md5(n::text), '') from generate_series(1, 4000) n", "alter table t alter a set compression lz4; create table u as select * from t; truncate t; insert into t select a || '' from u; drop table u", true},
		{"a default that no row has in its file", "create table t (a int); insert into t values (1)", "alter table t add b int default 7; update t set b = 7; alter table t drop b; alter table t add b int default 7; alter table t drop b", true},
		{"spaces behind a value of a domain", "create domain three as char(3); create table t (a three[]); insert into t values ('{a}')", "update t set a = '{b}'", false},
		{"spaces behind an unbounded char in an array", "create table t (a bpchar[]); insert into t values ('{\"a \"}')", "update t set a = '{a}'", false},
		{"a table that an extension keeps settings in", "create extension pg_trgm; create table t (a int); alter extension pg_trgm add table t; update pg_extension set extconfig = array['t'::regclass::oid], extcondition = array[''] where extname = 'pg_trgm'; insert into t values (1)", "insert into t values (2)", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, test.before)
			before := read(t, db, fingerprint.Options{Columns: true})
			run(t, db, test.change)
			changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Columns: true}))
			if (len(changes) == 0) != test.same {
				t.Errorf("got %+v", changes)
			}
			// Where the columns are the same ones, it is also told which of them holds other values.
			if len(changes) > 0 && changes[0].Message == "rows of t hold other values" && len(changes[0].Columns) == 0 {
				t.Errorf("no column is told in %+v", changes)
			}
		})
	}
}

func TestATableOfManyColumns(t *testing.T) {
	t.Parallel()
	var columns []string
	for i := range 1600 {
		columns = append(columns, fmt.Sprintf("c%d bool", i))
	}
	db := open(t, "create table t ("+strings.Join(columns, ", ")+"); insert into t (c1) values (true)")
	before := read(t, db, fingerprint.Options{Columns: true})
	run(t, db, "update t set c1599 = true")
	changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Columns: true}))
	if len(changes) != 1 || len(changes[0].Columns) != 1 || changes[0].Columns[0].Column != "c1599" {
		t.Errorf("got %+v", changes)
	}
}

func TestNamesThatNeedQuotes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"select", `a"b`, `a\b`, "a'b", "Grüße 🙂", "UPPER", strings.Repeat("x", 63), "a, b", "%s", "$1", "a\nb", "ctid "} {
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		db := open(t, fmt.Sprintf("create schema %[1]s; create table %[1]s.%[1]s (%[1]s int primary key, b bpchar); insert into %[1]s.%[1]s select n, 'x' from generate_series(1, 3000) n; analyze %[1]s.%[1]s", quoted))
		for _, options := range []fingerprint.Options{{Columns: true}, {Budget: 8192, Columns: true}, {PartBytes: 8192}} {
			before := read(t, db, options)
			if table, found := before.Table(fingerprint.Name{Schema: name, Name: name}); !found || table.Rows == 0 || table.Unread != "" {
				t.Errorf("%s: got %+v", name, table)
			}
		}
		before := schema(t, db)
		run(t, db, fmt.Sprintf("alter table %[1]s.%[1]s add c int", quoted))
		if got := fingerprint.CompareSchemas(before, schema(t, db)); len(got) != 1 {
			t.Errorf("%s: got %q", name, messages(got))
		}
	}
}

// An old snapshot sees no rows in a table that was truncated or written anew since: https://www.postgresql.org/docs/current/mvcc-caveats.html
func TestATableThatIsWrittenAnewMeanwhileIsAnError(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"truncate t", "alter table t alter a type bigint", "vacuum full t", "drop table t"} {
		db := open(t, "create table t (a int); insert into t values (1)")
		keep := &meanwhile{do: func() { run(t, db, statement) }}
		data, err := fingerprint.Read(t.Context(), db, fingerprint.Options{Keep: keep, Parallel: 1})
		if err == nil && (len(data.Tables) != 1 || data.Tables[0].Rows != 1) {
			t.Errorf("%s: got %+v", statement, data)
		}
		if err != nil && !strings.Contains(err.Error(), "t") {
			t.Errorf("%s: got %v", statement, err)
		}
	}
}

// meanwhile does something after the snapshot was taken and before the rows are read.
type meanwhile struct{ do func() }

func (m *meanwhile) Load(string) (fingerprint.Part, bool) { m.do(); return fingerprint.Part{}, false }
func (m *meanwhile) Save(string, fingerprint.Part) error  { return nil }

// Who may not read a table is told so, and does not get an empty one.
func TestATableThatMayNotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for _, setup := range []string{
		"create table t (a int); insert into t values (1)",
		"create table t (a int, b int); insert into t values (1); grant select (a) on t to airlock_reader",
		"create schema s; create table s.t (a int); grant select on s.t to airlock_reader",
		"create table t (id int primary key); insert into t select generate_series(1, 20000); analyze t",
		"create table t (a int); grant select on t to airlock_reader; alter table t enable row level security",
		"create table t (a int); alter table t owner to airlock_reader; alter table t enable row level security; alter table t force row level security",
	} {
		db := open(t, roleSetup+setup)
		run(t, db, "do $$ begin execute format('alter database %I set role = airlock_reader', current_database()); end $$")
		db.SetMaxIdleConns(0)
		for _, options := range []fingerprint.Options{{}, {Budget: 10_000}} {
			if data, err := fingerprint.Read(t.Context(), db, options); err == nil {
				t.Errorf("%s: got %+v", setup, data)
			}
		}
	}
}

// roleSetup makes a role that may do nothing. Roles are the cluster's, and other tests make it at the same moment.
const roleSetup = "do $$ begin create role airlock_reader; exception when duplicate_object or unique_violation then null; end $$;"
