package rehearsal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
)

// verdicts writes the report's verdicts, migration by migration.
func verdicts(report rehearsal.Report) []string {
	var all []string
	for _, one := range report.Migrations {
		all = append(all, fmt.Sprintf("%d %s", one.File.Version, one.WayBack))
	}
	return all
}

func version(number int64) *int64 { return &number }

// The rehearsal is about the way from the next environment's version, whatever the copy has applied.
func TestItBeginsAtTheVersionOfTheNextEnvironment(t *testing.T) {
	t.Parallel()
	table := func(name, down string) string { return "create table " + name + " (id integer);" + down }
	tests := []struct {
		name    string
		applied int64
		from    *int64
		texts   []string
		version int64
		want    []string
		// unreached is part of why it begins elsewhere.
		unreached string
	}{
		{"where the copy stands", 2, nil, []string{table("a", down+"drop table a;"), table("b", down+"drop table b;"), table("c", down+"drop table c;")}, 2, []string{"3 proven"}, ""},
		{"behind the copy", 2, version(1), []string{table("a", down+"drop table a;"), table("b", down+"drop table b;"), table("c", down+"drop table c;")}, 1, []string{"2 proven", "3 proven"}, ""},
		{"at nothing", 2, version(0), []string{table("a", down+"drop table a;"), table("b", down+"drop table b;")}, 0, []string{"1 proven", "2 proven"}, ""},
		{"ahead of the copy", 1, version(2), []string{table("a", down+"drop table a;"), table("b", down+"drop table b;"), table("c", down+"drop table c;")}, 2, []string{"3 proven"}, ""},
		{"behind a migration with an empty down", 3, version(1), []string{table("a", ""), table("b", ""), table("c", down+"drop table c;"), table("d", down+"drop table d;")}, 2, []string{"2 impossible", "3 proven", "4 proven"}, "00002_step.sql cannot be taken back"},
		{"behind a migration whose down fails", 3, version(1), []string{table("a", ""), table("b", down+"drop table missing;"), table("c", down+"drop table c;")}, 2, []string{"2 unproven", "3 proven"}, "missing"},
		{"at a version that the folder has not", 1, version(7), []string{table("a", ""), table("b", down+"drop table b;")}, 1, []string{"2 proven"}, "has no version 7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, settings database.Settings) {
				report := rehearseWith(t, rehearsal.Options{Settings: settings, From: test.from, AcceptLoss: []string{apply.AnyLoss}}, test.applied, "select 1", test.texts...)
				if got := verdicts(report); !slices.Equal(got, test.want) || report.Version != test.version {
					t.Errorf("from version %d got %q", report.Version, got)
				}
				if !strings.Contains(report.Unreached, test.unreached) || test.unreached == "" && report.Unreached != "" {
					t.Errorf("unreached: %q", report.Unreached)
				}
			})
		})
	}
}

// What stands behind a migration that cannot be brought to its end is rehearsed on a new copy, and is told where there is none.
func TestWhatStandsBehindAMigrationThatGoesNoFurther(t *testing.T) {
	t.Parallel()
	texts := []string{
		"create table a (id integer);",
		"create table b (id integer);\ncreate table left_over (id integer);" + down + "drop table b;",
		"-- +goose NO TRANSACTION\n-- +goose Up\ncreate table c (id integer);" + down + "drop table c;\ndrop table missing;",
		"create table d (id integer);" + down + "drop table d;",
	}
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		report := rehearse(t, settings, "select 1", texts...)
		if got := verdicts(report); !slices.Equal(got, []string{"2 impossible", "3 unproven", "4 unproven"}) || !strings.Contains(report.Migrations[2].Reasons[0], "00002_step.sql before it goes no further") {
			t.Errorf("got %q", got)
		}
	})
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		renewed := 0
		renew := func(context.Context) (database.Settings, error) {
			renewed++
			return databasetest.Fresh(t, settings.Dialect), nil
		}
		report := rehearseWith(t, rehearsal.Options{Settings: settings, Renew: renew}, 0, "select 1", texts...)
		if got := verdicts(report); !slices.Equal(got, []string{"1 impossible", "2 impossible", "3 impossible", "4 proven"}) || renewed != 2 {
			t.Errorf("with %d new copies got %q", renewed, got)
		}
	})
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		report := rehearse(t, settings, "select 1", "create table a (id integer);", "create table a (id integer);", "create table d (id integer);"+down+"drop table d;")
		if got := verdicts(report); !slices.Equal(got, []string{"2 unproven", "3 unproven"}) || !strings.HasPrefix(report.Migrations[1].Reasons[0], "it was not rehearsed: 00002_step.sql before it goes no further") {
			t.Errorf("got %q", got)
		}
	})
	// With copies at hand what does not build on it is rehearsed without it.
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		renew := func(context.Context) (database.Settings, error) { return databasetest.Fresh(t, settings.Dialect), nil }
		report := rehearseWith(t, rehearsal.Options{Settings: settings, Renew: renew}, 0, "select 1", "create table a (id integer);"+down+"drop table a;",
			"create table a (id integer);"+down+"drop table a;", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate table b (id integer);\ncreate table a (id integer);", "create table b (id integer);"+down+"drop table b;")
		if got := verdicts(report); !slices.Equal(got, []string{"1 proven", "2 unproven", "3 unproven", "4 proven"}) || !slices.Equal(report.Migrations[3].Without, []string{"00002_step.sql", "00003_step.sql"}) {
			t.Errorf("got %q without %q", got, report.Migrations[3].Without)
		}
	})
}

