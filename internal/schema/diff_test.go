package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

const heroes = `create type class as enum ('mage', 'rogue'); create domain level as int check (value > 0);
create table guilds (id int primary key, name text unique);
create table heroes (id serial primary key, name text not null, level int default 1, class class, guild_id int references guilds, check (level > 0));
create index heroes_guild_idx on heroes (guild_id); create view names as select name from heroes;
create function greet(text) returns text language sql as 'select $1';`

// down does up and down on a schema, and returns what differs from before and what fails for certain.
func down(t *testing.T, before *schema.Schema, up, down string) string {
	t.Helper()
	after := before.Clone()
	var lines []string
	for _, conflict := range append(apply(after, 1, parse(t, up)...), apply(after, 1, parse(t, down)...)...) {
		if conflict.Certain {
			lines = append(lines, "FAILS "+conflict.Message)
		}
	}
	for _, one := range schema.Diff(before, after) {
		prefix := ""
		switch {
		case one.OnlyOrder:
			prefix = "ORDER "
		case one.Minor:
			prefix = "MINOR "
		case one.Lost:
			prefix = "LOST "
		}
		lines = append(lines, prefix+one.Message)
	}
	return strings.Join(lines, "\n")
}

func TestDownBringsBackOrNot(t *testing.T) {
	t.Parallel()
	tests := []struct{ up, down, want string }{
		{"alter table heroes add a int", "alter table heroes drop a", ""},
		{"alter table heroes add a int", "", "column a of heroes is left"},
		{"alter table heroes drop level", "", "LOST column level of heroes is missing\ncheck constraint heroes_level_check of heroes is missing"},
		{"alter table heroes drop level", "alter table heroes add level int default 1 check (level > 0)", "ORDER the columns of heroes are in another order"},
		{"alter table heroes drop level", "alter table heroes add level bigint", "the type of level of heroes is bigint, it was integer\nthe default of level of heroes is missing\nORDER the columns of heroes are in another order\ncheck constraint heroes_level_check of heroes is missing"},
		{"create index heroes_level_idx on heroes (level)", "drop index heroes_level_idx", ""},
		{"create index heroes_level_idx on heroes (level)", "drop index level_idx", "FAILS index level_idx does not exist\nindex heroes_level_idx of heroes is left"},
		{"drop index heroes_guild_idx", "create index heroes_guild_idx on heroes (guild_id, level)", "index heroes_guild_idx of heroes is another"},
		{"drop index heroes_guild_idx", "create unique index on heroes (guild_id)", "index heroes_guild_idx of heroes is missing\nindex heroes_guild_id_idx of heroes is left"},
		{"drop index heroes_guild_idx", "create index on heroes (guild_id)", "index of heroes is named heroes_guild_id_idx, it was heroes_guild_idx"},
		{"alter table heroes drop constraint heroes_guild_id_fkey", "alter table heroes add foreign key (guild_id) references guilds", ""},
		{"alter table heroes drop constraint heroes_guild_id_fkey", "alter table heroes add foreign key (guild_id) references guilds (id) not valid", "foreign key constraint heroes_guild_id_fkey of heroes is not validated any more"},
		{"alter table heroes drop constraint heroes_guild_id_fkey", "alter table heroes add foreign key (guild_id) references guilds on delete cascade", "foreign key constraint heroes_guild_id_fkey of heroes is another"},
		{"alter table guilds rename to clans", "alter table clans rename to guilds", ""},
		{"alter table guilds rename to clans", "alter table guild rename to guilds", "FAILS table guild does not exist\ntable clans is left\nLOST table guilds is missing\nforeign key constraint heroes_guild_id_fkey of heroes is another"},
		{"alter table heroes rename level to lvl", "alter table heroes rename lvl to level", ""},
		{"alter table heroes alter name drop not null, alter level set default 2", "alter table heroes alter name set not null", "the default of level of heroes is 2, it was 1"},
		{"drop view names", "create or replace view names as select name from heroes", ""},
		{"create or replace view names as select name, level from heroes", "create or replace view names as select name from heroes", "FAILS CREATE OR REPLACE cannot take column level out of the view names: DROP VIEW has to come first"},
		{"create or replace view names as select name, level from heroes", "drop view names; create view names as select name from heroes", ""},
		{"drop table heroes cascade", "create table heroes (id int)", strings.Join([]string{
			"id of heroes is not NOT NULL any more", "the default of id of heroes is missing", "LOST column name of heroes is missing",
			"LOST column level of heroes is missing", "LOST column class of heroes is missing", "LOST column guild_id of heroes is missing",
			"check constraint heroes_level_check of heroes is missing", "primary key constraint heroes_pkey of heroes is missing",
			"foreign key constraint heroes_guild_id_fkey of heroes is missing", "index heroes_guild_idx of heroes is missing", "view names is missing",
		}, "\n")},
		{"drop table heroes", "", "FAILS view names depends on heroes\nLOST table heroes is missing"},
		{"create table a (id int)", "", "table a is left"},
		{"create table a (id serial)", "drop table a", ""},
		{"create sequence s; create table a (id int default nextval('s')); alter sequence s owned by a.id", "drop table a", ""},
		{"create table a (id int); create sequence s owned by a.id", "drop table a", ""},
		{"create table a (id int); create sequence s owned by a.id; alter sequence s owned by none", "drop table a", "sequence s is left"},
		{"create table a (id serial)", "drop sequence a_id_seq; drop table a", "FAILS column id of a takes its values from a_id_seq"},
		{"create table a as select 1 as x", "", "table a is left"},
		{"alter type class add value 'bard'", "", "the value bard of enum class is left"},
		{"alter type class rename value 'mage' to 'wizard'", "alter type class rename value 'wizard' to 'mage'", ""},
		{"drop function greet", "create function greet(text) returns text language sql as 'select $1'", ""},
		{"drop function greet", "create function greet(text) returns text language sql as 'select 1'", "function greet(text) is defined otherwise"},
		{"create function f() returns int language sql as 'select 1'", "drop function f(int)", "FAILS function f(integer) does not exist\nfunction f() is left"},
		{"alter domain level drop constraint level_check", "alter domain level add check (value > 0) not valid", "check constraint level_check of domain level is not validated any more"},
		{"comment on column heroes.name is 'a'; grant select on heroes to bob", "comment on column heroes.name is null; revoke all on heroes from bob", ""},
		{"comment on column heroes.name is 'a'; grant select on heroes to bob", "", "the comment on column name of heroes is left\nthe privilege table select on heroes of bob is left"},
		{"alter table heroes enable row level security; create policy p on heroes using (true)", "alter table heroes disable row level security", "policy p of heroes is left"},
		{"create temporary table x (id int)", "", ""},
		{"alter table heroes drop constraint heroes_level_check", "alter table heroes add constraint positive check (level > 0)", "check constraint of heroes is named positive, it was heroes_level_check"},
		{"create table if not exists heroes (id int)", "drop table heroes cascade", "LOST table heroes is missing\nview names is missing"},
		{"alter table heroes add constraint a check (id > 0) not valid; alter table heroes validate constraint a", "alter table heroes drop constraint a", ""},
	}
	before := schema.New()
	before.Complete = true
	if conflicts := apply(before, schema.Before, parse(t, heroes)...); len(conflicts) > 0 {
		t.Fatal(conflicts)
	}
	for _, test := range tests {
		got := down(t, before, test.up, test.down)
		if difference := cmp.Diff(test.want, got); difference != "" {
			t.Errorf("%s / %s (-want +got):\n%s", test.up, test.down, difference)
		}
	}
}

