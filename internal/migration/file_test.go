package migration_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/migration"
)

// What never ends, or waits for a writer, is refused at once; a link to a file is the file.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, make := range map[string]func(path string) error{
		"00001_device.sql": func(path string) error { return os.Symlink("/dev/zero", path) },
		"00002_pipe.sql":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"00003_file.sql":   func(path string) error { return os.WriteFile(path, []byte("-- +goose Up\nSELECT 1;\n"), 0o600) },
		"00004_link.sql":   func(path string) error { return os.Symlink("00003_file.sql", path) },
	} {
		if err := make(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	set, faults, err := migration.Inspect(os.DirFS(folder), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	var refused, read []string
	for _, fault := range faults {
		refused = append(refused, fault.File+": "+fault.Message)
	}
	for _, file := range set.Files {
		read = append(read, file.Name)
	}
	if len(refused) != 2 || !strings.Contains(refused[0], "00001_device.sql") || !strings.Contains(refused[1], "00002_pipe.sql") || !strings.Contains(refused[1], "no regular file") {
		t.Errorf("refused %q", refused)
	}
	if strings.Join(read, " ") != "00003_file.sql 00004_link.sql" {
		t.Errorf("read %q", read)
	}
}
