package apply

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3/lock"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// lockPatience is how long a run waits for another one before it gives up, asking each lockPoll. A lock that waits in the server
	// would deadlock with CREATE INDEX CONCURRENTLY of the one who holds it.
	lockPatience = 5 * time.Minute
	lockPoll     = 500 * time.Millisecond
)

// locker implements goose's lock.SessionLocker: it keeps two runs from migrating one database at a time, and once it has the lock it
// has the run planned. On PostgreSQL it is goose's own advisory lock, so that a goose CLI elsewhere is kept out too; on SQLite, for
// which goose has none, a lock beside the file.
type locker struct {
	migrator *Migrator
	// locked plans the run; nobody else can change what is applied any more. The process is that of the session that has the lock.
	locked func(ctx context.Context, process process) error
	held   *lockfile.Lock
}

// SessionLock implements lock.SessionLocker.
func (l *locker) SessionLock(ctx context.Context, conn *sql.Conn) (err error) {
	if l.migrator.db.Dialect == database.SQLite {
		l.held, err = lockfile.Wait(ctx, l.migrator.db.Title+".airlock-lock", func() { l.waiting("another run is migrating this database") })
		if err != nil {
			return err
		}
		if err := l.locked(ctx, process{}); err != nil {
			return errors.Join(err, l.held.Release())
		}
		return nil
	}
	serving, err := serverProcess(ctx, conn, l.migrator.db.Title)
	if err != nil {
		return err
	}
	if err := l.take(ctx, conn); err != nil {
		return err
	}
	if err := l.locked(ctx, serving); err != nil {
		return errors.Join(err, l.SessionUnlock(context.WithoutCancel(ctx), conn))
	}
	return nil
}

// take waits for the lock, and says who has it.
func (l *locker) take(ctx context.Context, conn *sql.Conn) error {
	deadline := time.Now().Add(lockPatience)
	for {
		var taken bool
		if err := conn.QueryRowContext(ctx, "select pg_try_advisory_lock($1)", lock.DefaultLockID).Scan(&taken); err != nil || taken {
			return err
		}
		holder := l.holder(ctx, conn)
		if time.Now().After(deadline) {
			return problem.New("wait for the other run, or look at its session in pg_stat_activity and end it: select pg_terminate_backend(pid)",
				"the migration lock was not free within %s: %s", lockPatience, holder)
		}
		l.waiting(holder)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

func (l *locker) waiting(what string) { l.migrator.progress.Advance(0, 0, "waiting: "+what) }

// holder says which session has the lock. The view shows the whole cluster, and a lock's bigint as two halves:
// https://www.postgresql.org/docs/current/view-pg-locks.html
func (l *locker) holder(ctx context.Context, conn *sql.Conn) string {
	rows, err := describeSessions(ctx, conn, `select l.pid from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 1
		and l.classid::bigint << 32 | l.objid::bigint = $1 and l.database = (select oid from pg_database where datname = current_database())`, lock.DefaultLockID)
	if err != nil || len(rows) == 0 {
		return "another run is migrating this database"
	}
	return "another run is migrating this database: " + rows[0].String()
}

// SessionUnlock gives the lock up.
func (l *locker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	if l.held != nil {
		return l.held.Release()
	}
	// A connection that is gone has given it up.
	var given bool
	_ = conn.QueryRowContext(ctx, "select pg_advisory_unlock($1)", lock.DefaultLockID).Scan(&given)
	return nil
}

// process is a process of the server. Its number can be another one's later; the moment in which it began cannot.
type process struct {
	pid   uint32
	begun string
}

// serverProcess returns the process that serves the connection, and refuses one that a pooler may change: a lock and the settings of
// a session would then be another's. The number that came when the connection was made is the pooler's own.
// https://www.pgbouncer.org/features.html https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
func serverProcess(ctx context.Context, conn *sql.Conn, title string) (process, error) {
	var told uint32
	var serving process
	err := conn.Raw(func(inner any) error {
		raw, is := database.Unwrap(inner).(*stdlib.Conn)
		if !is {
			return fmt.Errorf("the connection is none of pgx: %T", inner)
		}
		told = raw.Conn().PgConn().PID()
		return nil
	})
	if err != nil {
		return process{}, err
	}
	if err := conn.QueryRowContext(ctx, "select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()").Scan(&serving.pid, &serving.begun); err != nil {
		return process{}, err
	}
	if told != serving.pid {
		return process{}, database.Pooled(title)
	}
	return serving, nil
}
