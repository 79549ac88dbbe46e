package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/migrations"
)

// The targets: the ratios beside goose are of median wall-clock times, the start is in milliseconds, memory in megabytes.
const (
	statusTarget = 2.0
	upTarget     = 1.25
	startTarget  = 50
	memoryTarget = 150
)

// bench is one run of the benchmark.
type bench struct {
	airlock, goose, squawk string
	// folder is where everything is made.
	folder string
	places []place
	// runs is how often each program of a comparison runs, files how many small migrations there are.
	runs, files int
	// corpus is how many migrations a whole history has.
	corpus int
	// scale is that of the database whose rows are compared.
	scale int
	// only is the part that is measured, empty for all.
	only    string
	say     func(format string, values ...any)
	results []result
}

// migrationFolder is a folder of migrations that both programs apply.
type migrationFolder struct {
	path string
	set  migration.Set
}

// all measures every item, or those of one part.
func (b *bench) all(ctx context.Context) error {
	parts := []struct {
		name    string
		measure func(context.Context) error
	}{
		{"commands", b.commands},
		{"rehearsal", b.onPostgreSQL(b.observing)},
		{"fingerprint", b.onPostgreSQL(b.fingerprints)},
		// Last, because a child's memory begins with what this program has held of the output of those before it.
		{"review", b.review},
	}
	measured := false
	for _, part := range parts {
		if b.only != "" && b.only != part.name {
			continue
		}
		measured = true
		if err := part.measure(ctx); err != nil {
			return err
		}
	}
	if !measured {
		return fmt.Errorf("there is no part %q", b.only)
	}
	return nil
}

// onPostgreSQL measures what is a matter of PostgreSQL.
func (b *bench) onPostgreSQL(measure func(context.Context, place) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, place := range b.places {
			if place.cluster != "" {
				return measure(ctx, place)
			}
		}
		return errors.New("there is no PostgreSQL")
	}
}

// commands measures the commands as processes.
func (b *bench) commands(ctx context.Context) error {
	example, err := b.write("example", func(path string) error { return os.CopyFS(path, migrations.Files) })
	if err != nil {
		return err
	}
	small, err := b.write("small", func(path string) error { return writeSmall(path, b.files) })
	if err != nil {
		return err
	}
	if err := b.version(ctx); err != nil {
		return err
	}
	for _, place := range b.places {
		samples, err := b.status(ctx, place, example)
		if err != nil {
			return err
		}
		// What airlock says comes at the end, so its first output bounds the start from above.
		b.results = append(b.results, limitStart(b.results[len(b.results)-1].Item, startTarget, samples))
		if _, err := b.status(ctx, place, small); err != nil {
			return err
		}
		if err := b.up(ctx, place, small); err != nil {
			return err
		}
	}
	for _, place := range b.places {
		if err := b.demo(ctx, place); err != nil {
			return err
		}
		if err := b.verbs(ctx, place); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) write(name string, write func(path string) error) (migrationFolder, error) {
	path := filepath.Join(b.folder, name)
	if err := write(path); err != nil {
		return migrationFolder{}, err
	}
	set, err := migration.Read(os.DirFS(path), name)
	return migrationFolder{path: path, set: set}, err
}

// writeSmall writes migrations of one table each.
func writeSmall(path string, files int) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	for version := 1; version <= files; version++ {
		text := fmt.Sprintf("-- +goose Up\ncreate table t%[1]d (id bigint primary key, name text not null);\n\n-- +goose Down\ndrop table t%[1]d;\n", version)
		if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%05d_create_t%[1]d.sql", version)), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// version measures the start alone: the command line is built from every declaration, and nothing else is done.
func (b *bench) version(ctx context.Context) error {
	b.say("version")
	taken, err := alternate(b.runs, func() (sample, error) { return program{path: b.airlock, arguments: []string{"version"}}.run(ctx) })
	if err != nil {
		return err
	}
	b.results = append(b.results, limitStart("version", startTarget, taken[0]))
	return nil
}

// status compares a look at a database with nothing pending, and returns the samples of airlock.
func (b *bench) status(ctx context.Context, place place, folder migrationFolder) (airlock []sample, err error) {
	item := fmt.Sprintf("migrate status, %d applied, %s", len(folder.set.Files), place.title)
	b.say("%s", item)
	database, err := place.create(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, database.drop()) }()
	if _, err := b.apply(ctx, b.gooseCall, database, folder); err != nil {
		return nil, err
	}
	taken, err := alternate(b.runs,
		func() (sample, error) { return b.airlockCall(database, folder, "status").run(ctx) },
		func() (sample, error) { return b.gooseCall(database, folder, "status").run(ctx) })
	if err != nil {
		return nil, err
	}
	b.results = append(b.results, compare(besideGoose, item, statusTarget, taken[0], taken[1]))
	return taken[0], nil
}

// up compares applying all of a folder to an empty database, a new one for each run.
func (b *bench) up(ctx context.Context, place place, folder migrationFolder) error {
	item := fmt.Sprintf("migrate up, %d files, %s", len(folder.set.Files), place.title)
	b.say("%s", item)
	fresh := func(call caller) func() (sample, error) {
		return func() (taken sample, err error) {
			database, err := place.create(ctx)
			if err != nil {
				return taken, err
			}
			defer func() { err = errors.Join(err, database.drop()) }()
			return b.apply(ctx, call, database, folder)
		}
	}
	taken, err := alternate(b.runs, fresh(b.airlockCall), fresh(b.gooseCall))
	if err != nil {
		return err
	}
	b.results = append(b.results, compare(besideGoose, item, upTarget, taken[0], taken[1]))
	return nil
}

// caller makes the call of a program that looks at or changes a schema.
type caller func(database emptyDatabase, folder migrationFolder, command string) program

func (b *bench) airlockCall(database emptyDatabase, folder migrationFolder, command string) program {
	return program{
		path: b.airlock, arguments: []string{"migrate", command, "--dir", folder.path}, directory: b.folder,
		variables: []string{"AIRLOCK_DATABASE_URL=" + database.url()},
	}
}

func (b *bench) gooseCall(database emptyDatabase, folder migrationFolder, command string) program {
	return program{path: b.goose, arguments: []string{command}, directory: b.folder, variables: database.goose(folder.path)}
}

// apply runs every migration, and makes sure that they did run: a program that does less is faster.
func (b *bench) apply(ctx context.Context, call caller, database emptyDatabase, folder migrationFolder) (sample, error) {
	taken, err := call(database, folder, "up").run(ctx)
	if err != nil {
		return sample{}, err
	}
	version, err := database.version(ctx)
	if err == nil && version != folder.set.Latest() {
		err = fmt.Errorf("the schema is at version %d after migrating, and should be at %d", version, folder.set.Latest())
	}
	return taken, err
}

// alternate runs things in turn, so that whatever else the machine does meets all of them alike, and returns the samples of each.
func alternate(runs int, calls ...func() (sample, error)) ([][]sample, error) {
	taken := make([][]sample, len(calls))
	for range runs {
		for i, call := range calls {
			one, err := call()
			if err != nil {
				return nil, err
			}
			taken[i] = append(taken[i], one)
		}
	}
	return taken, nil
}