// Of a schema of which nothing was read, what the statements themselves tell is known.
func TestWhatWasNeverSeen(t *testing.T) {
	t.Parallel()
	tests := []struct{ up, down, want string }{
		{"alter table t add a int", "alter table t drop a", ""},
		{"alter table t add a int", "", "column a of t is left"},
		{"alter table t drop a", "alter table t add a int", ""},
		{"alter table t drop a", "", "LOST column a of t is missing"},
		{"alter table t drop if exists a", "", ""},
		{"alter table t rename a to b", "alter table t rename b to a", ""},
		{"alter table t rename a to b", "", "LOST column a of t is missing\ncolumn b of t is left"},
		{"alter table t rename to u", "alter table u rename to t", ""},
		{"alter table t rename to u", "", "LOST table t is missing\ntable u is left"},
		{"create index i on t (a)", "drop index i", ""},
		{"create index i on t (a)", "", "index i of t is left"},
		{"drop index i", "create index i on t (a)", ""},
		{"drop index i", "", "index i is missing"},
		{"drop index i; drop index i", "create index i on t (a)", "FAILS index i does not exist"},
		{"drop table t", "create table t (id int)", ""},
		{"drop table t", "", "LOST table t is missing"},
		{"drop table if exists t", "", ""},
		{"drop table if exists t; create table t (id int)", "drop table t", ""},
		{"create table t (id int)", "drop table t; drop table t", "FAILS table t does not exist"},
		{"alter table t drop constraint c", "alter table t add constraint c check (a > 0)", ""},
		{"alter table t drop constraint c", "", "constraint c of t is missing"},
		{"alter table t add constraint c check (a > 0) not valid", "alter table t drop constraint c", ""},
		{"alter table t alter a set not null", "alter table t alter a drop not null", ""},
		{"alter table t alter a set not null", "", "a of t is NOT NULL, it was not"},
		{"alter table t alter a type bigint", "alter table t alter a type int", ""},
		{"alter table t alter a type bigint", "", "the type of a of t is bigint"},
		{"drop view v; drop function f; drop type e", "create view v as select 1; create function f() returns int language sql as 'select 1'; create type e as enum ('a')", ""},
		{"drop view v; drop type e", "", "type e is missing\nview v is missing"},
		{"create view v as select 1", "drop view v", ""},
		{"alter table t add foreign key (a) references u", "alter table t drop constraint t_a_fkey", ""},
		{"alter index i rename to j", "alter index j rename to i", ""},
		{"alter type e rename to f", "alter type f rename to e", ""},
		{"alter schema a rename to b", "", "schema a is missing\nschema b is left"},
		{"alter type e add value 'x'", "", ""},
		{"create extension citext; create table t (a citext)", "drop table t; drop extension citext", ""},
		{"create function f(a int) returns int language sql as 'select 1'", "drop function f", ""},
		{"alter table t enable row level security", "alter table t disable row level security", ""},
	}
	for _, test := range tests {
		if difference := cmp.Diff(test.want, down(t, schema.New(), test.up, test.down)); difference != "" {
			t.Errorf("%s / %s (-want +got):\n%s", test.up, test.down, difference)
		}
	}
}

