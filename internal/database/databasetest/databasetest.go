// Package databasetest makes databases for tests: real ones, one for each test, gone when the test ends.
package databasetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Cluster returns the superuser URL of the PostgreSQL cluster that scripts/test starts.
func Cluster(t testing.TB) string {
	t.Helper()
	cluster := os.Getenv("AIRLOCK_TEST_POSTGRES")
	if cluster == "" {
		t.Fatal("AIRLOCK_TEST_POSTGRES is not set: run ./scripts/test, which starts PostgreSQL")
	}
	return cluster
}

// PostgreSQL returns the URL of a new, empty database.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	cluster := Cluster(t)
	name := "test_" + strings.ToLower(rand.Text())
	execute(t, cluster, "create database "+name)
	t.Cleanup(func() { execute(t, cluster, "drop database "+name+" with (force)") })
	location, err := url.Parse(cluster)
	if err != nil {
		t.Fatal("AIRLOCK_TEST_POSTGRES is not a URL")
	}
	location.Path = "/" + name
	return location.String()
}

func execute(t testing.TB, cluster, statement string) {
	t.Helper()
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

// Each runs test once for each dialect, with settings of an empty database of its own.
func Each(t *testing.T, test func(t *testing.T, settings database.Settings)) {
	t.Helper()
	for name, dialect := range map[string]database.Dialect{"postgresql": database.PostgreSQL, "sqlite": database.SQLite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, Fresh(t, dialect))
		})
	}
}

// Fresh returns the settings of a new, empty database, gone when the test ends.
func Fresh(t testing.TB, dialect database.Dialect) database.Settings {
	t.Helper()
	if dialect == database.SQLite {
		return database.Settings{Dialect: dialect, Path: filepath.Join(t.TempDir(), "test.db"), Create: true}
	}
	return database.Settings{Dialect: dialect, URL: PostgreSQL(t)}
}

// Open opens the database and closes it when the test ends.
func Open(t testing.TB, settings database.Settings) *database.Database {
	t.Helper()
	db, err := database.Open(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
