package rehearsal_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
)

// What belongs to the whole server is not changed for the sake of a copy. A new role is, and goes again.
func TestWhatBelongsToTheServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	server := databasetest.Open(t, databasetest.Fresh(t, database.PostgreSQL))
	run := func(statement string) {
		t.Helper()
		if _, err := server.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	existing, role := "old_"+strings.ToLower(rand.Text()), "new_"+strings.ToLower(rand.Text())
	run("create role " + existing)
	t.Cleanup(func() { run("drop role " + existing) })
	settings := databasetest.Fresh(t, database.PostgreSQL)
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(location.Path, "/")
	texts := []string{
		"select 1;",
		"create role " + role + ";\ncreate table a (id integer);\ngrant select on a to " + role + ";\ngrant " + role + " to " + existing + ";" + down + "drop table a;\ndrop role " + role + ";",
		"alter database " + name + " set work_mem = '8MB';" + down + "select 1;",
		"alter role " + existing + " login;" + down + "alter role " + existing + " nologin;",
		"do $$ begin if not exists (select from pg_roles where rolname = '" + existing + "') then create role " + existing + "; end if; end $$;" + down + "select 1;",
		"do $$ begin execute 'alter role " + existing + " createdb'; end $$;" + down + "select 1;",
		"comment on database " + name + " is 'x';" + down + "select 1;",
		"grant connect on database " + name + " to " + existing + ";" + down + "select 1;",
		"grant pg_monitor to " + existing + ";" + down + "revoke pg_monitor from " + existing + ";",
		"alter system set work_mem = '8MB';" + down + "alter system reset work_mem;",
		"create table b (id integer, note text default 'create role x');\ngrant select on a to " + existing + ";" + down + "revoke select on a from " + existing + ";\ndrop table b;",
	}
	renew := func(context.Context) (database.Settings, error) {
		return databasetest.Fresh(t, database.PostgreSQL), nil
	}
	report := rehearseWith(t, rehearsal.Options{Settings: settings, Renew: renew}, 1, "select 1", texts...)
	want := []string{"2 proven", "3 unproven", "4 unproven", "5 unproven", "6 unproven", "7 unproven", "8 unproven", "9 unproven", "10 unproven", "11 proven"}
	if got := verdicts(report); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, one := range report.Migrations {
		if one.WayBack != rehearsal.Proven && (one.Up != nil || !strings.Contains(one.Reasons[0], "it changes what belongs to the whole server")) {
			t.Errorf("%s: %q", one.File.Name, one.Reasons)
		}
	}
	var left, comment sql.NullString
	err = server.QueryRowContext(t.Context(), `select string_agg(rolname, ' ') filter (where rolcanlogin or rolcreatedb or rolname = $1), (select string_agg(description, ' ') from pg_shdescription)
		from pg_roles where rolname in ($1, $2)`, role, existing).Scan(&left, &comment)
	if err != nil || left.Valid || comment.Valid && strings.Contains(comment.String, "x") {
		t.Errorf("left on the server: %v %v, %v", left, comment, err)
	}
}

// What one migration leaves in its session does not reach its own way back, nor goose's table.
func TestASearchPathThatIsLeft(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	report := rehearse(t, settings, "select 1", "create schema app;", "set search_path = app, public;\ncreate table t (id integer);"+down+"drop table app.t;", "create table u (id integer);"+down+"drop table u;")
	if got := verdicts(report); !slices.Equal(got, []string{"2 proven", "3 proven"}) {
		t.Errorf("got %q because %q", got, report.Migrations[0].Reasons)
	}
}

// A copy on which down and up again left something else is no ground for those behind it.
func TestASecondUpThatMakesLess(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		texts := []string{"create table b (id integer, a_id integer);", "create table if not exists b (id integer);" + down + "drop table if exists b;", "create index b_a on b (a_id);" + down + "drop index b_a;"}
		renew := func(context.Context) (database.Settings, error) { return databasetest.Fresh(t, settings.Dialect), nil }
		report := rehearseWith(t, rehearsal.Options{Settings: settings, Renew: renew}, 0, "select 1", texts...)
		if got := verdicts(report); !slices.Equal(got, []string{"1 impossible", "2 impossible", "3 proven"}) {
			t.Errorf("got %q", got)
		}
	})
}

// Rows that live in another server cannot be compared, and are not lost for that.
func TestRowsThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	report := rehearse(t, settings, "create foreign data wrapper w; create server s foreign data wrapper w; create foreign table ft (id integer) server s", "select 1;", "create table u (id integer);"+down+"drop table u;")
	if one := report.Migrations[0]; one.WayBack != rehearsal.Proven || len(one.Losses) > 0 || len(one.Notes) != 1 || !strings.Contains(one.Notes[0], "the rows of ft are not compared") {
		t.Errorf("got %s, losses %q, notes %q", one.WayBack, lossesOf(one), one.Notes)
	}
}
