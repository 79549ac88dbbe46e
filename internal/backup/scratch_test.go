package backup_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// A copy has what the original has, changing it changes nothing there, and nothing of it is left.
func TestScratch(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		db := databasetest.Open(t, settings)
		for _, statement := range []string{
			"create table goose_db_version (id integer primary key, version_id bigint, is_applied boolean)", "insert into goose_db_version values (1, 7, true)",
			"create table t (id integer primary key, a text)", "insert into t values (1, 'x'), (2, 'y')",
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		for _, limit := range []int64{1 << 40, 0} {
			scratch, err := backup.NewScratch(t.Context(), backup.ScratchOptions{Settings: settings, MaximumBytes: limit, Now: time.Now, LookupEnv: os.LookupEnv})
			if err != nil {
				t.Fatal(err)
			}
			copied, err := database.Open(t.Context(), scratch.Settings)
			if err != nil {
				t.Fatal(err)
			}
			want := 2
			if !scratch.Rows {
				want = 0
			}
			if got := count(t, copied, "t"); got != want || count(t, copied, "goose_db_version") != 1 || scratch.Rows != (limit > 0 || settings.Dialect == database.SQLite) {
				t.Errorf("limit %d: the copy has %d rows, %v", limit, got, scratch.Rows)
			}
			if _, err := copied.ExecContext(t.Context(), "drop table t"); err != nil {
				t.Fatal(err)
			}
			if count(t, db, "t") != 2 {
				t.Error("the original was changed")
			}
			if err := scratch.Drop(t.Context()); err != nil { // Although it is still in use.
				t.Fatal(err)
			}
			copied.Close()
			if again, err := database.Open(t.Context(), scratch.Settings); err == nil {
				again.Close()
				t.Error("the copy is left")
			}
		}
	})
}

func count(t *testing.T, db *database.Database, table string) (rows int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// The copies of runs that were killed go with the next run, but not those that are in use or young.
func TestScratchDropsWhatWasLeftBehind(t *testing.T) {
	t.Parallel()
	settings := database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}
	db := databasetest.Open(t, settings)
	now := time.Now()
	suffix := fmt.Sprint(now.UnixNano())
	names := map[string]string{}
	for what, age := range map[string]time.Duration{"old": 24 * time.Hour, "used": 24 * time.Hour, "young": time.Minute} {
		name := "airlock_rehearsal_" + now.Add(-age).UTC().Format("20060102150405") + "_" + what + suffix
		names[what] = name
		if _, err := db.ExecContext(t.Context(), "create database "+name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "drop database if exists "+name+" with (force)"); err != nil && !strings.Contains(err.Error(), "closed") {
				t.Error(err)
			}
		})
	}
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	location.Path = "/" + names["used"]
	databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: location.String()})
	scratch, err := backup.NewScratch(t.Context(), backup.ScratchOptions{Settings: settings, Now: time.Now, LookupEnv: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	if err := scratch.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, name := range names {
		var there bool
		if err := db.QueryRowContext(t.Context(), "select exists (select from pg_database where datname = $1)", name).Scan(&there); err != nil || there != (what != "old") {
			t.Errorf("the %s copy: there %v, %v", what, there, err)
		}
	}
}
