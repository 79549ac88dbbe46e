package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// Options say what is rehearsed.
type Options struct {
	// Settings say how the copy is opened. Everything in it may be changed.
	Settings database.Settings
	// Set are the migrations; those that the copy has not applied are rehearsed.
	Set migration.Set
	// Budget is the size in bytes from which on a table's rows are sampled, zero to look at all.
	Budget int64
	// Progress is told how far it is, nil for nobody.
	Progress apply.Progress
}

// Rehearse applies each pending migration to the copy, takes it back and applies it again, and compares what there is before and
// after. That a migration fails is in the report; an error is what kept the rehearsal itself from going on.
func Rehearse(ctx context.Context, options Options) (report Report, err error) {
	watcher := &observer{}
	aside, err := database.Open(ctx, options.Settings)
	if err != nil {
		return Report{}, err
	}
	defer aside.Close()
	migrator, err := apply.Open(ctx, apply.Options{Settings: options.Settings, Set: options.Set, Observer: watcher})
	if err != nil {
		return Report{}, err
	}
	defer migrator.Close()
	if aside.Dialect == database.PostgreSQL {
		watcher.look = aside
	}
	status, err := migration.ReadStatus(ctx, aside, options.Set)
	if err == nil {
		err = status.Check()
	}
	if err != nil {
		return Report{}, err
	}
	report = Report{Digest: options.Set.Digest(), Version: status.Current, Migrations: []Migration{}}
	r := rehearsing{Options: options, observer: watcher, aside: aside, migrator: migrator}
	for i, file := range status.Pending {
		if options.Progress != nil {
			options.Progress.Advance(int64(i), int64(len(status.Pending)), file.Name)
		}
		one, goes, err := r.migration(ctx, file)
		if err != nil {
			return report, err
		}
		if report.Migrations = append(report.Migrations, one); !goes {
			break // Those behind it build on it.
		}
	}
	return report, nil
}

// rehearsing is one rehearsal on an open copy.
type rehearsing struct {
	Options
	observer *observer
	// aside is a session beside the one that migrates.
	aside    *database.Database
	migrator *apply.Migrator
}

// state is what a copy holds at one moment.
type state struct {
	schema fingerprint.Schema
	data   fingerprint.Data
}

func (r *rehearsing) state(ctx context.Context, like *fingerprint.Data) (state, error) {
	schema, err := fingerprint.ReadSchema(ctx, r.aside)
	if err != nil {
		return state{}, err
	}
	data, err := fingerprint.Read(ctx, r.aside, fingerprint.Options{Columns: true, Budget: r.Budget, Like: like})
	return state{schema, data}, err
}

// run runs one section. What the migration itself does wrong is in the run.
func (r *rehearsing) run(ctx context.Context, version int64, up bool) (*Run, error) {
	run, err := r.observer.begin(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	err = r.migrator.Apply(ctx, version, up)
	run.Took = Took(time.Since(started))
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		run.Failed = err.Error()
	}
	return run, nil
}

// migration rehearses one migration, and tells whether those behind it can be: whether it is applied in the end.
func (r *rehearsing) migration(ctx context.Context, file migration.File) (one Migration, goes bool, err error) {
	one = Migration{File: file, WayBack: Unproven, Reasons: []string{}, Losses: []fingerprint.Change{}, Changes: []fingerprint.Difference{}}
	before, err := r.state(ctx, nil)
	if err != nil {
		return one, false, err
	}
	if one.Up, err = r.run(ctx, file.Version, true); err != nil {
		return one, false, err
	}
	if one.Up.Failed != "" {
		one.Reasons = append(one.Reasons, "up fails: "+one.Up.Failed)
		return one, false, nil
	}
	after, err := r.state(ctx, &before.data)
	if err != nil {
		return one, false, err
	}
	for _, change := range fingerprint.CompareSchemas(before.schema, after.schema) {
		switch {
		case change.Before == nil:
			change.Message = fmt.Sprintf("%s %s is made", change.Kind, change.Name)
		case change.After == nil:
			change.Message = fmt.Sprintf("%s %s is dropped", change.Kind, change.Name)
		}
		one.Changes = append(one.Changes, change)
	}
	if file.EmptyDown() {
		one.WayBack = Impossible
		one.Reasons = append(one.Reasons, "there is no down section that changes anything")
		return one, true, nil
	}
	if one.Down, err = r.run(ctx, file.Version, false); err != nil {
		return one, false, err
	}
	if one.Down.Failed != "" {
		one.WayBack = Impossible
		one.Reasons = append(one.Reasons, "down fails: "+one.Down.Failed)
		// Where it ran in a transaction nothing was taken back, and those behind it can be rehearsed.
		return one, !file.NoTransaction, nil
	}
	back, err := r.state(ctx, &before.data)
	if err != nil {
		return one, false, err
	}
	r.compare(&one, before, back)
	if one.Again, err = r.run(ctx, file.Version, true); err != nil {
		return one, false, err
	}
	if one.Again.Failed != "" {
		one.WayBack = Impossible
		one.Reasons = append(one.Reasons, "up fails after down: "+one.Again.Failed)
		return one, false, nil
	}
	again, err := r.state(ctx, &before.data)
	if err != nil {
		return one, false, err
	}
	for _, difference := range fingerprint.CompareSchemas(after.schema, again.schema) {
		if !difference.OnlyOrder {
			one.WayBack = Impossible
			one.Reasons = append(one.Reasons, "after the second up, "+difference.Message)
		}
	}
	return one, true, nil
}

// compare judges what up and down left.
func (r *rehearsing) compare(one *Migration, before, back state) {
	one.WayBack = Proven
	for _, difference := range fingerprint.CompareSchemas(before.schema, back.schema) {
		if difference.OnlyOrder {
			one.Order = append(one.Order, difference.Name)
			continue
		}
		one.WayBack = Impossible
		one.Reasons = append(one.Reasons, fmt.Sprintf("after up and down, %s", difference.Message))
	}
	for _, change := range fingerprint.Compare(before.data, back.data) {
		other := slices.ContainsFunc(change.Columns, func(column fingerprint.ColumnChange) bool { return column.Gone || column.Other })
		if change.Unknown || change.Lost > 0 || other {
			one.Losses = append(one.Losses, change)
		}
	}
}
