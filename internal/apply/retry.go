package apply

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// longestPause bounds the pause between two tries.
const longestPause = 30 * time.Second

// code returns PostgreSQL's code of an error, empty for others. https://www.postgresql.org/docs/current/errcodes-appendix.html
func code(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	return ""
}

// cancelled tells that the server ended the statement because it was told to.
func cancelled(err error) bool { return code(err) == "57014" }

// needsToStandAlone tells that a statement cannot run in a transaction, or that what it calls wants to end one.
func needsToStandAlone(err error) bool { return code(err) == "25001" || code(err) == "2D000" }

// waited tells that a statement met the locks of others, and left nothing.
func waited(err error) bool {
	return errors.Is(err, errOverstayed) || slices.Contains([]string{"55P03", "40P01", "40001"}, code(err))
}

// lost tells that the connection is gone, or the server for a moment.
func lost(err error) bool {
	if code := code(err); code != "" {
		return slices.Contains([]string{"57P01", "57P02", "57P03", "57P05", "25P03"}, code) || strings.HasPrefix(code, "08")
	}
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, errUnwatched) || errors.As(err, &network) || strings.Contains(err.Error(), "conn closed")
}

// retrying is the budget for one migration.
type retrying struct {
	migrator *Migrator
	deadline time.Time
	pause    time.Duration
}

func (m *Migrator) retrying() *retrying { return &retrying{migrator: m} }

// again waits before the next try, and tells whether there is one. It notes why.
func (r *retrying) again(ctx context.Context, g *guard, file *current, err error) bool {
	limits := r.migrator.options.Limits
	now := time.Now()
	if r.deadline.IsZero() {
		r.deadline = now.Add(limits.Retry)
		if r.pause = r.migrator.options.Pause; r.pause == 0 {
			r.pause = 500 * time.Millisecond
		}
	}
	why := reason(err)
	blockers, ended := g.watch.found()
	if len(blockers) > 0 && code(err) == "55P03" {
		why += " of " + joined(blockers)
	}
	if len(ended) > 0 {
		why += "; ended, as the config allows: " + joined(ended)
	}
	g.why = why
	pause := r.pause/2 + rand.N(r.pause)
	if limits.Retry <= 0 || now.Add(pause).After(r.deadline) || ctx.Err() != nil {
		return false
	}
	r.pause = min(2*r.pause, longestPause)
	if file != nil {
		file.tries.note(reason(err), why)
	}
	r.migrator.progress.Advance(0, 0, why+"; the next try is in "+pause.Round(100*time.Millisecond).String())
	if g.watch != nil {
		g.watch.victims.Store(nil)
		g.watch.pauses.Store(true)
		defer g.watch.pauses.Store(false)
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// tries are the reasons for which a file was tried again.
type tries []tried

type tried struct {
	reason, last string
	count        int
}

func (t *tries) note(reason, why string) {
	i := slices.IndexFunc(*t, func(one tried) bool { return one.reason == reason })
	if i < 0 {
		i = len(*t)
		*t = append(*t, tried{reason: reason})
	}
	(*t)[i].last, (*t)[i].count = why, (*t)[i].count+1
}

// remarks says each reason once.
func (t tries) remarks() []string {
	var remarks []string
	for _, one := range t {
		times := "tried again: "
		if one.count > 1 {
			times = fmt.Sprintf("tried again %d times: ", one.count)
		}
		remarks = append(remarks, times+one.last)
	}
	return remarks
}

// reason says in a few words why something is tried again.
func reason(err error) string {
	switch {
	case errors.Is(err, errOverstayed):
		return "others waited too long for it"
	case code(err) == "55P03":
		return "it waited too long for a lock"
	case code(err) == "40P01":
		return "it met a deadlock"
	case code(err) == "40001":
		return "it met changes of others"
	}
	return "the connection was lost"
}

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
		if lost(err) {
			m.endLost(ctx)
		}
	}
}

// endLost ends the session that had the lock, when the server has not noticed that its connection is lost.
func (m *Migrator) endLost(ctx context.Context) {
	if m.guard.run == nil || m.guard.watch == nil {
		return
	}
	// One that cannot be ended ends by itself, and the next try waits for the lock.
	_, _ = m.aside.ExecContext(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start::text = $2", int64(m.guard.run.process.pid), m.guard.run.process.begun)
}

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

// resume finds out how far a migration came that stopped halfway, and goes on from there.
func (m *Migrator) resume(ctx context.Context, half *migration.HalfDone) error {
	record := half.Record
	file := m.guard.underWay()
	for _, one := range m.guard.run.queue {
		if one.file.Version == half.File.Version {
			file = one
		}
	}
	if file == nil || file.file.Version != record.Version {
		return problem.New("", "%s stopped halfway, and is not what would be gone on with", half.File.Name)
	}
	// What is not done yet may be mended.
	if record.Position > len(file.statements) || record.Statements != digest(file.statements[:record.Position]) {
		return problem.New("bring back as they were the statements that are done, or do by hand what is missing and then delete its row from "+database.RecordTable,
			"%s was edited after it had stopped halfway, in what is done already: its first %d statements", half.File.Name, record.Position)
	}
	file.position = record.Position
	if record.Started == "" {
		return nil
	}
	if at := m.options.ResumeAt; at > 0 {
		if at != record.Position+1 && at != record.Position+2 {
			return problem.Wrong(fmt.Sprintf("%d runs it again, %d goes on behind it", record.Position+1, record.Position+2), "statement %d is not the one that stopped", at)
		}
		file.position = at - 1
		return nil
	}
	begun, err := readBefore(record.Started)
	if record.SHA256 != half.File.SHA256 {
		return problem.Unknown(fmt.Sprintf("look at what it does in the database; then go on with it: --resume-at %d, or behind it: --resume-at %d", record.Position+1, record.Position+2),
			"%s was edited after it had stopped halfway, and statement %d had begun", half.File.Name, record.Position+1)
	}
	if err != nil || begun.Statement != record.Position+1 || begun.Statement > len(file.statements) {
		return problem.Unknown("say with which statement to go on: --resume-at", "what is noted of %s cannot be read", half.File.Name)
	}
	statement := file.statements[record.Position]
	outcome := unknown
	if m.aside.Dialect == database.PostgreSQL {
		_, change := mannerOf(statement.SQL)
		if outcome, err = settle(ctx, m.aside, change, begun); err != nil {
			return err
		}
	}
	switch outcome {
	case done:
		file.position = record.Position + 1
	case again:
		file.position = record.Position
	default:
		return problem.Unknown(fmt.Sprintf("look at what it does in the database; then go on with it again: --resume-at %d, or behind it: --resume-at %d", begun.Statement, begun.Statement+1),
			"the catalogs do not tell whether statement %d of %s, in line %d, was done: %s", begun.Statement, half.File.Name, statement.Line, firstLine(statement.SQL))
	}
	return nil
}
