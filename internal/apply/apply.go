// Package apply takes a database up and down the migrations of a folder without hurting those who use it. goose is the engine; every
// statement passes a guard, which bounds its waits, ends it when others wait for it, and notes how far it came.
package apply

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Progress is told how many migrations of a run are done, and which one is next or what is waited for.
type Progress interface {
	Advance(done, total int64, detail string)
}

// Limits bound what migrations may do to others.
type Limits struct {
	// Lock is how long a statement may wait for one lock, and how long others may wait for a lock of ours. Statement is how long one
	// statement may run. Zero is no limit.
	Lock, Statement time.Duration
	// Retry is how long a migration is tried again after it waited too long, met a deadlock or lost its connection, from the first time
	// on. Zero is never.
	Retry time.Duration
	// End names the applications, as application_name says, whose sessions are ended when a migration waits for them.
	End []string
}

// Options say what is applied, where, and how.
type Options struct {
	Settings database.Settings
	Set      migration.Set
	Limits   Limits
	// Resume goes on with a migration that stopped halfway. ResumeAt says with which of its statements, counted from one, where the
	// catalogs cannot tell; zero leaves it to them.
	Resume   bool
	ResumeAt int
	// AcceptLoss names the tables of which Down may destroy data; AnyLoss stands for all, and for what is not known.
	AcceptLoss []string
	// Progress is told how many migrations are done, and what is waited for; nil for nobody.
	Progress Progress
	// Observer sees each statement behind the guard, nil for nobody.
	Observer database.Observer
	// Pause is how long the first pause before a new try is at most; zero is half a second.
	Pause time.Duration
}

// Step is one migration that was applied or taken back.
type Step struct {
	File     migration.File
	Duration time.Duration
	// Empty tells that the section held no statement: goose moves the version all the same.
	Empty bool
	// Remarks say what a person should know of it: that it was tried again, and why; what it left in the session for those behind it.
	Remarks []string
}

// Migrator takes one database up and down the migrations of one folder.
type Migrator struct {
	options Options
	// db is the pool in which goose works, through the guard; nil until it is needed. aside is the one that looks at what goose does.
	db, aside *database.Database
	guard     *guard
	progress  Progress
}

// Open connects to the database. Close ends it.
func Open(ctx context.Context, options Options) (*Migrator, error) {
	if options.Progress == nil {
		options.Progress = silent{}
	}
	settings := options.Settings
	settings.LockTimeout, settings.StatementTimeout, settings.Observer = options.Limits.Lock, options.Limits.Statement, nil
	settings.Lasting = true
	options.Settings = settings
	aside, err := database.Open(ctx, settings)
	if err != nil {
		return nil, err
	}
	m := &Migrator{options: options, aside: aside, progress: options.Progress}
	m.guard = newGuard(m)
	return m, nil
}

// connect opens the pool in which goose works.
func (m *Migrator) connect(ctx context.Context) error {
	if m.db != nil {
		return nil
	}
	settings := m.options.Settings
	if m.aside.Dialect == database.PostgreSQL {
		// What a migration says of a role's or a database's search_path counts for new connections: goose would look for its table
		// elsewhere, find none, and apply everything again.
		if err := m.aside.QueryRowContext(ctx, "select current_setting('search_path')").Scan(&settings.SearchPath); err != nil {
			return database.Explain(err, m.aside.Title)
		}
		aside, err := database.Open(ctx, settings)
		if err != nil {
			return err
		}
		if err := m.aside.Close(); err != nil {
			return errors.Join(err, aside.Close())
		}
		m.aside = aside
	}
	settings.Observer = m.guard
	var err error
	m.db, err = database.Open(ctx, settings)
	return err
}

type silent struct{}

func (silent) Advance(int64, int64, string) {}

// Close ends the connections.
func (m *Migrator) Close() error {
	if m.db == nil {
		return m.aside.Close()
	}
	return errors.Join(m.db.Close(), m.aside.Close())
}

// Renew has the next call work in a new session, which has nothing that a migration before left in its own.
func (m *Migrator) Renew() error {
	if m.db == nil {
		return nil
	}
	old := m.db
	m.db = nil
	return old.Close()
}

// Title names the database.
func (m *Migrator) Title() string { return m.aside.Title }

// Tally returns how many statements of migrations ran, and how long the slowest took.
func (m *Migrator) Tally() (count int, slowest time.Duration) {
	return m.guard.statements, m.guard.slowest
}

// Status compares the folder with the database.
func (m *Migrator) Status(ctx context.Context) (migration.Status, error) {
	return migration.ReadStatus(ctx, m.aside, m.options.Set)
}

// plan is what a run is to do: the files in the order in which goose takes them.
type plan struct {
	up    bool
	files []migration.File
	// one tells that the file is the only one of the run, whatever else is pending.
	one bool
}