// A way back that stops halfway is left where it began: the rehearsal begins in front of it, on a new copy.
func TestAWayBackThatStopsHalfway(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		texts := []string{
			"create table a (id integer);" + down + "drop table a;",
			"-- +goose NO TRANSACTION\n-- +goose Up\ncreate table b (id integer);" + down + "create table half (id integer);\ndrop table missing;",
			"create table c (id integer);" + down + "drop table c;",
		}
		renew := func(context.Context) (database.Settings, error) {
			fresh := databasetest.Fresh(t, settings.Dialect)
			m, err := apply.Open(t.Context(), apply.Options{Settings: fresh, Set: setOf(t, texts...)})
			if err == nil {
				_, err = m.Up(t.Context())
				err = errors.Join(err, m.Close())
			}
			return fresh, err
		}
		report := rehearseWith(t, rehearsal.Options{Settings: settings, From: version(0), AcceptLoss: []string{apply.AnyLoss}, Renew: renew}, 3, "select 1", texts...)
		if got := verdicts(report); !slices.Equal(got, []string{"1 unproven", "2 unproven", "3 proven"}) || report.Version != 2 || !strings.Contains(report.Unreached, "missing") {
			t.Errorf("from %d got %q, unreached %q", report.Version, got, report.Unreached)
		}
	})
}

// A connection that is lost says nothing about the migration.
func TestALostConnectionIsNoVerdict(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	set := setOf(t, "select pg_terminate_backend(pg_backend_pid());")
	_, err := rehearsal.Rehearse(t.Context(), rehearsal.Options{Settings: settings, Set: set, OwnServer: true})
	if err == nil || problem.KindOf(err) != problem.Inconclusive || !strings.Contains(err.Error(), "the connection was lost") {
		t.Errorf("got error %v", err)
	}
}

// What was filled in for a variable is not shown.
func TestVariablesAreNotShown(t *testing.T) {
	t.Setenv("REHEARSED_PASSWORD", "hunter2hunter2")
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		report := rehearseWith(t, rehearsal.Options{Settings: settings}, 0, "select 1", "-- +goose Up\n-- +goose ENVSUB ON\ncreate table a (id integer default '${REHEARSED_PASSWORD}');\ninsert into missing values ('${REHEARSED_PASSWORD}');")
		text, err := json.Marshal(report)
		if err != nil || strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "${REHEARSED_PASSWORD}") {
			t.Errorf("%v, %s", err, text)
		}
	})
}

// Rows of a large table that cannot be compared are not taken for kept.
func TestRowsThatAreTooManyToCompare(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	const table = "create table big (id integer, a text);"
	report := rehearseWith(t, rehearsal.Options{Settings: settings, Budget: 8192}, 1, "insert into big select n, repeat('x', 100) from generate_series(1, 1000) n", table, "drop table big;"+down+table)
	if one := report.Migrations[0]; one.WayBack != rehearsal.Proven || !one.Uncertain || report.Verdict() != checklist.Warn {
		t.Errorf("got %s, %s, notes %q", one.WayBack, report.Verdict(), one.Notes)
	}
	// With a key a sample is taken, although nobody analysed the table.
	settings = databasetest.Fresh(t, database.PostgreSQL)
	const keyed = "create table big (id integer primary key, a text);"
	report = rehearseWith(t, rehearsal.Options{Settings: settings, Budget: 8192}, 1, "insert into big select n, repeat('x', 100) from generate_series(1, 1000) n", keyed, "delete from big;"+down+"select count(*) from big;")
	if one := report.Migrations[0]; len(one.Losses) != 1 || !one.Losses[0].Sampled {
		t.Errorf("lost %+v, notes %q", one.Losses, one.Notes)
	}
}

// A copy that cannot be made anew ends the rehearsal.
func TestNoNewCopy(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		full := errors.New("the disk is full")
		_, err := rehearsal.Rehearse(t.Context(), rehearsal.Options{Settings: settings, Set: setOf(t, "create table a (id integer);\ncreate table b (id integer);"+down+"drop table b;", "select 1;"),
			Renew: func(context.Context) (database.Settings, error) { return database.Settings{}, full }})
		if !errors.Is(err, full) {
			t.Errorf("got error %v", err)
		}
	})
}
