package apply

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// glance is how often the watch looks.
	glance = 100 * time.Millisecond
	// blind is how long it may see nothing, and silence how long the server may do nothing about a statement, until the connection is
	// taken for lost.
	blind, silence = 3 * time.Second, 5 * time.Second
)

// errOverstayed says that others waited too long for a lock of ours.
var errOverstayed = errors.New("others waited too long")

// errUnwatched says that the watch cannot see what the migration does to others.
var errUnwatched = errors.New("the second connection, which watches who waits, is lost")

// errSilent says that the server works on nothing, though a migration is under way, which has always a statement for it.
var errSilent = errors.New("neither the statement nor the server's answer arrives")

// watch looks from a second connection at who waits for the session that migrates, and whom that session waits for. lock_timeout bounds
// the wait for one lock; how long locks are held it does not bound.
type watch struct {
	migrator *Migrator
	stop     func()
	ended    sync.WaitGroup
	// pauses tells that the migration itself does nothing for a while.
	pauses atomic.Bool
	// victims are the sessions that waited too long, nil while none did.
	victims atomic.Pointer[[]session]

	mutex sync.Mutex
	// blockers are those for whom ours waited when it was last seen to wait, and ending those that were ended for it.
	blockers []session
	ending   []session
}

func newWatch(m *Migrator) *watch { return &watch{migrator: m} }

// begin watches a session until end is called. When it sees nothing any more it calls lost.
func (w *watch) begin(ctx context.Context, pid uint32, lost func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	w.stop = cancel
	w.victims.Store(nil)
	w.mutex.Lock()
	w.blockers, w.ending = nil, nil
	w.mutex.Unlock()
	w.ended.Go(func() {
		seen := time.Now()
		for ticks := time.NewTicker(w.interval()); ; {
			select {
			case <-ctx.Done():
				ticks.Stop()
				return
			case <-ticks.C:
			}
			bounded, done := context.WithTimeout(ctx, blind)
			err := w.look(bounded, pid)
			done()
			switch {
			case err == nil:
				seen = time.Now()
			case (errors.Is(err, errSilent) || time.Since(seen) > blind) && ctx.Err() == nil:
				lost(fmt.Errorf("%w: %w", errUnwatched, err))
				ticks.Stop()
				return
			}
		}
	})
}

func (w *watch) end() {
	if w.stop != nil {
		w.stop()
		w.ended.Wait()
		w.stop = nil
	}
}

// interval is shorter where little may be waited.
func (w *watch) interval() time.Duration {
	if limit := w.migrator.options.Limits.Lock; limit > 0 {
		return max(5*time.Millisecond, min(glance, limit/10))
	}
	return glance
}

// look looks once.
func (w *watch) look(ctx context.Context, pid uint32) error {
	limits := w.migrator.options.Limits
	if limits.Lock > 0 {
		// Only those that wait long enough are asked for whom, because that question stops the server's lock table for a moment.
		// https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION
		victims, err := describeSessions(ctx, w.migrator.aside, `select distinct l.pid from pg_locks l join pg_stat_activity v on v.pid = l.pid
			where not l.granted and l.pid <> $1 and v.backend_type = 'client backend'
			and l.waitstart < clock_timestamp() - make_interval(secs => $2) and $1 = any(pg_blocking_pids(l.pid))`, int64(pid), limits.Lock.Seconds())
		if err != nil {
			return err
		}
		if len(victims) > 0 {
			w.victims.Store(&victims)
			_, err := w.migrator.aside.ExecContext(ctx, "select pg_cancel_backend($1)", int64(pid))
			return err
		}
	}
	return w.blocked(ctx, pid, limits)
}

