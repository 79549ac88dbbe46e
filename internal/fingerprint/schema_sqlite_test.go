package fingerprint_test

import (
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// What a migration of SQLite does and undoes leaves nothing behind but the order of columns: the text that SQLite keeps has quotes,
// spaces and comments that mean nothing. Strings mean all that is in them.
func TestWhatDiffersInASchemaOfSQLite(t *testing.T) {
	t.Parallel()
	const given = `create table t (id integer primary key, a text default 'x  y', b int check (b > 0)); create table u (id integer primary key autoincrement, t int references t (id) on delete cascade);
create index i on t (a collate nocase) where b > 1; create view v as select a from t; create trigger g after insert on t begin update u set t = 1; end;`
	tests := []struct {
		change string
		want   string
	}{
		{"alter table t rename to z; alter table z rename to t", ""}, {"alter table t rename a to z; alter table t rename z to a", ""}, {"alter table u rename t to z; alter table u rename z to t", ""},
		{"alter table t add column c text; alter table t drop column c", ""},
		{"drop view v; create table n (id integer primary key, a text default 'x  y', b int check (b > 0)); drop trigger g; drop index i; drop table t; alter table n rename to t; create index i on t (a collate nocase) where b > 1; create view v as select a from t; create trigger g after insert on t begin update u set t = 1; end", ""},
		{"drop view v; CREATE VIEW \"v\" AS\n  SELECT [a] FROM `t` -- it's the same", ""}, {"drop index i; create index if not exists i on T (A /* , ( */ collate NOCASE)\n where b>1", ""},
		{"drop view v; create view v as select a from t where a = 'X'", "view v is another"}, {"drop view v; create view v as select 'x  y' from t; select 1", "view v is another"},
		{"drop index i; create index i on t (a collate nocase) where b > 2", "index i is another"}, {"drop index i; create index i on t (a) where b > 1", "index i is another"}, {"drop index i; create unique index i on t (a collate nocase) where b > 1", "index i is another"}, {"drop index i; create index i on t (a collate nocase desc) where b > 1", "index i is another"}, {"drop index i; create index i on t (lower(a)) where b > 1", "index i is another"},
		{"drop trigger g", "trigger g is missing"}, {"drop trigger g; create trigger g before insert on t begin update u set t = 1; end", "trigger g is another"}, {"drop trigger g; create trigger g after insert on t begin update u set t = 2; end", "trigger g is another"},
		{"pragma user_version = 3", "setting user_version is another"}, {"pragma application_id = 3", "setting application_id is another"},
		{"create table z (a int) strict", "table z is left"}, {"create virtual table f using fts5 (a)", "table f is left"},
	}
	for _, test := range tests {
		t.Run(test.change, func(t *testing.T) {
			t.Parallel()
			db := openSQLite(t, given)
			before := schema(t, db)
			begun, statements := "", strings.Split(test.change, "; ")
			for _, statement := range statements {
				// A trigger has statements of its own.
				if begun += statement; strings.Contains(begun, "begin") && !strings.HasSuffix(begun, "end") {
					begun += "; "
					continue
				}
				run(t, db, begun)
				begun = ""
			}
			got := strings.Join(messages(fingerprint.CompareSchemas(before, schema(t, db))), "\n")
			if test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	// Two tables whose only difference is the one that matters.
	for _, pair := range [][2]string{
		{"create table x (a text default 'x  y')", "create table x (a text default 'x y')"}, {`create table x (a text default "A")`, `create table x (a text default "a")`}, {`create table x (a, check (a <> "Zed"))`, `create table x (a, check (a <> "zed"))`}, {"create table x (a text check (a <> 'X'))", "create table x (a text check (a <> 'x'))"},
		{"create table x (a text collate nocase)", "create table x (a text)"}, {"create table x (a int) strict", "create table x (a int)"}, {"create table x (a int primary key) without rowid", "create table x (a int primary key)"}, {"create table x (a, b as (a + 1))", "create table x (a, b as (a + 1) stored)"},
		{"create table x (a integer primary key autoincrement)", "create table x (a integer primary key)"}, {"create table x (a int references t (id))", "create table x (a int references t (id) deferrable initially deferred)"}, {"create table x (a, b, unique (a, b))", "create table x (a, b, unique (b, a))"}, {"create table x (a, b, constraint k unique (a))", "create table x (a, b, unique (a))"},
		{"create table x (a numeric(10, 2))", "create table x (a numeric(10, 3))"}, {"create table x (a blob default x'AB')", "create table x (a blob default 'AB')"}, {"create table x (a unique on conflict ignore)", "create table x (a unique)"}, {"create table x (a not null)", "create table x (a)"},
	} {
		one, other := openSQLite(t, given+pair[0]), openSQLite(t, given+pair[1])
		if got := messages(fingerprint.CompareSchemas(schema(t, one), schema(t, other))); len(got) != 1 || !strings.HasPrefix(got[0], "table x is another") {
			t.Errorf("%s and %s: got %q", pair[0], pair[1], got)
		}
	}
}
