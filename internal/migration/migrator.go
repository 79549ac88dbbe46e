package migration

import (
	"context"
	"errors"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Progress is told how many migrations of a run are done, and which one is next.
type Progress interface {
	Advance(done, total int64, detail string)
}

// Step is one migration that a run applied or took back.
type Step struct {
	File     File
	Duration time.Duration
	// Empty tells that the section held no statement: goose moves the version all the same.
	Empty bool
}

// Migrator takes one database up and down the migrations of one folder.
type Migrator struct {
	db       *database.Database
	set      Set
	progress Progress
}

// NewMigrator returns a migrator for a set that Read returned; progress may be nil.
func NewMigrator(db *database.Database, set Set, progress Progress) *Migrator {
	if progress == nil {
		progress = silent{}
	}
	return &Migrator{db: db, set: set, progress: progress}
}

type silent struct{}

func (silent) Advance(int64, int64, string) {}

// Set returns the folder's migrations.
func (m *Migrator) Set() Set { return m.set }

// Status compares the folder with the database.
func (m *Migrator) Status(ctx context.Context) (Status, error) {
	return ReadStatus(ctx, m.db, m.set)
}

// Up applies what is pending, oldest first, each file as its own transaction unless it says NO TRANSACTION. The steps
// are what was applied, also when an error ended the run.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) {
	status, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	if err := status.Check(); err != nil {
		return nil, err
	}
	if len(status.Pending) == 0 {
		return nil, nil
	}
	return m.run(ctx, status.Pending, func(provider *goose.Provider) ([]*goose.MigrationResult, error) {
		return provider.Up(ctx)
	})
}

// Undo returns what Down would take back, newest first.
func (m *Migrator) Undo(ctx context.Context, to int64) ([]File, error) {
	status, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	for _, version := range status.Unknown {
		if version > to {
			return nil, problem.New("use the folder of the release that has it: --dir",
				"version %d is applied, and the migrations folder has no file that could take it back", version)
		}
	}
	if _, known := m.set.find(to); !known && to != 0 {
		return nil, problem.Wrong("`airlock migrate status` lists the versions", "there is no migration of version %d", to)
	}
	var undo []File
	for i := len(status.Applied) - 1; i >= 0 && status.Applied[i].Version > to; i-- {
		undo = append(undo, status.Applied[i])
	}
	return undo, nil
}

// Down takes back what is applied beyond version to, newest first. The steps are what was taken back, also when an
// error ended the run.
func (m *Migrator) Down(ctx context.Context, to int64) ([]Step, error) {
	undo, err := m.Undo(ctx, to)
	if err != nil || len(undo) == 0 {
		return nil, err
	}
	return m.run(ctx, undo, func(provider *goose.Provider) ([]*goose.MigrationResult, error) {
		return provider.DownTo(ctx, to)
	})
}

// Apply applies one migration that is pending, or with up unset takes back one that is applied, whatever others are.
func (m *Migrator) Apply(ctx context.Context, version int64, up bool) error {
	file, known := m.set.find(version)
	if !known {
		return problem.Wrong("`airlock migrate status` lists the versions", "there is no migration of version %d", version)
	}
	_, err := m.run(ctx, []File{file}, func(provider *goose.Provider) ([]*goose.MigrationResult, error) {
		result, err := provider.ApplyVersion(ctx, version, up)
		if result == nil {
			return nil, err
		}
		return []*goose.MigrationResult{result}, err
	})
	return err
}

// run calls goose on files, which are in the order in which it will take them.
func (m *Migrator) run(ctx context.Context, files []File, call func(*goose.Provider) ([]*goose.MigrationResult, error)) ([]Step, error) {
	locker, err := m.locker()
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(dialect(m.db), m.db.DB, m.set.folder,
		goose.WithDisableGlobalRegistry(true),
		goose.WithSessionLocker(locker),
		goose.WithVerbose(true),
		goose.WithSlog(completions(files, m.progress)),
	)
	if err != nil {
		return nil, problem.Wrong("", "the migrations cannot be read: %w", err)
	}
	m.progress.Advance(0, int64(len(files)), files[0].Name)
	results, err := call(provider)
	var partial *goose.PartialError
	if !errors.As(err, &partial) {
		return m.steps(results), m.explain(err, "")
	}
	return m.steps(partial.Applied), m.explain(partial.Err, partial.Failed.Source.Path)
}

func (m *Migrator) steps(results []*goose.MigrationResult) []Step {
	steps := make([]Step, 0, len(results))
	for _, result := range results {
		file, _ := m.set.find(result.Source.Version)
		steps = append(steps, Step{File: file, Duration: result.Duration, Empty: result.Empty})
	}
	return steps
}

// explain names the file that failed. What goose had begun in a transaction is rolled back by then.
func (m *Migrator) explain(err error, file string) error {
	if err == nil {
		return nil
	}
	explained := database.Explain(err, m.db.Title)
	if file == "" {
		return explained
	}
	hint := problem.Hint(explained)
	if hint == "" {
		hint = "correct the file and run again: what was applied before it stays applied, and it is skipped"
	}
	return problem.New(hint, "migration %s failed: %w", file, err)
}
