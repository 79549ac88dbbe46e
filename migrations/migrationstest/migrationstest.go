// Package migrationstest gives tests databases of their own, on real PostgreSQL and real SQLite, to migrate as they like.
package migrationstest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/randomchaoslabs/airlock/migrations"
)

// Dialects are the databases that every migration and every page must work on.
var Dialects = []goose.Dialect{goose.DialectSQLite3, goose.DialectPostgres}

// Database is one empty database that ends with its test.
type Database struct {
	// URL is what the application takes as DATABASE_URL.
	URL     string
	Dialect goose.Dialect
	*sql.DB
}

// New returns an empty database of a dialect. PostgreSQL is the cluster of AIRLOCK_TEST_POSTGRES, a superuser's URL.
func New(t *testing.T, dialect goose.Dialect) Database {
	t.Helper()
	if dialect == goose.DialectSQLite3 {
		path := filepath.Join(t.TempDir(), "wos.db")
		return Database{URL: "sqlite:" + path, Dialect: dialect, DB: connect(t, "sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)")}
	}
	cluster := os.Getenv("AIRLOCK_TEST_POSTGRES")
	if cluster == "" {
		t.Fatal("AIRLOCK_TEST_POSTGRES is not set: run ./scripts/test, which starts PostgreSQL")
	}
	address, err := url.Parse(cluster)
	if err != nil {
		t.Fatal("AIRLOCK_TEST_POSTGRES is not a URL: run ./scripts/test, which starts PostgreSQL")
	}
	name := "wos_test_" + strings.ToLower(rand.Text())
	admin := connect(t, "pgx", cluster)
	if _, err := admin.Exec("create database " + name); err != nil {
		t.Fatal("creating a database: ", err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("drop database " + name + " with (force)"); err != nil {
			t.Error("dropping a database: ", err)
		}
	})
	address.Path = "/" + name
	return Database{URL: address.String(), Dialect: dialect, DB: connect(t, "pgx", address.String())}
}

// Migrated returns a database at a version of the reference application's schema.
func Migrated(t *testing.T, dialect goose.Dialect, version int64) Database {
	t.Helper()
	database := New(t, dialect)
	if _, err := database.Provider(t).UpTo(context.Background(), version); err != nil {
		t.Fatal("migrating up: ", err)
	}
	return database
}

// Provider returns goose's provider of the reference application's migrations.
func (d Database) Provider(t *testing.T) *goose.Provider {
	t.Helper()
	provider, err := goose.NewProvider(d.Dialect, d.DB, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal("making the provider: ", err)
	}
	return provider
}

func connect(t *testing.T, driver, address string) *sql.DB {
	t.Helper()
	database, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal("connecting: ", err)
	}
	t.Cleanup(func() { database.Close() })
	return database
}
