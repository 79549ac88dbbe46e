package apply

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// guard is the database.Observer through which everything passes that goose runs. goose takes the planned files in order and hands
// over each statement as the file has it; anything else is refused.
type guard struct {
	migrator *Migrator
	watch    *watch
	// statements and slowest count what was run for migrations.
	statements int
	slowest    time.Duration

	// why says of the last try that waited for what it did.
	why string
	// run is what is being done, nil between runs: goose's own queries pass then.
	run *run
	// committing is the file of which everything was handed to the server, but its end is not known. A transaction may end on another
	// goroutine, when the call was cancelled.
	committing atomic.Pointer[current]
}

// run is one call of goose.
type run struct {
	process process
	table   string
	// queue are the files that are not done, in order; the first is under way.
	queue []*current
	done  []Step
	// changed tells that something ran in the session that can change its settings.
	changed bool
}

// current is the file under way.
type current struct {
	file       migration.File
	up         bool
	statements []migration.Statement
	// stepwise tells a file that is no single transaction: how far it came is noted after each statement.
	stepwise bool
	// next is how many of its statements goose has handed over, position how many were done by a run before this one.
	next, position int
	begun          time.Time
	tries          tries
	// untimed tells that no statement of the file has had its limits set.
	untimed bool
}

func newGuard(m *Migrator) *guard {
	g := &guard{migrator: m}
	if m.aside.Dialect == database.PostgreSQL {
		g.watch = newWatch(m)
	}
	return g
}

func newCurrent(file migration.File, up bool) *current {
	c := &current{file: file, up: up, statements: file.Down, untimed: true}
	if up {
		c.statements = file.Up
	}
	c.stepwise = Stepwise(file, up)
	return c
}

// Statement implements database.Observer. It refuses what was not planned, and has the rest done with care.
func (g *guard) Statement(ctx context.Context, session database.Session, statement database.Statement, run func() error) error {
	if statement.Query || g.run == nil {
		return run()
	}
	if version, is := gooseRow(statement); is {
		if version == 0 {
			return run()
		}
		return g.row(ctx, session, statement, version, run)
	}
	if strings.HasPrefix(statement.SQL, "CREATE TABLE "+database.GooseTable+" (") && (len(g.run.queue) == 0 || g.run.queue[0].next == 0 && !g.expected(statement)) {
		return run() // The table of a database that has no versions yet.
	}
	if !g.expected(statement) {
		return problem.New("run again: the folder may have changed, or the environment variables that it uses",
			"goose runs a statement that is not the next one of what was read, and so it is stopped: %s", migration.Excerpt(statement.SQL, 120))
	}
	file := g.run.queue[0]
	if file.next == 0 {
		file.begun = time.Now()
	}
	file.next++
	if file.next <= file.position {
		return nil // A run before this one did it.
	}
	run = g.counted(ctx, session, statement, run)
	defer func(changes bool) { g.run.changed = g.run.changed || changes }(lasting.MatchString(statement.SQL))
	if file.stepwise {
		return g.step(ctx, session, statement, file, run)
	}
	if g.watch != nil {
		if err := g.limits(ctx, session, file, true); err != nil {
			return err
		}
	}
	return g.watched(run())
}

// counted has the statement counted, and seen by whoever observes.
func (g *guard) counted(ctx context.Context, session database.Session, statement database.Statement, run func() error) func() error {
	return func() error {
		begun := time.Now()
		defer func() {
			g.statements++
			g.slowest = max(g.slowest, time.Since(begun))
		}()
		if observer := g.migrator.options.Observer; observer != nil {
			return observer.Statement(ctx, session, statement, run)
		}
		return run()
	}
}

// expected tells whether the statement is the next one of the file under way.
func (g *guard) expected(statement database.Statement) bool {
	if len(g.run.queue) == 0 {
		return false
	}
	file := g.run.queue[0]
	return file.next < len(file.statements) && statement.SQL == file.statements[file.next].SQL
}

// gooseRow returns the version of whose row goose makes or removes.
func gooseRow(statement database.Statement) (version int64, is bool) {
	makes, removes := "INSERT INTO "+database.GooseTable+" ", "DELETE FROM "+database.GooseTable+" "
	if len(statement.Arguments) == 0 || !strings.HasPrefix(statement.SQL, makes) && !strings.HasPrefix(statement.SQL, removes) {
		return 0, false
	}
	version, is = statement.Arguments[0].Value.(int64)
	return version, is
}