// blocked looks for whom ours waits, says it, and ends those that may be ended.
func (w *watch) blocked(ctx context.Context, pid uint32, limits Limits) error {
	var waits, works bool
	var seconds float64
	err := w.migrator.aside.QueryRowContext(ctx, `select count(*) > 0, coalesce(extract(epoch from clock_timestamp() - min(waitstart)), 0)::float8,
		exists (select from pg_stat_activity where pid = $1 and (state = 'active' or state_change > clock_timestamp() - make_interval(secs => $2)))
		from pg_locks where pid = $1 and not granted`, int64(pid), silence.Seconds()).Scan(&waits, &seconds, &works)
	switch {
	case err != nil:
		return err
	case !works && !w.pauses.Load():
		return errSilent
	case !waits:
		return nil
	}
	blockers, err := describeSessions(ctx, w.migrator.aside, "select unnest(pg_blocking_pids($1))", int64(pid))
	if err != nil || len(blockers) == 0 {
		return err
	}
	w.mutex.Lock()
	w.blockers = blockers
	w.mutex.Unlock()
	waited := time.Duration(seconds * float64(time.Second))
	if waited < w.interval() {
		return nil
	}
	w.migrator.progress.Advance(0, 0, "waiting for "+joined(blockers))
	if limits.Lock > 0 && waited < limits.Lock/2 {
		return nil
	}
	for _, one := range blockers {
		if one.pid == 0 || !slices.Contains(limits.End, one.application) {
			continue
		}
		// It is noted first: the migration goes on at once, and may have said its remarks before the answer is here. The number may be
		// another session's by now.
		w.mutex.Lock()
		w.ending = append(w.ending, one)
		w.mutex.Unlock()
		var ended bool
		err := w.migrator.aside.QueryRowContext(ctx, `select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity
			where pid = $1 and application_name = $2 and pid = any(pg_blocking_pids($3))`, int64(one.pid), one.application, int64(pid)).Scan(&ended)
		if code(err) == "42501" {
			w.migrator.progress.Advance(0, 0, "may not be ended by this database user, who lacks pg_signal_backend: "+one.String())
			err = nil
		}
		if err != nil || !ended {
			w.mutex.Lock()
			w.ending = slices.DeleteFunc(w.ending, func(other session) bool { return other == one })
			w.mutex.Unlock()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exceeded returns an error when others waited too long for ours.
func (w *watch) exceeded() error {
	victims := w.victims.Load()
	if victims == nil {
		return nil
	}
	return problem.New("find out what the statement waits for while it holds its locks, split it, or raise migrations.lock-timeout; `airlock migrate rehearse` says which locks it takes and for how long",
		"%w for it: %s waited longer than %s, and so it was ended", errOverstayed, joined(*victims), w.migrator.options.Limits.Lock)
}

// found returns for whom ours was last seen to wait, and whose sessions were ended, and forgets both.
func (w *watch) found() (blockers, ended []session) {
	if w == nil {
		return nil, nil
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	blockers, ended = w.blockers, w.ending
	w.blockers, w.ending = nil, nil
	return blockers, ended
}

// limit returns the query that sets the limits. With fresh they are those of the options; otherwise what is smaller already stays.
func (w *watch) limit(fresh, local bool) string {
	parts := []string{}
	for _, one := range []struct {
		name  string
		value time.Duration
	}{{"lock_timeout", w.migrator.options.Limits.Lock}, {"statement_timeout", w.migrator.options.Limits.Statement}} {
		value := fmt.Sprintf("'%dms'", one.value.Milliseconds())
		if !fresh && one.value > 0 {
			now := "current_setting('" + one.name + "')"
			value = fmt.Sprintf("case when %s::interval > '0' and %s::interval < interval %s then %s else %s end", now, now, value, now, value)
		} else if !fresh {
			continue
		}
		parts = append(parts, fmt.Sprintf("set_config('%s', %s, %t)", one.name, value, local))
	}
	return "select pg_backend_pid()::bigint, " + strings.Join(append(parts, "''"), ", ")
}

// nothing reads no row.
func nothing([]driver.Value) error { return nil }
