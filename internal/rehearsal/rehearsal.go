package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Options say what is rehearsed.
type Options struct {
	// Settings say how the copy is opened. Everything in it may be changed.
	Settings database.Settings
	// Set are the migrations; those that the copy has not applied are rehearsed.
	Set migration.Set
	// From is the version that the rehearsal begins with, which is the one of the environment that the migrations are meant for: what
	// the copy has applied beyond it is taken back first and rehearsed too. Nil is the version of the copy.
	From *int64
	// AcceptLoss names the tables that may lose rows where something is taken back first: apply.Options.AcceptLoss.
	AcceptLoss []string
	// Renew makes the copy anew, as it was at the beginning, and says how it is opened; the one before is closed. Nil means that there
	// is no other: then what stands behind a migration that cannot be brought to its end is not rehearsed.
	Renew func(ctx context.Context) (database.Settings, error)
	// OwnServer tells that what belongs to the whole server may be changed too, such as its roles.
	OwnServer bool
	// InPlace tells that it is no copy: what a migration did stays, and nothing is taken back that would lose data.
	InPlace bool
	// Limits are those under which migrations run, none on a copy that nobody else uses.
	Limits apply.Limits
	// Budget is the size in bytes from which on a table's rows are sampled, zero to look at all.
	Budget int64
	// Progress is told how far it is, nil for nobody.
	Progress apply.Progress
}

