package migration

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/pressly/goose/v3/lock"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// lockSeconds is how long a run waits for another one before it gives up, asking each second.
const lockSeconds = 300

// locker returns what keeps two runs from migrating one database at a time: goose's own advisory lock on PostgreSQL,
// so that a goose CLI elsewhere is kept out too, and a lock beside the file on SQLite, for which goose has none.
func (m *Migrator) locker() (lock.SessionLocker, error) {
	if m.db.Dialect == database.SQLite {
		return &fileLocker{path: m.db.Title + ".airlock-lock", waiting: m.waiting}, nil
	}
	inner, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, lockSeconds))
	if err != nil {
		return nil, err
	}
	return announced{inner, m.waiting}, nil
}

func (m *Migrator) waiting() {
	m.progress.Advance(0, 0, "waiting: another run is migrating this database")
}

// announced says that it waits before goose's locker waits silently.
type announced struct {
	lock.SessionLocker
	waiting func()
}

// SessionLock implements lock.SessionLocker.
func (a announced) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var held bool
	// The view shows the whole cluster, and the low half of a lock's bigint as objid:
	// https://www.postgresql.org/docs/current/view-pg-locks.html
	query := fmt.Sprintf(`select exists (select 1 from pg_locks where locktype = 'advisory' and granted and objid::bigint = %d
		and database = (select oid from pg_database where datname = current_database()))`, lock.DefaultLockID)
	if err := conn.QueryRowContext(ctx, query).Scan(&held); err == nil && held {
		a.waiting()
	}
	if err := a.SessionLocker.SessionLock(ctx, conn); err != nil {
		return problem.New("wait for the other run, or find its session: select * from pg_locks where locktype = 'advisory'",
			"the migration lock was not free within %d s: %w", lockSeconds, err)
	}
	return nil
}

// fileLocker implements lock.SessionLocker for SQLite.
type fileLocker struct {
	path    string
	waiting func()
	held    *lockfile.Lock
}

// SessionLock waits until no other run holds the lock.
func (f *fileLocker) SessionLock(ctx context.Context, _ *sql.Conn) (err error) {
	f.held, err = lockfile.Wait(ctx, f.path, f.waiting)
	return err
}

// SessionUnlock gives the lock up.
func (f *fileLocker) SessionUnlock(context.Context, *sql.Conn) error { return f.held.Release() }

// completions returns the logger through which goose tells that a migration is done; files are in the order of the run.
func completions(files []File, progress Progress) *slog.Logger {
	return slog.New(&counter{files: files, progress: progress})
}

// counter is a slog.Handler that turns goose's messages into progress.
type counter struct {
	files    []File
	done     int
	progress Progress
}

func (*counter) Enabled(context.Context, slog.Level) bool { return true }
func (c *counter) WithAttrs([]slog.Attr) slog.Handler     { return c }
func (c *counter) WithGroup(string) slog.Handler          { return c }

// Handle counts one record for each migration: it is the only message that carries the attribute "source".
func (c *counter) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(attribute slog.Attr) bool {
		if attribute.Key != "source" || c.done == len(c.files) {
			return true
		}
		c.done++
		next := "done"
		if c.done < len(c.files) {
			next = c.files[c.done].Name
		}
		c.progress.Advance(int64(c.done), int64(len(c.files)), next)
		return false
	})
	return nil
}
