package rehearsal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
)

// rehearse rehearses migrations on a copy that has applied the first of them, and rows beside.
func rehearse(t *testing.T, settings database.Settings, rows string, texts ...string) rehearsal.Report {
	t.Helper()
	return rehearseWith(t, rehearsal.Options{Settings: settings}, 1, rows, texts...)
}

// rehearseWith does so with options, on a copy that has applied the first few.
func rehearseWith(t *testing.T, options rehearsal.Options, applied int64, rows string, texts ...string) rehearsal.Report {
	t.Helper()
	settings := options.Settings
	set := setOf(t, texts...)
	db := databasetest.Open(t, settings)
	migrator, err := apply.Open(t.Context(), apply.Options{Settings: settings, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	defer migrator.Close()
	for version := range applied {
		if _, err := migrator.Apply(t.Context(), version+1, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	options.Set = set
	report, err := rehearsal.Rehearse(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// setOf reads migrations, which need not say where up begins.
func setOf(t *testing.T, texts ...string) migration.Set {
	t.Helper()
	folder := fstest.MapFS{}
	for i, text := range texts {
		if !strings.HasPrefix(text, "-- +goose") {
			text = "-- +goose Up\n" + text
		}
		folder[fmt.Sprintf("%05d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := migration.Read(folder, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const down = "\n-- +goose Down\n"

// The ways back that a rehearsal tells apart, on both dialects.
func TestWaysBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       rehearsal.WayBack
		// reason is part of what is said, loss of what is lost.
		reason, loss string
	}{
		{"a table made and dropped", "create table n (id integer);" + down + "drop table n;", rehearsal.Proven, "", ""},
		{"no down", "create table n (id integer);", rehearsal.Impossible, "there is no down section", ""},
		{"a down that leaves something", "create table n (id integer);\ncreate table o (id integer);" + down + "drop table n;", rehearsal.Impossible, "o is left", ""},
		{"a down that fails", "create table n (id integer);" + down + "drop table missing;", rehearsal.Impossible, "down fails", ""},
		{"a column whose values are lost", "alter table t drop column b;" + down + "alter table t add column b text;", rehearsal.Proven, "", "t hold other values b lost 2"},
		{"rows that are lost", "delete from t where id = 1;" + down + "select 1;", rehearsal.Proven, "", "t has 2 rows, it had 3 a lost 1 b lost 1"},
		{"nothing but comments", "-- only this\n" + down + "-- nor here\n", rehearsal.Proven, "", ""},
		{"a down that does nothing, for a table", "create table n (id integer);" + down + "select 'down SQL query';", rehearsal.Impossible, "there is no down section", ""},
		{"values that an empty down does not bring back", "update t set b = 'new';" + down, rehearsal.Proven, "", "rows of t hold other values"},
		{"rows that down leaves", "insert into t select max(id) + 1, 9, 'z' from t;" + down + "select 1;", rehearsal.Proven, "", ""},
		{"a down that goose refuses", "create table n (id integer);" + down + "drop table n", rehearsal.Impossible, "goose refuses the down section: line 4", ""},
		{"up fails", "create table t (id integer);" + down + "drop table t;", rehearsal.Unproven, "up fails", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, settings database.Settings) {
				report := rehearse(t, settings, "insert into t values (1, 1, 'x'), (2, 2, null), (3, null, 'z')", "create table t (id integer primary key, a integer, b text);", test.text)
				if len(report.Migrations) != 1 || report.Version != 1 {
					t.Fatalf("got %+v", report)
				}
				got := report.Migrations[0]
				if reasons := strings.Join(got.Reasons, "; "); got.WayBack != test.want || !strings.Contains(reasons, test.reason) || test.reason == "" && reasons != "" {
					t.Errorf("got %s because %q", got.WayBack, reasons)
				}
				if losses := lossesOf(got); !strings.Contains(losses, test.loss) || test.loss == "" && losses != "" {
					t.Errorf("lost %q", losses)
				}
			})
		})
	}
}

// An identity that is taken away and given back counts from one, and the next row meets a key that is there.
func TestASequenceThatBeginsAnewIsALoss(t *testing.T) {
	t.Parallel()
	report := rehearse(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}, "insert into t (a) values (1), (2)", "create table t (id bigint generated by default as identity, a integer);",
		"alter table t alter id drop identity;"+down+"alter table t alter id add generated by default as identity;")
	if got := report.Migrations[0]; got.WayBack != rehearsal.Proven || lossesOf(got) != "t_id_seq gives numbers again that it gave before: it is at 1, and was at 2" {
		t.Errorf("got %s and %q", got.WayBack, lossesOf(got))
	}
}

// lossesOf writes what was lost.
func lossesOf(one rehearsal.Migration) string {
	var text []string
	for _, change := range one.Losses {
		said := change.Message
		for _, column := range change.Columns {
			if column.Lost > 0 {
				said += fmt.Sprintf(" %s lost %d", column.Column, column.Lost)
			}
		}
		text = append(text, said)
	}
	return strings.Join(text, "; ")
}

// What belongs to a table that is left, or missing, goes without saying; what stands on its own is said.
func TestReasonsAreFew(t *testing.T) {
	t.Parallel()
	report := rehearse(t, databasetest.Fresh(t, database.PostgreSQL), "select 1", "create table gone (id bigint generated always as identity primary key, a text);\ncreate index on gone (a);\ncomment on column gone.a is 'x';\ncreate table stays (id integer);",
		"drop table gone;\ncreate table made (id serial primary key, a text check (a <> ''));\ncreate index made_a on made (a);\ncreate index stays_id on stays (id);\ncreate type mood as enum ('good');"+down+"select 1 from stays;")
	want := []string{"after up and down, enum public.mood is left", "after up and down, index public.stays_id is left", "after up and down, table public.gone is missing", "after up and down, table public.made is left"}
	if got := slices.Sorted(slices.Values(report.Migrations[0].Reasons[:min(len(report.Migrations[0].Reasons), 4)])); !slices.Equal(got, want) || len(report.Migrations[0].Reasons) != 5 {
		t.Errorf("got %q", report.Migrations[0].Reasons)
	}
}

// What each statement did is seen on the server: the locks that it took first, files written anew, rows read and written.
func TestWhatStatementsDo(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	report := rehearse(t, settings, "insert into t select n, n, 'x' from generate_series(1, 1000) n; insert into u select n from generate_series(1, 10) n",
		"create table t (id bigint primary key, a integer, b text);\ncreate table u (id bigint primary key);\ncreate schema \"Odd\"; create table \"Odd\".v (id bigint primary key);",
		"alter table t add column c integer;\ncreate index t_a on t (a);\nalter table t alter column a type bigint;\nupdate u set id = id + 100;\nalter table \"Odd\".v add column x text;"+down+
			"alter table \"Odd\".v drop column x;\nupdate u set id = id - 100;\nalter table t alter column a type integer;\ndrop index t_a;\nalter table t drop column c;",
		"-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently t_b on t (b);"+down+"drop index concurrently t_b;",
		"alter table u alter column id type numeric;"+down+"alter table u alter column id type bigint;",
		"-- +goose NO TRANSACTION\n-- +goose Up\nalter table t alter column a type integer;\nupdate t set b = 'y';"+down+"alter table t alter column a type bigint;\nupdate t set b = 'x';",
		"alter table u add column v text;\ncommit;\nselect pg_sleep(0.2);\nbegin;"+down+"alter table u drop column v;",
		"drop table u;"+down+"create table u (id numeric primary key, v text);")
	if len(report.Migrations) != 6 {
		t.Fatalf("got %+v", report)
	}
	first := report.Migrations[0]
	if first.WayBack != rehearsal.Proven || len(first.Losses) > 0 || !slices.Equal(first.Order, []string(nil)) {
		t.Errorf("got %s %q %q %q", first.WayBack, first.Reasons, lossesOf(first), first.Order)
	}
	var got []string
	for _, one := range first.Up.Statements {
		locks := ""
		for _, lock := range one.Locks {
			locks += fmt.Sprintf(" %s on %s blocks %s", lock.Mode, lock.Table, strings.Join(lock.Blocks, "+"))
			if lock.Held <= 0 || lock.Held > first.Up.Took {
				t.Errorf("%s: held for %s of %s", one.SQL, lock.Held, first.Up.Took)
			}
		}
		got = append(got, fmt.Sprintf("%s:%s rewrites %q scans %v writes %v", one.SQL, locks, one.Rewritten, one.Scanned, one.Written))
	}
	want := []string{
		`alter table t add column c integer: ACCESS EXCLUSIVE on t blocks reads+writes+schema changes rewrites [] scans map[] writes map[]`,
		`create index t_a on t (a): rewrites [] scans map[t:1000] writes map[]`,
		`alter table t alter column a type bigint: rewrites ["t" "t_pkey"] scans map[t:3000] writes map[]`,
		`update u set id = id + 100: ROW EXCLUSIVE on u blocks writes of the changed rows+schema changes rewrites [] scans map[u:10] writes map[u:10]`,
		`alter table "Odd".v add column x text: ACCESS EXCLUSIVE on Odd.v blocks reads+writes+schema changes rewrites [] scans map[] writes map[]`,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || strings.TrimSuffix(got[i], ";") != want[i] && strings.ReplaceAll(got[i], ";:", ":") != want[i] {
			t.Errorf("statement %d: got %q", i, got[min(i, len(got)-1)])
		}
	}
	// Outside of a transaction it is seen too.
	if one := report.Migrations[3].Up.Statements[0]; one.Sampled || !slices.Equal(one.Rewritten, []string{"t", "t_a", "t_b", "t_pkey"}) || len(one.Locks) != 1 || one.Locks[0].Mode != "ACCESS EXCLUSIVE" {
		t.Errorf("got %+v", one)
	}
	if one := report.Migrations[3].Up.Statements[1]; one.Written["t"] != 1000 {
		t.Errorf("got %+v", one)
	}
	// A lock is held until the file itself ends the transaction.
	if one := report.Migrations[4].Up.Statements[0]; len(one.Locks) != 1 || one.Locks[0].Held > rehearsal.Took(150*time.Millisecond) || report.Migrations[4].Up.Took < rehearsal.Took(200*time.Millisecond) {
		t.Errorf("got %+v", one)
	}
	// A table that is dropped was locked too.
	if locks := report.Migrations[5].Up.Statements[0].Locks; len(locks) != 1 || locks[0].Table != "u" || locks[0].Mode != "ACCESS EXCLUSIVE" {
		t.Errorf("got %+v", locks)
	}
	// What the session did in transactions before does not count.
	if one := report.Migrations[2].Up.Statements[0]; !slices.Equal(one.Rewritten, []string{"u", "u_pkey"}) || len(one.Written) > 0 || one.Scanned["u"] == 0 || one.Scanned["u"] > 100 {
		t.Errorf("got %+v", one)
	}
	third := first.Up.Statements[2]
	if len(third.Tables) != 1 || third.Tables[0].Table != "t" || third.Tables[0].Rows != 1000 || third.Tables[0].Bytes < 8192 {
		t.Errorf("got the tables %+v", third.Tables)
	}
	if rows := first.Rows; len(rows) != 3 || rows[1].Table != "t" || rows[1].Before.Rows != 1000 || *rows[1].Before != *rows[1].AfterDown || *rows[1].Before == *rows[1].AfterUp || *rows[1].AfterUp != *rows[1].Again {
		t.Errorf("got the rows %+v", rows)
	}
	concurrent := report.Migrations[1]
	if concurrent.WayBack != rehearsal.Proven || len(concurrent.Up.Statements) != 1 || !concurrent.Up.Statements[0].Sampled {
		t.Errorf("got %+v", concurrent)
	}
}

// A rehearsal that is cancelled says so, and not that the migration fails.
func TestCancelled(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	set, err := migration.Read(fstest.MapFS{"00001_a.sql": {Data: []byte("-- +goose Up\nselect pg_sleep(60);\n")}}, "m")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	_, err = rehearsal.Rehearse(ctx, rehearsal.Options{Set: set, Progress: first(func() { close(started); cancel() }), Settings: settings})
	<-started
	if err == nil {
		t.Error("got no error")
	}
}

// first is a progress that calls something when it is told first.
type first func()

func (f first) Advance(done, _ int64, _ string) {
	if done == 0 {
		f()
	}
}
