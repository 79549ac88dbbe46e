package review_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/review"
)

// judged is what a review of the last of several files says: its findings that are no mere information, and its verdicts.
func judged(t *testing.T, files ...string) string {
	t.Helper()
	folder := fstest.MapFS{}
	for i, text := range files {
		if !strings.HasPrefix(text, "-- +goose") {
			text = "-- +goose Up\n" + text
		}
		folder[fmt.Sprintf("%05d_file.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	set, faults, err := migration.Inspect(folder, "m")
	if err != nil {
		t.Fatal(err)
	}
	report, err := review.Review(t.Context(), review.Options{Set: set, Faults: faults, Title: "m", Today: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	last := fmt.Sprintf("m/%05d_file.sql", len(files))
	var found []string
	for _, finding := range report.Findings {
		if finding.File == last && finding.Severity != review.Information && finding.Rule != "missing-down" {
			found = append(found, fmt.Sprintf("%d:%s", finding.Line, finding.Rule))
		}
	}
	return strings.Join(found, " ")
}

// What a statement means depends on what is there: these are told apart by the schema that the earlier files leave.
func TestContextDecides(t *testing.T) {
	t.Parallel()
	const (
		heroes = "create table heroes (id bigint primary key, name varchar(40) not null, level integer, gold numeric(10,2), born timestamp, guild_id bigint);\n"
		guilds = "create table guilds (id bigint primary key, name text);\n"
	)
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{"an index on a table of the same file", []string{heroes + "create index on heroes (name);"}, ""},
		{"an index on a table of an earlier file", []string{heroes, "create index on heroes (name);"}, "2:index-not-concurrent"},
		{"an index on a table that was never seen", []string{"create index on other (name);"}, "2:index-not-concurrent"},
		{"the same table, quoted and with its schema", []string{`create table "Heroes" (id bigint primary key);create index on public."Heroes" (id);`}, ""},
		{"a table that may have been there", []string{"create table if not exists guilds (id bigint primary key);\ncreate index on guilds (id);"}, ""},
		{"rows of a table that may have been there", []string{"create table if not exists guilds (id bigint primary key);\ntruncate guilds;"}, "3:truncate"},
		{"the view of a commit in between", []string{"create table a (id bigint primary key);\ncommit;\ncreate index on a (id);"}, "3:transaction-control 4:index-not-concurrent"},
		{"NOT NULL behind a validated check of earlier files", []string{heroes, "alter table heroes add constraint l check (level is not null) not valid;", "alter table heroes validate constraint l;", "alter table heroes alter level set not null;"}, ""},
		{"NOT NULL behind a check that was not validated", []string{heroes, "alter table heroes add constraint l check (level is not null) not valid;", "alter table heroes alter level set not null;"}, "2:set-not-null"},
		{"NOT NULL behind a check that the partitions have too", []string{"create table v (day date not null, level integer) partition by range (day);\ncreate table p partition of v for values from ('2026-01-01') to ('2027-01-01');", "alter table v add constraint l check (level is not null) not valid;", "alter table v validate constraint l;", "alter table v alter level set not null;"}, ""},
		{"NOT NULL behind a check among others", []string{heroes, "alter table heroes add constraint l check (level is not null and level > 0) not valid;", "alter table heroes validate constraint l;", "alter table heroes alter level set not null;"}, ""},
		{"NOT NULL on a column of a table that was only ever altered", []string{"alter table other add constraint l check (level is not null) not valid;", "alter table other validate constraint l;", "alter table other alter level set not null;"}, ""},
		{"varchar widened", []string{heroes, "alter table heroes alter name type varchar(80);"}, ""},
		{"varchar to text", []string{heroes, "alter table heroes alter name type text using name::text;"}, ""},
		{"varchar narrowed", []string{heroes, "alter table heroes alter name type varchar(20);"}, "2:change-type 2:narrow-type"},
		{"numeric with more digits", []string{heroes, "alter table heroes alter gold type numeric(14,2);"}, ""},
		{"numeric with another scale", []string{heroes, "alter table heroes alter gold type numeric(14,4);"}, "2:change-type"},
		{"timestamp to timestamptz", []string{heroes, "alter table heroes alter born type timestamptz;"}, "2:change-type"},
		{"timestamp to timestamptz in UTC", []string{heroes, "set local timezone = 'UTC';\nalter table heroes alter born type timestamptz;"}, ""},
		{"a type of which nothing is known", []string{"alter table other alter x type text;"}, "2:change-type"},
		{"a renamed table is still the same", []string{heroes, "alter table heroes rename to champions;", "alter table champions alter name type varchar(80);"}, ""},
		{"a foreign key on a table of the same file", []string{heroes + guilds, "create table trophies (id bigint primary key, hero_id bigint);\nalter table trophies add foreign key (hero_id) references heroes (id);"}, ""},
		{"a constraint that is validated in the next file", []string{heroes + guilds, "alter table heroes add constraint g foreign key (guild_id) references guilds (id) not valid;", "alter table heroes validate constraint g;"}, ""},
		{"a primary key of an index", []string{"create table a (id bigint not null);", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate unique index concurrently a_id on a (id);", "alter table a add constraint a_pkey primary key using index a_id;"}, ""},
		{"a temporary table", []string{"create temporary table draft (id bigint);\ninsert into draft select 1;\nupdate draft set id = 2;\ndelete from draft;\ndrop table draft;"}, ""},
		{"a body that is not run", []string{"-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns void language plpgsql as $$ begin drop table heroes; end $$;\n-- +goose StatementEnd\n"}, ""},
		{"strings and comments", []string{heroes, "-- drop table heroes;\ninsert into heroes (id, name) values (1, 'drop table heroes;'); -- truncate heroes\n/* drop */ comment on table heroes is 'drop table';"}, ""},
		{"a harmless rename", []string{heroes, "alter index heroes_pkey rename to heroes_key;\nalter table heroes rename constraint heroes_key to heroes_id;"}, ""},
		{"a view made anew", []string{heroes + "create view v as select id from heroes;\n", "drop view v;\ncreate view v as select id, name from heroes;"}, ""},
		{"a view that is gone", []string{heroes + "create view v as select id from heroes;\n", "drop view v;"}, "2:drop-view"},
		{"ON DELETE CASCADE", []string{heroes, "create table t (id bigint primary key, hero_id bigint references heroes (id) on delete cascade);"}, ""},
		{"a trigger that keeps two columns in step", []string{heroes, "create trigger t before insert or update on heroes for each row execute function keep();"}, ""},
		{"a partition whose rows are known", []string{"create table v (day date not null) partition by range (day);\ncreate table p (day date not null);\n", "alter table p add constraint d check (day >= '2026-01-01' and day < '2027-01-01') not valid;", "alter table p validate constraint d;", "alter table v attach partition p for values from ('2026-01-01') to ('2027-01-01');"}, ""},
		{"a partition whose rows are not known", []string{"create table v (day date not null) partition by range (day);\ncreate table p (day date not null);\n", "alter table v attach partition p for values from ('2026-01-01') to ('2027-01-01');"}, "2:attach-partition"},
		{"a search path for one transaction", []string{"set local search_path = app;\ncreate table t (id bigint primary key);"}, ""},
		{"adding what nobody waits for", []string{heroes, "alter table heroes add column a text, add column b integer default 0, add column c timestamptz default now();"}, ""},
		{"an update by the primary key", []string{heroes, "update heroes set level = 1 where id = 4;"}, ""},
		{"an update by another column", []string{heroes, "update heroes set level = 1 where name = 'Ada';"}, "2:backfill-not-batched"},
		{"a condition that holds always", []string{heroes, "delete from heroes where id = id;"}, "2:delete-all"},
		{"a column added and filled", []string{heroes, "alter table heroes add column rank integer;\nupdate heroes set rank = level;"}, "3:ddl-and-backfill 3:update-all"},
		{"rows copied into a new table", []string{heroes, "create table old (id bigint primary key, name text);\ninsert into old select id, name from heroes;"}, ""},
		{"a block that makes a type once", []string{"-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$;\n-- +goose StatementEnd\n"}, ""},
		{"what goose's own template says", []string{"-- +goose Up\n-- +goose StatementBegin\nSELECT 'up SQL query';\n-- +goose StatementEnd\n\n-- +goose Down\n-- +goose StatementBegin\nSELECT 'down SQL query';\n-- +goose StatementEnd\n"}, ""},
		{"a down that only undoes", []string{heroes, "-- +goose Up\nalter table heroes add column a text;\n-- +goose Down\nalter table heroes drop column a;\n"}, ""},
		{"ALTER TABLE IF EXISTS of nothing", []string{heroes, "alter table if exists nothing add column a text;"}, ""},
		{"not enforced", []string{heroes + guilds, "alter table heroes add constraint g foreign key (guild_id) references guilds (id) not enforced;"}, ""},
		{"an identity column on a new table", []string{"create table a (id bigint generated always as identity primary key, b text unique, c integer check (c > 0));"}, ""},
		{"an extension and its functions", []string{"create extension if not exists pgcrypto;\ncreate table a (id uuid primary key default gen_random_uuid());"}, ""},
		{"default of a function that is not volatile", []string{heroes, "alter table heroes add column tags text[] not null default array[]::text[], add column settings jsonb not null default '{}'::jsonb, add column day date default current_date;"}, ""},
		{"setval after a load", []string{heroes, "select setval('heroes_id_seq', (select max(id) from heroes));"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if difference := cmp.Diff(test.want, judged(t, test.files...)); difference != "" {
				t.Errorf("%s\n(-want +got):\n%s", test.files[len(test.files)-1], difference)
			}
		})
	}
}

// verdicts is what a review says of the last of several files as a whole.
func verdicts(t *testing.T, files ...string) (review.Migration, string) {
	t.Helper()
	folder := fstest.MapFS{}
	for i, text := range files {
		folder[fmt.Sprintf("%05d_file.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	set, faults, err := migration.Inspect(folder, "m")
	if err != nil {
		t.Fatal(err)
	}
	report, err := review.Review(t.Context(), review.Options{Set: set, Faults: faults, Title: "m", Today: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	last := report.Migrations[len(report.Migrations)-1]
	return last, strings.Join(last.Reasons, "\n")
}

func TestReversibility(t *testing.T) {
	t.Parallel()
	const heroes = "-- +goose Up\ncreate table heroes (id bigint primary key, name varchar(40) not null, level integer);\ncreate type mood as enum ('a', 'b');\n-- +goose Down\ndrop table heroes;\ndrop type mood;\n"
	tests := []struct {
		name, up, down string
		want           review.Reversible
		reason         string
	}{
		{"a table", "create table guilds (id bigint primary key);", "drop table guilds;", review.ReversibleYes, ""},
		{"no down", "create table guilds (id bigint primary key);", "", review.ReversibleNo, "the down section is empty"},
		{"a column", "alter table heroes add column a text;", "alter table heroes drop column a;", review.ReversibleYes, ""},
		{"one of two columns", "alter table heroes add column a text, add column b text;", "alter table heroes drop column a;", review.ReversibleNo, "column b of heroes is left"},
		{"a dropped column", "alter table heroes drop column level;", "alter table heroes add column level integer;", review.ReversibleWithLoss, "the values of heroes.level are lost"},
		{"a dropped column of another type", "alter table heroes drop column level;", "alter table heroes add column level bigint;", review.ReversibleNo, "the type of level of heroes is bigint, it was integer"},
		{"a dropped table", "drop table heroes;", "create table heroes (id bigint primary key, name varchar(40) not null, level integer);", review.ReversibleWithLoss, "the rows of heroes are lost"},
		{"a rename", "alter table heroes rename column level to rank;", "alter table heroes rename column rank to level;", review.ReversibleYes, ""},
		{"an index", "create index heroes_name on heroes (name);", "drop index heroes_name;", review.ReversibleYes, ""},
		{"an enum value", "alter type mood add value 'c';", "drop table if exists nothing;", review.ReversibleNo, "mood"},
		{"a narrower type", "alter table heroes alter name type varchar(10) using substr(name, 1, 10);", "alter table heroes alter name type varchar(40);", review.ReversibleWithLoss, "cut"},
		{"a wider type", "alter table heroes alter level type bigint;", "alter table heroes alter level type integer;", review.ReversibleYes, ""},
		{"deleted rows", "delete from heroes where level = 0;", "insert into heroes (id, name, level) values (1, 'Ada', 0);", review.ReversibleWithLoss, "the deleted rows of heroes are lost"},
		{"overwritten values", "update heroes set level = 0;", "update heroes set level = 1;", review.ReversibleWithLoss, "the former values of level of heroes are lost"},
		{"a filled new column", "alter table heroes add column a text;\nupdate heroes set a = name;", "alter table heroes drop column a;", review.ReversibleYes, ""},
		{"a down that does nothing", "update heroes set level = 0;", "select 1;", review.ReversibleNo, "the down section changes nothing"},
		{"first rows", "insert into heroes (id, name) values (1, 'Ada');", "delete from heroes where id = 1;", review.ReversibleYes, ""},
		{"the wrong order", "create table a (id bigint primary key);\ncreate table b (a_id bigint primary key references a (id));", "drop table a;\ndrop table b;", review.ReversibleNo, "down fails on line"},
		{"a default", "alter table heroes alter level set default 3;", "alter table heroes alter level drop default;", review.ReversibleYes, ""},
		{"NOT NULL", "alter table heroes alter level set not null;", "alter table heroes alter level drop not null;", review.ReversibleYes, ""},
		{"a constraint under its own name", "alter table heroes add check (level > 0);", "alter table heroes drop constraint heroes_level_check;", review.ReversibleYes, ""},
		{"dynamic SQL", "-- +goose StatementBegin\ndo $$ begin execute 'x' || 'y'; end $$;\n-- +goose StatementEnd", "select 1;", review.ReversibleNo, "cannot be analysed"},
		{"columns in another order", "alter table heroes drop column name;", "alter table heroes add column name varchar(40) not null default '';\nalter table heroes alter name drop default;", review.ReversibleWithLoss, "the values of heroes.name are lost"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, reasons := verdicts(t, heroes, "-- +goose Up\n"+test.up+"\n-- +goose Down\n"+test.down+"\n")
			if got.Reversible != test.want || !strings.Contains(reasons, test.reason) {
				t.Errorf("got %s because %q, want %s because %q", got.Reversible, reasons, test.want, test.reason)
			}
		})
	}
}

func TestPreviousVersion(t *testing.T) {
	t.Parallel()
	const heroes = "-- +goose Up\ncreate table heroes (id bigint primary key, name varchar(40) not null, level integer, rank integer not null default 1);\ncreate type mood as enum ('a', 'b');\n"
	compatible := []string{
		"alter table heroes add column a text;", "alter table heroes add column a integer not null default 0;", "create table guilds (id bigint primary key);",
		"create index on heroes (name);", "alter table heroes alter name type varchar(80);", "alter table heroes alter name type text;",
		"alter type mood add value 'c';", "insert into heroes (id, name) values (1, 'x');", "update heroes set level = 1 where id = 1;",
		"alter table heroes alter level set default 3;", "alter table heroes drop constraint if exists x;", "comment on table heroes is 'x';",
		"create view v as select 1;", "alter table heroes rename constraint heroes_pkey to k;",
		"alter table heroes add column a text unique;",
	}
	breaking := []string{
		"alter table heroes drop column level;", "alter table heroes rename column level to a;", "alter table heroes rename to a;", "drop table heroes;",
		"alter table heroes add column a text not null;", "alter table heroes alter level set not null;", "alter table heroes alter name type varchar(10);",
		"alter table heroes alter level type text;", "alter table heroes add unique (name);", "alter table heroes set schema x;", "truncate heroes;",
		"alter table heroes alter rank drop default;", "alter type mood rename value 'a' to 'z';", "create unique index on heroes (name);",
		"alter table heroes alter name drop not null;",
	}
	for _, up := range slices.Concat(compatible, breaking) {
		t.Run(up, func(t *testing.T) {
			t.Parallel()
			got, reasons := verdicts(t, heroes, "-- +goose Up\n"+up+"\n")
			if want := slices.Contains(compatible, up); got.PreviousVersionCompatible != want {
				t.Errorf("got %t because %q", got.PreviousVersionCompatible, reasons)
			}
		})
	}
}
