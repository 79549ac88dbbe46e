package rehearsal_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/checklist"
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
		"drop owned by " + existing + ";" + down + "select 1;",
		"reassign owned by " + existing + " to current_user;" + down + "select 1;",
		"grant set on parameter work_mem to " + existing + ";" + down + "select 1;",
		"do $$ begin execute 'grant pg_monitor to " + existing + "'; end $$;" + down + "select 1;",
		"select pg_create_physical_replication_slot('x');" + down + "select 1;",
		"copy (select 1) to program 'true';" + down + "select 1;",
		"create table b (id integer, note text default 'create role x');\ngrant select on a to " + existing + ";" + down + "revoke select on a from " + existing + ";\ndrop table b;",
	}
	renew := func(context.Context) (database.Settings, error) {
		return databasetest.Fresh(t, database.PostgreSQL), nil
	}
	report := rehearseWith(t, rehearsal.Options{Settings: settings, Renew: renew}, 1, "select 1", texts...)
	want := []string{"2 proven", "3 unproven", "4 unproven", "5 unproven", "6 unproven", "7 unproven", "8 unproven", "9 unproven", "10 unproven", "11 unproven", "12 unproven", "13 unproven", "14 unproven", "15 unproven", "16 unproven", "17 proven"}
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

// A user who may make roles, and is no superuser, drops them again.
func TestARoleMadeByAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	server := databasetest.Open(t, databasetest.Fresh(t, database.PostgreSQL))
	owner, role := "owner_"+strings.ToLower(rand.Text()), "new_"+strings.ToLower(rand.Text())
	run := func(statement string) {
		t.Helper()
		if _, err := server.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	run("create role " + owner + " login createrole password 'owner'")
	t.Cleanup(func() { run("drop role " + owner) })
	settings := databasetest.Fresh(t, database.PostgreSQL)
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	run("alter database " + strings.TrimPrefix(location.Path, "/") + " owner to " + owner)
	location.User = url.UserPassword(owner, "owner")
	settings.URL = location.String()
	report := rehearseWith(t, rehearsal.Options{Settings: settings, Budget: 1}, 0, "create table large as select n from generate_series(1, 1000) n", "create role "+role+";\ncreate table a (id integer);\ngrant select on a to "+role+";"+down+"drop table a;\ndrop role "+role+";")
	var left int
	if err := server.QueryRowContext(t.Context(), "select count(*) from pg_roles where rolname = $1", role).Scan(&left); err != nil || left != 0 || report.Left != "" {
		t.Errorf("left %d roles, %v, %q", left, err, report.Left)
	}
	if got := verdicts(report); !slices.Equal(got, []string{"1 proven"}) {
		t.Errorf("got %q because %q", got, report.Migrations[0].Reasons)
	}
}

// On the database itself nothing is dropped again, nothing is passed over, and nothing is taken back that would lose data.
func TestInPlace(t *testing.T) {
	t.Parallel()
	role := "kept_" + strings.ToLower(rand.Text())
	server := databasetest.Open(t, databasetest.Fresh(t, database.PostgreSQL))
	t.Cleanup(func() {
		if _, err := server.ExecContext(context.Background(), "drop role "+role); err != nil {
			t.Error(err)
		}
	})
	settings := databasetest.Fresh(t, database.PostgreSQL)
	report := rehearseWith(t, rehearsal.Options{Settings: settings, InPlace: true, OwnServer: true}, 1, "insert into orders values (1), (2)", "create table orders (id integer);",
		"create role "+role+";"+down+"drop role "+role+";",
		"create table if not exists orders (id integer);\ncreate table items (id integer);"+down+"drop table items;\ndrop table orders;",
		"create table more (id integer);\ninsert into more values (1);"+down+"drop table more;")
	if got := verdicts(report); !slices.Equal(got, []string{"2 proven", "3 unproven", "4 proven"}) || !strings.Contains(strings.Join(report.Migrations[1].Reasons, " "), "down was not run on this database: taking this back would lose data: orders") {
		t.Errorf("got %q because %q", got, report.Migrations[1].Reasons)
	}
	db := databasetest.Open(t, settings)
	var rows, roles int
	if err := db.QueryRowContext(t.Context(), "select (select count(*) from orders), (select count(*) from pg_roles where rolname = $1)", role).Scan(&rows, &roles); err != nil || rows != 2 || roles != 1 {
		t.Errorf("%d rows and %d roles are there, %v", rows, roles, err)
	}
}

// A copy works on no other server: what its foreign tables lead to is no copy.
func TestForeignTablesLeadNowhere(t *testing.T) {
	t.Parallel()
	remote := databasetest.Fresh(t, database.PostgreSQL)
	there := databasetest.Open(t, remote)
	if _, err := there.ExecContext(t.Context(), "create table r (id integer); insert into r values (1), (2)"); err != nil {
		t.Fatal(err)
	}
	location, err := url.Parse(remote.URL)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := location.User.Password()
	given := "create extension postgres_fdw; create server s foreign data wrapper postgres_fdw options (host '" + location.Hostname() + "', port '" + location.Port() + "', dbname '" + strings.TrimPrefix(location.Path, "/") + "');" +
		"create user mapping for current_user server s options (user '" + location.User.Username() + "', password '" + password + "'); create foreign table r (id integer) server s"
	report := rehearse(t, databasetest.Fresh(t, database.PostgreSQL), given, "select 1;", "delete from r where id = 1;"+down+"insert into r values (7);")
	if one := report.Migrations[0]; one.WayBack != rehearsal.Unproven || !one.Elsewhere || report.Verdict() != checklist.Warn {
		t.Errorf("got %s, %s because %q", one.WayBack, report.Verdict(), one.Reasons)
	}
	var rows string
	if err := there.QueryRowContext(t.Context(), "select string_agg(id::text, ',' order by id) from r").Scan(&rows); err != nil || rows != "1,2" {
		t.Errorf("the other server has %q, %v", rows, err)
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