func TestCloneIsOfItsOwn(t *testing.T) {
	t.Parallel()
	first := schema.New()
	apply(first, 1, parse(t, heroes)...)
	second := first.Clone()
	apply(second, 2, parse(t, "alter table heroes add a int; alter table heroes alter name drop not null; drop index heroes_guild_idx; alter type class add value 'bard'")...)
	third := second.Clone()
	apply(second, 3, parse(t, "alter table heroes drop a")...)
	apply(first, 3, parse(t, "alter table heroes drop level")...)
	if _, found := third.Table(statement.Name{Name: "heroes"}).Column("a"); !found {
		t.Error("the third schema changed with the second")
	}
	if name, _ := first.Table(statement.Name{Name: "heroes"}).Column("name"); !name.NotNull {
		t.Error("the first schema changed with the second")
	}
	if labels, _ := first.Enum(statement.Name{Name: "class"}); len(labels) != 2 {
		t.Error("the first schema's enum changed with the second's")
	}
}

// A review of some hundred migrations makes a schema before, after and back of each. The goal is 50 ms for all of it.
func BenchmarkReview(b *testing.B) {
	var migrations [][2][]statement.Statement
	for i := range 560 {
		up := fmt.Sprintf(`create table t%[1]d (id bigint generated always as identity primary key, a int not null, b text, c timestamptz not null default now(), other bigint references t%[2]d);
create index on t%[1]d (a); create index on t%[1]d (b, c); alter table t%[1]d add d int; alter table t%[1]d alter d set not null; alter table t%[1]d add check (d > 0);
create view v%[1]d as select * from t%[1]d;`, i, i*7/8)
		migrations = append(migrations, [2][]statement.Statement{parse(b, up), parse(b, fmt.Sprintf("drop view v%[1]d; alter table t%[1]d drop d; drop index t%[1]d_a_idx; drop table t%[1]d", i))})
	}
	b.ResetTimer()
	for range b.N {
		s := schema.New()
		s.Complete = true
		for i, one := range migrations {
			before := s.Clone()
			if conflicts := apply(s, i, one[0]...); len(conflicts) > 0 && i > 0 {
				b.Fatal(conflicts)
			}
			back := s.Clone()
			apply(back, i, one[1]...)
			if differences := schema.Diff(before, back); len(differences) > 0 {
				b.Fatal(differences)
			}
		}
	}
}