// Up applies what is pending, oldest first, each file as its own transaction unless it says NO TRANSACTION. The steps
// are what was applied, also when an error ended the run.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) {
	decide := func(status migration.Status) (plan, error) {
		for _, file := range status.Pending {
			if file.DownFault != "" {
				return plan{}, problem.Wrong("mend it before it is applied", "%s could not be taken back, because goose refuses its down section: %s", file.Name, file.DownFault)
			}
		}
		return plan{up: true, files: status.Pending}, nil
	}
	return m.try(ctx, true, decide, func(ctx context.Context, provider *goose.Provider) error {
		_, err := provider.Up(ctx)
		return err
	})
}

// Undo returns what Down would take back, newest first.
func (m *Migrator) Undo(ctx context.Context, to int64) ([]migration.File, error) {
	status, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	return m.undo(status, to)
}

func (m *Migrator) undo(status migration.Status, to int64) ([]migration.File, error) {
	for _, version := range status.Unknown {
		if version > to {
			return nil, problem.New("use the folder of the release that has it: --dir",
				"version %d is applied, and the migrations folder has no file that could take it back", version)
		}
	}
	if _, known := m.options.Set.Find(to); !known && to != 0 {
		return nil, problem.Wrong("`airlock migrate status` lists the versions", "there is no migration of version %d", to)
	}
	var undo []migration.File
	for i := len(status.Applied) - 1; i >= 0 && status.Applied[i].Version > to; i-- {
		if file := status.Applied[i]; file.DownFault != "" {
			return nil, problem.Wrong("mend it: a down section may be changed", "%s cannot be taken back, because goose refuses its down section: %s", file.Name, file.DownFault)
		}
		undo = append(undo, status.Applied[i])
	}
	return undo, nil
}

// Down takes back what is applied beyond version to, newest first, unless that loses data that nobody accepted. The steps are what was taken back, also when an
// error ended the run.
func (m *Migrator) Down(ctx context.Context, to int64) ([]Step, error) {
	decide := func(status migration.Status) (plan, error) {
		undo, err := m.undo(status, to)
		if err == nil {
			err = m.RefuseLosses(ctx, undo)
		}
		return plan{files: undo}, err
	}
	return m.try(ctx, false, decide, func(ctx context.Context, provider *goose.Provider) error {
		_, err := provider.DownTo(ctx, to)
		return err
	})
}

// Apply applies one migration that is pending, or with up unset takes back one that is applied, whatever others are.
func (m *Migrator) Apply(ctx context.Context, version int64, up bool) (Step, error) {
	file, known := m.options.Set.Find(version)
	if !known {
		return Step{}, problem.Wrong("`airlock migrate status` lists the versions", "there is no migration of version %d", version)
	}
	decide := func(migration.Status) (plan, error) {
		return plan{up: up, files: []migration.File{file}, one: true}, nil
	}
	steps, err := m.try(ctx, up, decide, func(ctx context.Context, provider *goose.Provider) error {
		_, err := provider.ApplyVersion(ctx, version, up)
		return err
	})
	if len(steps) == 0 {
		return Step{File: file}, err
	}
	return steps[0], err
}

// once calls goose, which takes the lock, asks what to do through the locker, and does it.
func (m *Migrator) once(ctx context.Context, locker *locker, call func(context.Context, *goose.Provider) error) error {
	// A provider makes goose's table at its first call only, even when that failed.
	provider, err := goose.NewProvider(migration.Dialect(m.db), m.db.DB, m.options.Set.Folder(),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSessionLocker(locker),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		return problem.Wrong("", "the migrations cannot be read: %w", err)
	}
	err = call(ctx, provider)
	if partial := new(goose.PartialError); errors.As(err, &partial) {
		return partial.Err
	}
	return err
}

// explain names the file that failed. What goose had begun in a transaction is rolled back by then.
func (m *Migrator) explain(err error, failed *current) error {
	explained := database.Explain(err, m.aside.Title)
	if known := new(problem.Problem); errors.As(err, &known) {
		explained, err = known, known
	}
	overstayed := errors.Is(err, errOverstayed)
	if failed == nil || explained == err && !overstayed {
		return explained
	}
	hint := problem.Hint(explained)
	if code(err) == "55P03" && m.guard.why != "" {
		err = fmt.Errorf("%s: %w", m.guard.why, err)
	}
	if hint == "" {
		hint = "correct the file and run again: what was applied before it stays applied, and it is skipped"
	}
	what := fmt.Sprintf("migration %s failed", failed.file.Name)
	if next := failed.next; next > 0 && next <= len(failed.statements) {
		what += fmt.Sprintf(" in line %d", failed.statements[next-1].Line)
	}
	return problem.New(hint, "%s: %w", what, err)
}