// row has Airlock's record written in the transaction of goose's row: both are there, or neither is.
func (g *guard) row(ctx context.Context, session database.Session, statement database.Statement, version int64, run func() error) error {
	if len(g.run.queue) == 0 || g.run.queue[0].file.Version != version || g.run.queue[0].next != len(g.run.queue[0].statements) {
		return problem.New("run again", "goose takes version %d for done, which is not what was planned", version)
	}
	file := g.run.queue[0]
	if file.next == 0 {
		file.begun = time.Now()
	}
	g.committing.Store(file)
	if statement.InTransaction && session.Status() != 'I' {
		if err := g.record(ctx, session, file); err != nil {
			return g.watched(err)
		}
		return g.watched(run()) // The file is done when the transaction is: see End.
	}
	err := inTransaction(ctx, session, func() error {
		if err := g.record(ctx, session, file); err != nil {
			return err
		}
		return run()
	})
	if err == nil {
		g.finished(ctx, session)
	}
	return g.watched(err)
}

// End implements database.Observer.
func (g *guard) End(session database.Session, committed bool, err error) {
	if observer := g.migrator.options.Observer; observer != nil {
		observer.End(session, committed, err)
	}
	switch {
	case committed && g.committing.Load() != nil:
		g.finished(context.Background(), session)
	case !committed && err == nil:
		g.committing.Store(nil) // It was rolled back, and the server said so.
	}
}

// finished moves on to the next file.
func (g *guard) finished(ctx context.Context, session database.Session) {
	file := g.run.queue[0]
	g.committing.Store(nil)
	g.run.queue = g.run.queue[1:]
	g.settled(file)
	if leaves(file) && g.watch != nil {
		ctx, cancel := context.WithTimeout(ctx, rollbackPatience)
		defer cancel()
		if left, err := leftovers(ctx, session); err == nil && len(left) > 0 {
			step := &g.run.done[len(g.run.done)-1]
			step.Remarks = append(step.Remarks, "it left in the session, for those behind it: "+strings.Join(left, ", "))
		}
	}
}

// settled puts a file that has left the queue on the list of those that are done.
func (g *guard) settled(file *current) {
	step := Step{File: file.file, Empty: len(file.statements) == 0, Remarks: file.tries.remarks()}
	if _, ended := g.watch.found(); len(ended) > 0 {
		step.Remarks = append(step.Remarks, "ended, as the config allows: "+joined(ended))
	}
	if !file.begun.IsZero() {
		step.Duration = time.Since(file.begun)
	}
	g.run.done = append(g.run.done, step)
	next := "done"
	if len(g.run.queue) > 0 {
		next = g.run.queue[0].file.Name
	}
	g.migrator.progress.Advance(int64(len(g.run.done)), int64(len(g.run.done)+len(g.run.queue)), next)
}

// limits sets the limits of the next statement. At the beginning of a file they are those of the options; later ones of the file's own
// stay where they are smaller. They are said before each statement, because a transaction that is rolled back takes them along; only
// while nothing ran in the session that can change a setting they are known to be those with which it was opened.
func (g *guard) limits(ctx context.Context, session database.Session, file *current, local bool) error {
	if err := g.watch.exceeded(); err != nil {
		return err
	}
	fresh := file.untimed
	file.untimed = false
	if !g.run.changed && local {
		return nil
	}
	return session.Ask(ctx, g.watch.limit(fresh, local), nothing)
}

// watched says of a statement that was cancelled by the watch why.
func (g *guard) watched(err error) error {
	if err == nil || g.watch == nil {
		return err
	}
	if waited := g.watch.exceeded(); waited != nil && cancelled(err) {
		return errors.Join(waited, err)
	}
	return err
}

// inTransaction runs something in a transaction of its own on the session.
func inTransaction(ctx context.Context, session database.Session, run func() error) error {
	if err := session.Execute(ctx, "begin"); err != nil {
		return err
	}
	if err := run(); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackPatience)
		defer cancel()
		_ = session.Execute(ctx, "rollback")
		return err
	}
	return session.Execute(ctx, "commit")
}

// rollbackPatience bounds what is asked of the server when the call was cancelled, or when a file is done.
const rollbackPatience = 10 * time.Second

// begin plans a run, which the lock keeps from being overtaken. before is the run that is tried again, nil for none.
func (g *guard) begin(decided plan, serving process, table string, before *run) {
	next := &run{process: serving, table: table}
	again := map[int64]tries{}
	if before != nil {
		next.done = before.done
		for _, file := range before.queue {
			again[file.file.Version] = file.tries
		}
	}
	for _, file := range decided.files {
		one := newCurrent(file, decided.up)
		one.tries = again[file.Version]
		next.queue = append(next.queue, one)
	}
	g.run = next
	// A file whose transaction was committed though the answer did not arrive is done.
	if lost := g.committing.Swap(nil); lost != nil && !slices.ContainsFunc(decided.files, func(file migration.File) bool { return file.Version == lost.file.Version }) {
		lost.tries = append(lost.tries, tried{last: "the connection was lost while it was committed, and it is", count: 1})
		g.settled(lost)
	}
}
