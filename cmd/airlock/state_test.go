package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/randomchaoslabs/airlock/internal/database"
)

func (s *stage) remember(ts *testscript.TestScript, _ []string) {
	state, err := s.state()
	ts.Check(err)
	s.remembered = state
}

func (s *stage) unchanged(ts *testscript.TestScript, _ []string) {
	state, err := s.state()
	ts.Check(err)
	if s.remembered == nil {
		ts.Fatalf("nothing was remembered")
	}
	if diff := cmp.Diff(s.remembered, state); diff != "" {
		ts.Fatalf("something changed (-before +after):\n%s", diff)
	}
}

// state is all that a promotion may change: every database, and every file of the history, the snapshots and the hosts.
func (s *stage) state() (map[string]string, error) {
	state := map[string]string{}
	for name, location := range s.urls {
		content, err := databaseState(location)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		state["database "+name] = content
	}
	root := filepath.Join(s.work, ".airlock")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		// A lock file that was made says only that someone looked, and the log is the application's own.
		if err != nil || entry.IsDir() || entry.Name() == "lock" || entry.Name() == "app.log" || strings.HasSuffix(path, ".lock") {
			return err
		}
		content, err := os.ReadFile(path)
		state[strings.TrimPrefix(path, s.work)] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	})
	if os.IsNotExist(err) {
		err = nil
	}
	return state, err
}

// databaseState is the schema and every row of a database.
func databaseState(location string) (string, error) {
	settings := settings(location)
	if _, err := os.Stat(settings.Path); settings.Dialect == database.SQLite && os.IsNotExist(err) {
		return "there is no file", nil
	}
	db, err := database.Open(context.Background(), settings)
	if err != nil {
		return "", err
	}
	defer db.Close()
	schema, tables := "select type, name, sql from sqlite_schema order by 1, 2", "select name from sqlite_schema where type = 'table' order by 1"
	if db.Dialect == database.PostgreSQL {
		schema = "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by 1, 2"
		tables = "select tablename from pg_tables where schemaname = 'public' order by 1"
	}
	state, err := query(db, schema)
	if err != nil {
		return "", err
	}
	names, err := query(db, tables)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		rows, err := query(db, "select * from "+name+" order by 1")
		if err != nil {
			return "", err
		}
		state = append(append(state, "rows of "+name), rows...)
	}
	return strings.Join(state, "\n"), nil
}
