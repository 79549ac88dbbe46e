package apply_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// The test program is also the one that is killed: see killed.
func TestMain(m *testing.M) {
	if os.Getenv("AIRLOCK_TEST_KILL") != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// suicide is an observer that kills its process at a boundary: each statement has one before it and one after it, and each end of a
// transaction has one.
type suicide struct{ boundary int }

func (s *suicide) pass() {
	if s.boundary--; s.boundary == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (s *suicide) Statement(_ context.Context, _ database.Session, _ database.Statement, run func() error) error {
	s.pass()
	err := run()
	s.pass()
	return err
}

func (s *suicide) End(database.Session, bool, error) { s.pass() }

// child applies a folder until it kills itself; it ends by itself when the boundary lies behind the last.
func child() int {
	boundary, _ := strconv.Atoi(os.Getenv("AIRLOCK_TEST_KILL"))
	set, err := migration.Read(os.DirFS(os.Getenv("AIRLOCK_TEST_FOLDER")), "migrations")
	if err == nil {
		var m *apply.Migrator
		settings := database.Settings{Dialect: database.Dialect(os.Getenv("AIRLOCK_TEST_DIALECT")), URL: os.Getenv("AIRLOCK_TEST_URL"), Path: os.Getenv("AIRLOCK_TEST_PATH"), Create: true}
		m, err = apply.Open(context.Background(), apply.Options{Settings: settings, Set: set, Observer: &suicide{boundary: boundary}})
		if err == nil {
			_, err = m.Up(context.Background())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