// Rehearse applies each pending migration to the copy, takes it back and applies it again, and compares what there is before and
// after. That a migration fails is in the report; an error is what kept the rehearsal itself from going on.
func Rehearse(ctx context.Context, options Options) (report Report, err error) {
	r := &rehearsing{Options: options}
	if err := r.open(ctx, options.Settings); err != nil {
		return Report{}, err
	}
	defer func() {
		if left := r.dropRoles(ctx); left != nil {
			report.Left = left.Error()
		}
		err = errors.Join(err, r.close())
	}()
	status, unreached, err := r.begin(ctx)
	if err != nil {
		return Report{}, err
	}
	report = Report{Digest: options.Set.Digest(), Version: status.Current, Asked: options.From, Unreached: unreached, Ignored: options.Set.Ignored, Migrations: r.stuck(status, unreached)}
	if len(status.Pending) > 0 {
		before, err := r.before(ctx)
		if err != nil {
			return report, err
		}
		r.last, report.Untracked = &before, status.Current == 0 && len(before.data.Tables) > 0
	}
	for i, file := range status.Pending {
		if options.Progress != nil {
			options.Progress.Advance(int64(i), int64(len(status.Pending)), file.Name)
		}
		one := unproven(file)
		goes := true
		if why := r.refusal(file); why != "" {
			one.Reasons, r.without = []string{why}, append(r.without, file)
		} else if one, goes, err = r.migration(ctx, file); err != nil {
			return report, err
		}
		report.Migrations = append(report.Migrations, one)
		if goes || i+1 == len(status.Pending) {
			continue
		}
		why, err := r.renew(ctx, file)
		if err != nil {
			return report, err
		}
		if why != "" {
			for _, file := range status.Pending[i+1:] {
				report.Migrations = append(report.Migrations, unproven(file, "it was not rehearsed: "+why))
			}
			break
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
	// last is what the copy is known to hold, nil when it has to be looked at.
	last *state
	// without are the migrations that the copy lacks, because they could not be applied or must not be.
	without []migration.File
	// existing are the roles that the server had, roles those that migrations make.
	existing map[string]bool
	roles    []string
}

// open connects to a copy.
func (r *rehearsing) open(ctx context.Context, settings database.Settings) (err error) {
	r.last, r.migrator = nil, nil
	if r.aside, err = database.Open(ctx, settings); err != nil {
		return err
	}
	if r.observer, err = observing(ctx, r.aside); err == nil {
		err = errors.Join(r.readRoles(ctx), r.isolate(ctx), r.analyze(ctx))
	}
	if err == nil {
		r.migrator, err = apply.Open(ctx, apply.Options{Settings: settings, Set: r.Set, Observer: r.observer, Limits: r.Limits, AcceptLoss: r.AcceptLoss, Progress: r.Progress})
	}
	if err != nil {
		return errors.Join(err, r.close())
	}
	return nil
}

func (r *rehearsing) close() (err error) {
	if r.migrator != nil {
		err = r.migrator.Close()
	}
	if r.aside != nil {
		err = errors.Join(err, r.aside.Close())
	}
	return err
}

// state is what a copy holds at one moment.
type state struct {
	schema fingerprint.Schema
	data   fingerprint.Data
}

// state looks at the copy. like is the state before, of whose large tables the same samples are taken.
func (r *rehearsing) state(ctx context.Context, like *fingerprint.Data) (state, error) {
	schema, err := fingerprint.ReadSchema(ctx, r.aside)
	if err != nil {
		return state{}, err
	}
	data, err := fingerprint.Read(ctx, r.aside, fingerprint.Options{Columns: true, Budget: r.Budget, Like: like})
	return state{schema, data}, err
}

// run runs one section. What the migration itself does wrong is in the run.
func (r *rehearsing) run(ctx context.Context, version int64, up bool, before state) (*Run, error) {
	r.last = nil
	file, _ := r.Set.Find(version)
	run, err := r.observer.begin(ctx, counts(before.data), file.Veil)
	if err != nil {
		return nil, err
	}
	// Each section stands on its own: what one before left in its session, such as its search_path, goose itself would stumble over.
	if err := r.migrator.Renew(); err != nil {
		return nil, err
	}
	started := time.Now()
	step, err := r.migrator.Apply(ctx, version, up)
	run.Took, run.Remarks = Took(time.Since(started)), step.Remarks
	r.observer.finish(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if apply.Lost(err) {
			return nil, problem.Unknown("rehearse again", "the rehearsal cannot tell, because the connection was lost: %w", err)
		}
		run.Failed = file.Veil(err.Error())
	}
	return run, nil
}

// migration rehearses one migration, and tells whether those behind it can be: whether it is applied in the end, and the copy is as it
// would be without its way back.
func (r *rehearsing) migration(ctx context.Context, file migration.File) (one Migration, goes bool, err error) {
	one = unproven(file)
	for _, missing := range r.without {
		one.Without = append(one.Without, missing.Name)
	}
	before, err := r.before(ctx)
	if err != nil {
		return one, false, err
	}
	// What is there now is what would be lost: what up makes is its own.
	var kept error
	if r.InPlace {
		if kept = r.migrator.RefuseLosses(ctx, []migration.File{file}); ctx.Err() != nil {
			return one, false, context.Cause(ctx)
		}
	}
	moments := []*fingerprint.Data{&before.data}
	defer func() { one.Rows = rowsOf(one, moments) }()
	if one.Up, err = r.run(ctx, file.Version, true, before); err != nil {
		return one, false, err
	}
	if one.Up.Failed != "" {
		one.Reasons = append(one.Reasons, "up fails: "+one.Up.Failed)
		r.without = append(r.without, file)
		one.Elsewhere = elsewhere(one.Up.Failed)
		return one, r.Renew != nil && !apply.Stepwise(file, true), nil
	}
	after, err := r.state(ctx, &before.data)
	if err != nil {
		return one, false, err
	}
	moments = append(moments, &after.data)
	for _, change := range fingerprint.CompareSchemas(before.schema, after.schema) {
		switch {
		case change.Before == nil:
			change.Message = fmt.Sprintf("%s %s is made", change.Kind, change.Name)
		case change.After == nil:
			change.Message = fmt.Sprintf("%s %s is dropped", change.Kind, change.Name)
		}
		one.Changes = append(one.Changes, change)
	}
	if file.DownFault != "" || file.EmptyDown() && len(one.Changes) > 0 {
		one.WayBack = Impossible
		if one.Reasons = append(one.Reasons, emptyDown); file.DownFault != "" {
			one.Reasons = []string{"goose refuses the down section: " + file.DownFault}
		}
		r.last = &after
		return one, true, nil
	}
	if kept != nil {
		one.Reasons = append(one.Reasons, "down was not run on this database: "+kept.Error())
		r.last = &after
		return one, true, nil
	}
	if file.EmptyDown() {
		one.Notes = append(one.Notes, "there is no down section that changes anything, and the schema needs none")
	}
	if one.Down, err = r.run(ctx, file.Version, false, after); err != nil {
		return one, false, err
	}
	if one.Down.Failed != "" {
		if one.Elsewhere = elsewhere(one.Down.Failed); !one.Elsewhere {
			one.WayBack = Impossible
		}
		one.Reasons = append(one.Reasons, "down fails: "+one.Down.Failed)
		// Where it ran in a transaction nothing was taken back, and those behind it can be rehearsed.
		return one, !apply.Stepwise(file, false), nil
	}
	back, err := r.state(ctx, &before.data)
	if err != nil {
		return one, false, err
	}
	moments = append(moments, &back.data)
	compare(&one, before, back)
	if one.Again, err = r.run(ctx, file.Version, true, back); err != nil {
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
	moments, r.last = append(moments, &again.data), &again
	other := false
	for _, difference := range fold(fingerprint.CompareSchemas(after.schema, again.schema)) {
		if !difference.OnlyOrder {
			one.WayBack = Impossible
			one.Reasons = append(one.Reasons, "after the second up, "+difference.Message)
			other = true
		}
	}
	// Those behind it would find less than they will find.
	fewer := false
	for _, change := range fingerprint.Compare(after.data, again.data) {
		if change.Lost > 0 {
			one.Notes, one.Uncertain, fewer = append(one.Notes, "after the second up, "+change.Message), true, true
		}
	}
	return one, r.Renew == nil || !other && !fewer, nil
}

// compare judges what up and down left.
func compare(one *Migration, before, back state) {
	one.WayBack = Proven
	for _, difference := range fold(fingerprint.CompareSchemas(before.schema, back.schema)) {
		if difference.OnlyOrder {
			one.Order = append(one.Order, difference.Name)
			continue
		}
		one.WayBack = Impossible
		one.Reasons = append(one.Reasons, fmt.Sprintf("after up and down, %s", difference.Message))
	}
	for _, change := range fingerprint.Compare(before.data, back.data) {
		lost := slices.ContainsFunc(change.Columns, func(column fingerprint.ColumnChange) bool { return column.Gone || column.Lost > 0 })
		switch {
		case change.Unknown:
			one.Notes = append(one.Notes, change.Message)
			one.Uncertain = one.Uncertain || one.touches(change.Table.String())
		case change.Lost > 0 || change.Again || lost || !change.More && slices.ContainsFunc(change.Columns, func(column fingerprint.ColumnChange) bool { return column.Other }):
			one.Losses = append(one.Losses, change)
		case change.More:
			one.Notes = append(one.Notes, "after up and down, "+change.Message+", which down leaves; whether those from before are the same is not known")
			one.Uncertain = true
		}
	}
}
