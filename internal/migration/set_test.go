package migration_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"an empty folder", map[string]string{"README.md": ""}, "has no migrations"},
		{"two files of one version", map[string]string{"1_a.sql": "", "01_b.sql": ""}, "the same version 1 as"},
		{"a migration in Go", map[string]string{"1_a.sql": "", "2_b.go": ""}, "a migration written in Go"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := migration.Read(migrationtest.Folder(test.files), "migrations")
			if err == nil || !strings.Contains(err.Error(), test.want) || problem.Hint(err) == "" {
				t.Errorf("got error %v with hint %q, want one with %q", err, problem.Hint(err), test.want)
			}
		})
	}
}

func TestReadOrdersByNumberAndDigestsEverything(t *testing.T) {
	t.Parallel()
	set, err := migration.Read(migrationtest.Folder(map[string]string{"10_c.sql": "", "9_b.sql": "", "1_a.sql": "", "schema.sql": "", "x_test.go": ""}), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, file := range set.Files {
		got = append(got, file.Version)
	}
	if diff := cmp.Diff([]int64{1, 9, 10}, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"schema.sql"}, set.Ignored); diff != "" {
		t.Errorf("ignored (-want +got):\n%s", diff)
	}
	other, err := migration.Read(migrationtest.Folder(map[string]string{"10_c.sql": "select 1;", "9_b.sql": "", "1_a.sql": ""}), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	if set.Digest() == other.Digest() {
		t.Error("an edited file left the digest as it was")
	}
}
