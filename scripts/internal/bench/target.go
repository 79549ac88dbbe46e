package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// place is where databases are made: a PostgreSQL cluster, or a folder for SQLite files.
type place struct {
	title string
	// cluster is a superuser's URL; empty means SQLite files in folder.
	cluster, folder string
}

// errNoURL does not repeat what holds a password.
var errNoURL = errors.New("AIRLOCK_TEST_POSTGRES is not a URL")

// emptyDatabase is a new database; drop removes it.
type emptyDatabase struct {
	name     string
	settings database.Settings
	drop     func() error
}

// create makes an empty database.
func (p place) create(ctx context.Context) (emptyDatabase, error) {
	return p.createFrom(ctx, "template1")
}

// createFrom makes a database that on PostgreSQL is a copy of another one, to which nobody is connected.
func (p place) createFrom(ctx context.Context, template string) (emptyDatabase, error) {
	name := "bench_" + strings.ToLower(rand.Text())
	if p.cluster == "" {
		return emptyDatabase{
			name:     name,
			settings: database.Settings{Dialect: database.SQLite, Path: filepath.Join(p.folder, name+".db")},
			// The whole folder is removed at the end.
			drop: func() error { return nil },
		}, nil
	}
	location, err := url.Parse(p.cluster)
	if err != nil {
		return emptyDatabase{}, errNoURL
	}
	location.Path = "/" + name
	return emptyDatabase{
		name:     name,
		settings: database.Settings{Dialect: database.PostgreSQL, URL: location.String()},
		drop: func() error {
			return p.execute(context.WithoutCancel(ctx), "drop database "+name+" with (force)")
		},
	}, p.execute(ctx, "create database "+name+" template "+template)
}

func (p place) execute(ctx context.Context, statement string) error {
	return execute(ctx, p.cluster, statement)
}

// execute runs statements in a database of PostgreSQL, each on its own.
func (d emptyDatabase) execute(ctx context.Context, statements ...string) error {
	return execute(ctx, d.settings.URL, statements...)
}

func execute(ctx context.Context, address string, statements ...string) error {
	connection, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	for _, statement := range statements {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// url is the database as the variable AIRLOCK_DATABASE_URL names it.
func (d emptyDatabase) url() string {
	if d.settings.Dialect == database.SQLite {
		return "sqlite:" + d.settings.Path
	}
	return d.settings.URL
}

// goose returns the variables by which the goose CLI finds the database and the migrations.
// https://pressly.github.io/goose/documentation/environment-variables/
func (d emptyDatabase) goose(migrations string) []string {
	driver, location := "postgres", d.settings.URL
	if d.settings.Dialect == database.SQLite {
		driver, location = "sqlite3", d.settings.Path
	}
	return []string{"GOOSE_DRIVER=" + driver, "GOOSE_DBSTRING=" + location, "GOOSE_MIGRATION_DIR=" + migrations}
}

// version returns the schema's version, which tells whether a run did all its work.
func (d emptyDatabase) version(ctx context.Context) (int64, error) {
	opened, err := database.Open(ctx, d.settings)
	if err != nil {
		return 0, err
	}
	defer opened.Close()
	return migration.CurrentVersion(ctx, opened)
}
