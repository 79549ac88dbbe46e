package statement_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// changes returns what SQL does, a line a change: its place, its type, and what the test looks at.
func changes(t *testing.T, sql string) string {
	t.Helper()
	statements, err := statement.Parse(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var all []statement.Change
	for _, one := range statements {
		all = append(all, one.Changes...)
	}
	return written(all)
}

// written writes changes one a line, each with its place.
func written(changes []statement.Change) string {
	var lines []string
	for _, change := range changes {
		lines = append(lines, fmt.Sprintf("%d %s", change.Where(), strings.TrimPrefix(fmt.Sprintf("%T", change), "statement.")))
	}
	return strings.Join(lines, "\n")
}

func TestParseSaysWhatEachStatementDoesAndWhere(t *testing.T) {
	t.Parallel()
	tests := []struct{ sql, want string }{
		{"alter table a add column b int default 1, alter column c set not null, drop c2, add constraint x check (q > 0)", "25 AddColumn\n55 SetNotNull\n76 DropColumn\n84 AddConstraint"},
		{"select 1;\n -- a comment; with a semicolon\n drop table a, b", "0 Select\n43 Drop"},
		{"update t set a = 1 where 1 = 1", "7 Update"},
		{"with x as (delete from q returning *) insert into z select * from x", "23 Delete\n50 Insert"},
		{"select set_config('search_path', '', false)", "7 Set\n0 Select"},
		{"create table a as select 1", "13 CreateTable"},
		{"select 1 into a", "14 CreateTable"},
		{"create materialized view v as select 1", "25 Define"},
		{"vacuum full t; cluster t; lock table t; reindex table t; call p()", "0 Vacuum\n15 Cluster\n26 LockTable\n54 Reindex\n57 Call"},
		{"alter type t rename value 'a' to 'b'; alter type t add value 'c'; alter type t rename to u", "0 Rename\n38 AddEnumValue\n66 Rename"},
		{"comment on column t.c is 'x'; grant select on t to u; alter role u set search_path = a", "0 Comment\n30 Grant\n54 RoleSetting"},
		{"begin; commit; savepoint a", "0 Transaction\n7 Transaction\n15 Transaction"},
		// The forms of PostgreSQL 18.
		{"alter table t add constraint n not null c not valid", "18 AddConstraint"},
		{"alter table t add g int generated always as (a + 1) virtual, add h int generated always as (b + 1)", "18 AddColumn\n65 AddColumn"},
		{"alter table t add constraint f foreign key (a) references b not enforced", "18 AddConstraint"},
		// DO blocks: what is static is read, what is put together is not.
		{"do $$ begin if true then drop table a; end if; execute 'drop table ' || 'b'; execute 'drop table c'; end $$", "15 Select\n25 Drop\n55 Opaque\n85 Drop"},
		{"do language plperl $$ 1 $$", "0 Opaque"},
		{"do $$ begin perform 1/0; exception when others then drop table a; raise notice '%', f(); commit; end $$", "5 Select\n52 Drop\n84 Call\n84 Select\n89 Transaction"},
		{"do $$ declare c refcursor; begin open c for execute 'select ' || 'f()'; end $$", "52 Opaque"},
		// What runs a statement does what it does; what is not known to be harmless is not taken for that.
		{"prepare p as delete from t; execute p; explain delete from t; explain analyze delete from t", "25 Delete\n28 Other\n39 Other\n90 Delete"},
		{"copy t from program 'x'; copy (delete from t returning a) to stdout; load 'x'; reassign owned by a to b", "0 Opaque\n43 Delete\n69 Opaque\n79 Opaque"},
		{"insert into t values (f()) on conflict (a) do update set b = g()", "22 Call\n61 Call\n12 Insert"},
		{"create table u as with d as (delete from t returning *) select h(a) over (order by i()) from d", "41 Delete\n63 Call\n83 Call\n13 CreateTable"},
		{"merge into t using s on f(s.a) when matched then update set b = g()", "24 Call\n64 Call\n11 Write"},
	}
	for _, test := range tests {
		if difference := cmp.Diff(test.want, changes(t, test.sql)); difference != "" {
			t.Errorf("%s (-want +got):\n%s", test.sql, difference)
		}
	}
}

func TestTheBodyOfAFunctionIsRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ create, want string }{
		{"create function f() returns void language sql as 'delete from t; select g()'", "7 Delete\n7 Call\n7 Select"},
		{"create function f(a int) returns void language plpgsql as $$ begin execute 'drop table ' || a; exception when others then truncate t; end $$", "7 Opaque\n7 Truncate"},
		{"create procedure p() begin atomic delete from t; end", "7 Delete"},
		{"create function f() returns int return g()", "7 Call"},
		{"create function f() returns int language c as 'library', 'symbol'", "7 Opaque"},
		{"create function f() returns int language plpgsql as 'no'", "7 Opaque"},
		{"select 1", "7 Opaque"},
	}
	for _, test := range tests {
		if difference := cmp.Diff(test.want, written(statement.Body(test.create, 7))); difference != "" {
			t.Errorf("%s (-want +got):\n%s", test.create, difference)
		}
	}
}

