package backup

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestReadyWritesNothing(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		if err := Ready(t.Context(), open(t, subject.place)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Dir(subject.Directory)); !os.IsNotExist(err) {
			t.Errorf("the folder of the snapshots was made: %v", err)
		}
	})
}

func TestReadySaysWhyNoSnapshotCouldBeTaken(t *testing.T) {
	t.Parallel()
	inTheWay := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eachKind(t, func(t *testing.T, subject subject) {
		for _, directory := range []string{inTheWay, filepath.Join(inTheWay, "snapshots")} {
			at := subject.place
			at.Directory = directory
			err := Ready(t.Context(), open(t, at))
			holds(t, err, "a snapshot cannot be kept in "+directory, "write there")
		}
	})
	where, _ := postgres(t)
	old := t.TempDir()
	if err := os.WriteFile(filepath.Join(old, "pg_dump"), []byte("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ bin, want, hint string }{
		{old, "pg_dump is of version 9 and the server of version", "PATH"},
		{t.TempDir(), "pg_dump was not found on this machine", "install it"},
	} {
		store, err := NewPostgres(PostgresOptions{URL: where.URL, Bin: test.bin, Directory: where.Directory, Now: time.Now, LookupEnv: os.LookupEnv})
		if err != nil {
			t.Fatal(err)
		}
		holds(t, Ready(t.Context(), store), test.want, test.hint)
	}
	if err := Ready(t.Context(), nil); problem.KindOf(err) != problem.Inconclusive {
		t.Errorf("a store that cannot tell: got %v", err)
	}
}
