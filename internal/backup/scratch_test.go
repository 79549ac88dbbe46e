package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	for what, age := range map[string]time.Duration{"old": 24 * time.Hour, "used": 24 * time.Hour, "young": time.Minute} {
		name := "airlock_rehearsal_" + now.Add(-age).UTC().Format("20060102150405") + "_" + what + suffix
		names[what] = name
		// Another test's copy can drop it before it is in use.
		for used := false; !used; {
			if _, err := db.ExecContext(t.Context(), "create database "+name); err != nil {
				t.Fatal(err)
			}
			if used = what != "used"; !used {
				location.Path = "/" + name
				user, err := database.Open(t.Context(), database.Settings{Dialect: database.PostgreSQL, URL: location.String()})
				if used = err == nil; used {
					t.Cleanup(func() { user.Close() })
				}
			}
		}
		t.Cleanup(func() {
			if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "drop database if exists "+name+" with (force)"); err != nil && !strings.Contains(err.Error(), "closed") {
				t.Error(err)
			}
		})
	}
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

// pg_dump goes the way that airlock goes: through the near end of a tunnel, and with the authorities of Amazon RDS.
func TestScratchOfAHostOfRDS(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	real, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Fatal(err)
	}
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	for _, name := range []string{"pg_dump", "pg_restore"} {
		script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] || cp \"$PGSSLROOTCERT\" '%s-%s'\nexec '%s' \"$@\"\n", seen, name, filepath.Join(filepath.Dir(real), name))
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings.LookupEnv = func(name string) (string, bool) {
		if name == "PGHOSTADDR" {
			return "127.0.0.1", true
		}
		return os.LookupEnv(name)
	}
	location.Host = "wos.abcdefghij.us-east-1.rds.amazonaws.com:" + location.Port()
	settings.URL = location.String()
	scratch, err := backup.NewScratch(t.Context(), backup.ScratchOptions{Settings: settings, Bin: bin, MaximumBytes: 1 << 40, Now: time.Now, LookupEnv: settings.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	if err := scratch.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pg_dump", "pg_restore"} {
		if text, err := os.ReadFile(seen + "-" + name); err != nil || !bytes.Equal(text, database.RDSCertificates()) {
			t.Errorf("%s was given %d bytes of certificates, %v", name, len(text), err)
		}
	}
}

// A copy sorts as the original does, and its sessions begin with the same settings.
func TestScratchIsLikeTheOriginal(t *testing.T) {
	t.Parallel()
	server := databasetest.Open(t, databasetest.Fresh(t, database.PostgreSQL))
	name := fmt.Sprintf("like_%d", time.Now().UnixNano())
	run := func(statement string) {
		t.Helper()
		if _, err := server.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	run("create database " + name + " template template0 locale_provider icu icu_locale 'en-US-u-kn-true' encoding 'UTF8'")
	t.Cleanup(func() { run("drop database " + name + " with (force)") })
	run("alter database " + name + ` set search_path = app, "$user", public`)
	run("alter database " + name + " set timezone = 'Asia/Tokyo'")
	run("alter database " + name + " set application_name = 'it''s'")
	run("alter role current_user in database " + name + " set work_mem = '5MB'")
	location, err := url.Parse(databasetest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	location.Path = "/" + name
	settings := database.Settings{Dialect: database.PostgreSQL, URL: location.String()}
	original := databasetest.Open(t, settings)
	if _, err := original.ExecContext(t.Context(), "create schema app; create table app.t (a text)"); err != nil {
		t.Fatal(err)
	}
	scratch, err := backup.NewScratch(t.Context(), backup.ScratchOptions{Settings: settings, MaximumBytes: 1 << 40, Now: time.Now, LookupEnv: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scratch.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	copied := databasetest.Open(t, scratch.Settings)
	const query = `select concat_ws(' ', datcollate, daticulocale, datlocprovider, 'a10' > 'a9', current_setting('search_path'), current_setting('timezone'),
		(select array_agg(one order by one) from pg_db_role_setting s, unnest(setconfig) one where s.setdatabase = d.oid), to_regclass('t')) from pg_database d where datname = current_database()`
	var want, got string
	if err := errors.Join(original.QueryRowContext(t.Context(), query).Scan(&want), copied.QueryRowContext(t.Context(), query).Scan(&got)); err != nil {
		t.Fatal(err)
	}
	if got != want || !strings.Contains(got, "Asia/Tokyo") || !strings.HasSuffix(got, " t") {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The settings that roles have in the database come along as far as the user may give them.
func TestScratchWithoutTheRightToSettingsOfRoles(t *testing.T) {
	t.Parallel()
	settings := databasetest.Fresh(t, database.PostgreSQL)
	server := databasetest.Open(t, settings)
	name := fmt.Sprintf("plain_%d", time.Now().UnixNano())
	run := func(statement string) {
		t.Helper()
		if _, err := server.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	run("create role " + name + " login createdb password 'secret'")
	run("create database " + name + " owner " + name)
	t.Cleanup(func() { run("drop database " + name + " with (force)"); run("drop role " + name) })
	// Another user's copy that was left behind is not ours to drop, and no reason to make none. Another test may drop it.
	left := "airlock_rehearsal_" + time.Now().Add(-24*time.Hour).UTC().Format("20060102150405") + "_" + name
	run("create database " + left)
	t.Cleanup(func() { run("drop database if exists " + left + " with (force)") })
	run("alter role postgres in database " + name + " set work_mem = '5MB'")
	run("alter role " + name + " in database " + name + " set work_mem = '6MB'")
	location, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	location.Path, location.User = "/"+name, url.UserPassword(name, "secret")
	settings.URL = location.String()
	scratch, err := backup.NewScratch(t.Context(), backup.ScratchOptions{Settings: settings, MaximumBytes: 1 << 40, Now: time.Now, LookupEnv: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scratch.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	var got string
	if err := databasetest.Open(t, scratch.Settings).QueryRowContext(t.Context(), "show work_mem").Scan(&got); err != nil || got != "6MB" {
		t.Errorf("got %s, %v", got, err)
	}
}
