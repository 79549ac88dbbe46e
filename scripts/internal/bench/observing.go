package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
)

// The targets of what it costs to observe a migration, as a rehearsal does: the ratio to the same migration that nobody observes
// where a statement takes more than longStatement milliseconds, otherwise the milliseconds that each statement takes more.
const (
	observedRatioTarget = 1.15
	observedEachTarget  = 5
	longStatement       = 100
)

// observedStatements is how many statements a migration of small ones has.
const observedStatements = 100

// observedMigration is a migration that is applied with and without an observer.
type observedMigration struct {
	title      string
	statements []string
	// alone tells that its statements run outside of a transaction.
	alone bool
}

// observedMigrations are what is measured. The first one is not: with it the connections are opened.
func observedMigrations(tables int) []observedMigration {
	var inside, outside []string
	for i := range observedStatements {
		inside = append(inside, small(i, tables, "inside"))
		outside = append(outside, small(i, tables, "outside"))
	}
	return []observedMigration{
		{statements: []string{"select 1"}},
		{title: fmt.Sprintf("%d small statements", observedStatements), statements: inside},
		{title: fmt.Sprintf("%d outside of a transaction", observedStatements), statements: outside, alone: true},
		{title: "alter column type", statements: []string{"alter table large alter column amount type bigint"}},
		{title: "update of all rows", statements: []string{"update large set note = note || '!'"}},
		{title: "create index", statements: []string{"create index on large (note)"}},
		{title: "create index concurrently", statements: []string{"create index concurrently large_amount on large (amount)"}, alone: true},
	}
}

// small returns one of the statements of which migrations are full.
func small(number, tables int, name string) string {
	table := number%tables + 1
	switch number % 4 {
	case 0:
		return fmt.Sprintf("create table %s%d (id bigint primary key, name text not null)", name, number)
	case 1:
		return fmt.Sprintf("alter table t%d add column %s%d text", table, name, number)
	case 2:
		return fmt.Sprintf("insert into t%d (id, name) select coalesce(max(id), 0) + 1, '%s' from t%[1]d", table, name)
	default:
		return fmt.Sprintf("create index %s%d on t%d (name)", name, number, table)
	}
}

func writeObserved(path string, migrations []observedMigration) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	for i, one := range migrations {
		text := "-- +goose Up\n" + strings.Join(one.statements, ";\n") + ";\n"
		if one.alone {
			text = "-- +goose NO TRANSACTION\n" + text
		}
		if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%05d_observed.sql", i+1)), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// observing compares migrations that are observed with the same ones that are not, each time on two new copies of one database, which
// has as many tables as there are small migrations, and a large one.
func (b *bench) observing(ctx context.Context, place place) (err error) {
	migrations := observedMigrations(b.files)
	folder, err := b.write("observed", func(path string) error { return writeObserved(path, migrations) })
	if err != nil {
		return err
	}
	b.say("migrations under the observer of a rehearsal")
	original, err := place.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, original.drop()) }()
	if err := fillObserved(ctx, original, b.files, b.scale*observedRows); err != nil {
		return err
	}
	with, without := make([][]sample, len(migrations)), make([][]sample, len(migrations))
	for range b.runs {
		if err := applyBoth(ctx, place, original, folder, with, without); err != nil {
			return err
		}
	}
	for i, one := range migrations[1:] {
		b.results = append(b.results, compareObserved(one.title, len(one.statements), with[i+1], without[i+1]))
	}
	return nil
}

// observedRows is how many rows the large table has for each of the scale, 200,000 with that of the benchmark: enough for statements
// of more than longStatement.
const observedRows = 4_000

func fillObserved(ctx context.Context, target emptyDatabase, tables, rows int) error {
	// What the server does by itself at its own time would meet one run and not the other.
	return target.execute(ctx, fmt.Sprintf(`create table large (id bigint primary key, amount integer not null, note text not null) with (autovacuum_enabled = off);
insert into large select n, n %% 1000, md5(n::text) from generate_series(1, %d) n;
do $$ begin for i in 1..%d loop execute format('create table t%%s (id bigint primary key, name text not null)', i); end loop; end $$`, rows, tables), "vacuum analyze")
}

// applyBoth applies each migration to a copy with an observer and to one without, in turn, and keeps how long each took.
func applyBoth(ctx context.Context, place place, original emptyDatabase, folder migrationFolder, with, without [][]sample) (err error) {
	observed, err := openCopy(ctx, place, original, folder, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, observed.close()) }()
	alone, err := openCopy(ctx, place, original, folder, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, alone.close()) }()
	for i, file := range folder.set.Files {
		taken, err := alternate(1,
			func() (sample, error) { return observed.apply(ctx, file.Version) },
			func() (sample, error) { return alone.apply(ctx, file.Version) })
		if err != nil {
			return err
		}
		with[i], without[i] = append(with[i], taken[0]...), append(without[i], taken[1]...)
	}
	// An observer that sees nothing costs nothing.
	if all, _ := observed.migrator.Tally(); len(observed.run.Statements) != all {
		return fmt.Errorf("the observer saw %d of %d statements", len(observed.run.Statements), all)
	}
	return nil
}

// openedCopy is a copy of a database that is migrated; run is what an observer notes, nil without one.
type openedCopy struct {
	migrator *apply.Migrator
	run      *rehearsal.Run
	close    func() error
}

// apply applies one migration, and says how long that took.
func (o openedCopy) apply(ctx context.Context, version int64) (sample, error) {
	return timed(func() error {
		_, err := o.migrator.Apply(ctx, version, true)
		return err
	})
}

func openCopy(ctx context.Context, place place, original emptyDatabase, folder migrationFolder, observed bool) (opened openedCopy, err error) {
	copied, err := place.createFrom(ctx, original.name)
	if err != nil {
		return openedCopy{}, err
	}
	closing := []func() error{copied.drop}
	opened.close = func() (err error) {
		for _, one := range slices.Backward(closing) {
			err = errors.Join(err, one())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	options := apply.Options{Settings: copied.settings, Set: folder.set}
	if observed {
		aside, err := database.Open(ctx, copied.settings)
		if err != nil {
			return opened, err
		}
		closing = append(closing, aside.Close)
		if options.Observer, opened.run, err = rehearsal.Observe(ctx, aside); err != nil {
			return opened, err
		}
	}
	if opened.migrator, err = apply.Open(ctx, options); err == nil {
		closing = append(closing, opened.migrator.Close)
	}
	return opened, err
}

// compareObserved makes the result of a migration with some statements that was observed, beside the one that was not.
func compareObserved(item string, statements int, with, without []sample) result {
	observed, alone := summarise(with), summarise(without)
	one := result{Kind: observedLong, Item: item, Airlock: observed, Peer: &alone, Value: observed.Wall.Median / alone.Wall.Median, Target: observedRatioTarget}
	if alone.Wall.Median/float64(statements) <= longStatement {
		one.Kind, one.Target = observedEach, observedEachTarget
		one.Value = (observed.Wall.Median - alone.Wall.Median) / float64(statements)
	}
	one.Met = one.Value <= one.Target
	return one
}
