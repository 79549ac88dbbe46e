package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// try has goose do what decide says, again and again as long as that can help.
func (m *Migrator) try(ctx context.Context, up bool, decide func(migration.Status) (plan, error), call func(context.Context, *goose.Provider) error) ([]Step, error) {
	budget := m.retrying()
	for tries := 0; ; tries++ {
		finished := m.doneSteps()
		err := m.attempt(ctx, tries > 0, up, decide, call)
		steps := m.doneSteps()
		if err == nil || errors.Is(err, errNothing) {
			return steps, nil
		}
		m.endLeft(ctx)
		if ctx.Err() != nil {
			return steps, problem.New("run again: what was applied stays applied, and it is skipped", "the run was stopped: %w", context.Cause(ctx))
		}
		failed := m.guard.underWay()
		if len(steps) > len(finished) {
			budget = m.retrying()
		}
		whole := failed == nil || !failed.stepwise
		if !(lost(err) || waited(err) && whole) || !budget.again(ctx, m.guard, failed, err) {
			return steps, m.explain(err, failed)
		}
	}
}

// endLeft ends the session that had the lock when it still has it: the server may not have noticed that its connection is lost, or have
// begun with a statement after it was told to stop. It waits for that, so that nothing of the run goes on behind its end, and says when
// that cannot be known.
func (m *Migrator) endLeft(ctx context.Context) {
	if m.guard.run == nil || m.guard.watch == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*leftPatience)
	defer cancel()
	process, ended := m.guard.run.process, false
	err := m.aside.QueryRowContext(ctx, `select coalesce(bool_and(pg_terminate_backend(a.pid, $3)), true) from pg_stat_activity a
		where a.pid = $1 and a.backend_start::text = $2 and exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted)`,
		int64(process.pid), process.begun, leftPatience.Milliseconds()).Scan(&ended)
	if err != nil || !ended {
		m.progress.Advance(0, 0, fmt.Sprintf("the session of this run, pid %d, may be at work for some seconds still", process.pid))
	}
}

// leftPatience is how long the end of a session is waited for.
const leftPatience = 5 * time.Second

var errNothing = errors.New("nothing is to be done")

func (m *Migrator) doneSteps() []Step {
	if m.guard.run == nil {
		return nil
	}
	return m.guard.run.done
}

// underWay returns the file that goose was at, nil for none.
func (g *guard) underWay() *current {
	if g.run == nil || len(g.run.queue) == 0 {
		return nil
	}
	return g.run.queue[0]
}

// began tells whether the run itself had handed over a statement of a file, and is not done with it.
func (g *guard) began(file migration.File) bool {
	current := g.underWay()
	return current != nil && current.file.Version == file.Version && current.next > 0
}

// attempt takes the lock, plans, and has goose do it under watch. A run that was begun by this call itself may go on halfway.
func (m *Migrator) attempt(ctx context.Context, retried, up bool, decide func(migration.Status) (plan, error), call func(context.Context, *goose.Provider) error) error {
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	if !retried {
		m.guard.run = nil
		if decided, err := m.check(status, up, decide); err != nil {
			return err
		} else if len(decided.files) == 0 {
			return errNothing
		}
	}
	if err := m.connect(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	locker := &locker{migrator: m}
	locker.locked = func(ctx context.Context, serving process) error {
		return m.locked(ctx, serving, retried, up, decide, stop)
	}
	err = m.once(ctx, locker, call)
	if m.guard.watch != nil {
		m.guard.watch.end()
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(cause, errUnwatched) {
		return cause
	}
	return err
}

// check refuses what cannot be done as it is. What is half done by another run is refused unless the options say to go on.
func (m *Migrator) check(status migration.Status, up bool, decide func(migration.Status) (plan, error)) (plan, error) {
	decided, err := decide(status)
	if err != nil || decided.one {
		return decided, err
	}
	half := status.Half
	if m.options.Resume {
		status.Half = nil
	}
	if !up {
		// What is pending may stand in any order, Undo refuses the unknown ones that are in the way, and a down section may be mended.
		status.Pending, status.Unknown, status.Edited = nil, nil, nil
	}
	if err := status.Check(); err != nil {
		return decided, err
	}
	if m.options.Resume && half != nil && half.Record.Down == up {
		return decided, problem.New("go on in the direction in which it was going", "%s stopped halfway, and not in this direction", half.File.Name)
	}
	return decided, nil
}

// locked plans the run under the lock.
func (m *Migrator) locked(ctx context.Context, serving process, retried, up bool, decide func(migration.Status) (plan, error), stop func(error)) error {
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	half := status.Half
	own := half != nil && retried && m.guard.began(half.File)
	if own {
		status.Half = nil
	}
	decided, err := m.check(status, up, decide)
	if err != nil {
		return err
	}
	table := ""
	if len(decided.files) > 0 {
		if table, err = m.makeRecords(ctx, status.Applied); err != nil {
			return err
		}
	}
	m.guard.begin(decided, serving, table, m.guard.run)
	if half != nil && (own || m.options.Resume) {
		if err := m.resume(ctx, half); err != nil {
			return err
		}
	}
	next := "done"
	if len(m.guard.run.queue) > 0 {
		next = m.guard.run.queue[0].file.Name
	}
	m.progress.Advance(int64(len(m.guard.run.done)), int64(len(m.guard.run.done)+len(m.guard.run.queue)), next)
	if m.guard.watch != nil {
		m.guard.watch.begin(ctx, serving.pid, stop)
	}
	return nil
}