func TestFormsOfPostgreSQL18(t *testing.T) {
	t.Parallel()
	parse := func(sql string) statement.Change {
		t.Helper()
		statements, err := statement.Parse(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return statements[0].Changes[0]
	}
	notNull := parse(`alter table t add constraint n not null "C d" not valid`).(statement.AddConstraint).Constraint
	if notNull.Type != statement.NotNull || notNull.Columns[0] != "C d" || !notNull.NotValid || notNull.SQL() != `CONSTRAINT n NOT NULL "C d" NOT VALID` {
		t.Errorf("got %+v, %s", notNull, notNull.SQL())
	}
	for _, sql := range []string{"alter table t add g int generated always as (a + 1) virtual", "alter table t add g int generated always as (a + 1)"} {
		if column := parse(sql).(statement.AddColumn).Column; column.Virtual.SQL() != "a + 1" || column.Stored != nil || column.Default != nil {
			t.Errorf("%s: got %+v", sql, column)
		}
	}
	if check := parse("alter table t add check (a > 0) not enforced").(statement.AddConstraint).Constraint; !check.NotEnforced {
		t.Errorf("got %+v", check)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	tests := map[string]statement.Filter{
		"": statement.AllRows, "true": statement.AllRows, "1 = 1": statement.AllRows, "id = id": statement.AllRows, "not false": statement.AllRows,
		"a = 1 or 1 = 1": statement.AllRows, "'a' = 'a' and true": statement.AllRows, "2 > 1": statement.AllRows,
		"false": statement.NoRows, "1 = 2": statement.NoRows, "a = 1 and false": statement.NoRows, "null": statement.NoRows,
		"1 = 1.0": statement.SomeRows, "'t'::bool = 'true'::bool": statement.SomeRows, "'2024-01-01'::date = '2024-1-1'::date": statement.SomeRows, "1 <> 1.0": statement.SomeRows,
		"'a'::text = 'b'": statement.SomeRows, "'a' = 'b'": statement.NoRows, "1 <> 2": statement.AllRows, "now() = now()": statement.SomeRows,
		"a = 1": statement.FewRows, "id in (1, 2)": statement.FewRows, "a = 1 and b > 2": statement.FewRows, "5 = id": statement.FewRows,
		"a > 1": statement.SomeRows, "a = b": statement.SomeRows, "a = 1 or b = 2": statement.SomeRows, "a is null": statement.SomeRows,
		"id in (select 1)": statement.SomeRows, "f(a)": statement.SomeRows,
	}
	for where, want := range tests {
		sql := "delete from t"
		if where != "" {
			sql += " where " + where
		}
		statements, err := statement.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		changes := statements[0].Changes
		if got := changes[len(changes)-1].(statement.Delete).Filter; got != want {
			t.Errorf("where %s: got %d, want %d", where, got, want)
		}
	}
}

func TestWhatTheGrammarRefusesIsSaidWithItsPlace(t *testing.T) {
	t.Parallel()
	_, err := statement.Parse("select 'ä'; selct 2")
	var refused *statement.SyntaxError
	if !errors.As(err, &refused) || refused.Offset != len("select 'ä'; ") {
		t.Errorf("got %#v", err)
	}
	_, err = statement.Parse("select '" + strings.Repeat("x", 600<<10) + "'")
	if !errors.As(err, &refused) {
		t.Errorf("got %v for a statement that is too large", err)
	}
}

// A load of literal rows is read by its tokens alone, and says the same as the grammar does.
func TestALargeInsert(t *testing.T) {
	t.Parallel()
	const row = "(1, 'it''s (a) ; row', NULL, -2.5, '{}'::jsonb)"
	small := `insert into "S".t (a, "B") values ` + row + ", " + row + ";"
	large := `insert into "S".t (a, "B") values ` + row + strings.Repeat(", "+row, 20_000) + ";"
	insert := func(sql string) statement.Insert {
		t.Helper()
		statements, err := statement.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		one := statements[0].Changes[0].(statement.Insert)
		one.At = 0
		return one
	}
	want := insert(small)
	want.Rows = 20_001
	if difference := cmp.Diff(want, insert(large)); difference != "" {
		t.Errorf("(-grammar +tokens):\n%s", difference)
	}
	if _, err := statement.Parse(large + " drop table a;"); err == nil {
		t.Error("a second statement behind the load is not noticed")
	}
}

func FuzzParse(f *testing.F) {
	for _, sql := range []string{"select 1", "alter table a add b int generated always as (1) virtual", "do $$ begin execute 'x'; end $$", "create index i on t (lower(a)) where b", `insert into t values ('a', E'\'', $x$ $$ $x$)`, "/* /* */ */ select U&'x' -- y"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		statement.Even(sql)
		statements, err := statement.Parse(sql)
		var refused *statement.SyntaxError
		if errors.As(err, &refused) && (refused.Offset < 0 || refused.Offset > len(sql)) {
			t.Errorf("%d is no place in %q", refused.Offset, sql)
		}
		for _, one := range statements {
			for _, change := range one.Changes {
				if change.Where() < 0 || change.Where() > len(sql) {
					t.Errorf("%d is no place in %q", change.Where(), sql)
				}
			}
		}
	})
}
