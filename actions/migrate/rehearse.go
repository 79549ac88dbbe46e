package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// copiedBytes is the size up to which the rows of a database are copied for a rehearsal, and sampledBytes that of a table from which on
// only a sample of its rows is compared.
const copiedBytes, sampledBytes = 2 << 30, 1 << 30

// stage is where a rehearsal takes place.
type stage struct {
	options rehearsal.Options
	// title names it for people, and rowless tells that the rows are missing.
	title   string
	rowless bool
	// leave throws a copy away.
	leave func(context.Context) error
}

// rehearsed runs what is pending where the call or the config says, up, down and up again.
func rehearsed(ctx context.Context, call *verb.Call, aimed target, set migration.Set) (result verb.Result, err error) {
	on := cmp.Or(call.Inputs.String("on"), aimed.rehearsal)
	result = verb.Result{Checklist: call.Checklist(), Outputs: map[string]string{}}
	skipped := func(why string) (verb.Result, error) {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{ID: "rehearsal", Title: "The migrations are rehearsed", Verdict: checklist.Skip, Evidence: why})
		return result, nil
	}
	if on == "none" {
		return skipped("none is asked for here; with --on scratch it is done on a copy")
	}
	if err := aimed.refuse(call, on); err != nil {
		return verb.Result{}, err
	}
	from, unknown, err := aimed.from(ctx, call)
	if err != nil {
		return verb.Result{}, err
	}
	status := migration.Status{Pending: set.Files}
	var settings database.Settings
	if on != verb.OnSnapshot {
		if settings, err = aimed.settings(ctx); err == nil && !aimed.missing {
			status, err = statusOf(ctx, settings, set)
		}
		if err != nil {
			return verb.Result{}, err
		}
	}
	if len(status.Pending) == 0 && (from == nil || *from >= status.Current) || on == verb.OnSnapshot && from != nil && *from >= set.Latest() {
		return skipped(fmt.Sprintf("nothing is pending at version %d", max(status.Current, valueOf(from))))
	}
	if call.Inputs.Bool("dry-run") {
		return skipped("would be rehearsed on " + aimed.place(on, cmp.Or(from, &status.Current)))
	}
	var foretell func(*rehearsal.Report)
	if name := call.Inputs.String("forecast"); name != "" { // What cannot be foretold is said before the work.
		if foretell, err = forecast(ctx, call, name, aimed.limits.Lock); err != nil {
			return verb.Result{}, err
		}
	}
	report, err := perform(ctx, call, aimed, rehearsal.Options{Settings: settings, Set: set, From: from, Budget: sampledBytes}, on)
	if err != nil {
		return verb.Result{}, err
	}
	if on != verb.OnSnapshot { // A snapshot knows its version itself.
		report.Unreached = cmp.Or(report.Unreached, unknown)
	}
	if foretell != nil {
		foretell(&report)
	}
	result.Checklist.Items = append(result.Checklist.Items, report.Items()...)
	result.Outputs["way-back"], result.Outputs["rehearsal"] = string(report.WayBack()), report.Handover()
	result.Document = &verb.Document{
		Verdict: report.Verdict(),
		Value: struct {
			Verdict checklist.Verdict `json:"verdict"`
			WayBack rehearsal.WayBack `json:"wayBack"`
			rehearsal.Report
		}{report.Verdict(), report.WayBack(), report},
		Print:    func(w io.Writer, style checklist.Style) error { return rehearsal.WriteText(w, report, style) },
		Markdown: func() string { return rehearsal.Markdown(report) },
	}
	return result, nil
}

// refuse refuses what cannot be rehearsed there.
func (t target) refuse(call *verb.Call, on string) error {
	switch {
	case on == verb.InPlace && t.last:
		return problem.Wrong("rehearse on a copy: --on scratch", "%s is the last environment of the order, and nothing is rehearsed on its own database", t.workspace.Name)
	case on == verb.InPlace && t.missing:
		return problem.New("rehearse on a copy: --on scratch", "there is no database yet")
	case on == verb.OnSnapshot && t.next == "":
		return problem.Wrong("rehearse on a copy of the database: --on scratch", "no environment comes behind this one whose snapshot could be restored")
	case on != verb.InPlace && len(call.Inputs.List("accept-data-loss")) > 0:
		return problem.Wrong("leave it out, or rehearse on the database itself: --on sandbox", "a copy may lose anything: --accept-data-loss means nothing for it")
	}
	return nil
}

// place says for people where it would be rehearsed. A snapshot knows its version itself.
func (t target) place(on string, from *int64) string {
	switch on {
	case verb.InPlace:
		return fmt.Sprintf("the database itself, from version %d", *from)
	case verb.OnSnapshot:
		return "the newest snapshot of " + t.next
	}
	return fmt.Sprintf("a copy of the database, from version %d", *from)
}

func statusOf(ctx context.Context, settings database.Settings, set migration.Set) (migration.Status, error) {
	db, err := database.Open(ctx, settings)
	if err != nil {
		return migration.Status{}, err
	}
	defer db.Close()
	return migration.ReadStatus(ctx, db, set)
}

// perform sets the stage, rehearses, and leaves it as it was.
func perform(ctx context.Context, call *verb.Call, aimed target, options rehearsal.Options, on string) (report rehearsal.Report, err error) {
	progress := call.Progress("migrate rehearse")
	defer progress.Done()
	options.Progress = progress
	set := stage{options: options, title: "the database itself", leave: func(context.Context) error { return nil }}
	if on == verb.InPlace {
		if aimed.lock != nil {
			unlock, err := aimed.lock()
			if err != nil {
				return report, err
			}
			defer unlock()
		}
		set.options.Limits, set.options.AcceptLoss = aimed.limits, call.Inputs.List("accept-data-loss")
		set.options.InPlace, set.options.OwnServer = true, true
	} else if set, err = onCopy(ctx, call, aimed, options, on); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, set.leave(ctx)) }()
	report, err = rehearsal.Rehearse(ctx, set.options)
	report.On, report.Rowless = set.title, set.rowless
	return report, err
}

// onCopy makes a copy, of the database or of the next environment's newest snapshot, and anew as often as the rehearsal asks; but for an
// instance of its own, which takes too long.
func onCopy(ctx context.Context, call *verb.Call, aimed target, options rehearsal.Options, on string) (stage, error) {
	var scratch *backup.Scratch
	original := options.Settings
	drop := func(ctx context.Context) error {
		if scratch == nil {
			return nil
		}
		old := scratch
		scratch = nil
		return old.Drop(ctx)
	}
	renew := func(ctx context.Context) (database.Settings, error) {
		err := drop(ctx)
		switch {
		case err != nil:
		case on == verb.OnSnapshot:
			options.Progress.Advance(0, 0, "restoring the newest snapshot of "+aimed.next)
			scratch, options.OwnServer, err = aimed.workspace.CopyOf(ctx, aimed.next, backup.CopyOptions{MaximumBytes: copiedBytes, Progress: options.Progress})
		default:
			options.Progress.Advance(0, 0, "copying the database")
			scratch, err = backup.NewScratch(ctx, backup.ScratchOptions{Settings: original, MaximumBytes: copiedBytes, Now: call.Now, LookupEnv: os.LookupEnv})
		}
		if err != nil {
			return database.Settings{}, err
		}
		return scratch.Settings, nil
	}
	settings, err := renew(ctx)
	if err != nil {
		return stage{}, err
	}
	options.Settings, options.AcceptLoss = settings, []string{apply.AnyLoss}
	options.Limits.Retry = aimed.limits.Retry // Nobody waits for a copy, but its connection can be lost.
	if !options.OwnServer {
		options.Renew = renew
	}
	return stage{options: options, title: scratch.Title, rowless: !scratch.Rows, leave: drop}, nil
}

func valueOf(version *int64) int64 {
	if version == nil {
		return 0
	}
	return *version
}

// from returns the version that the rehearsal begins with, nil for that of the database, and why that of the next environment is not
// known.
func (t target) from(ctx context.Context, call *verb.Call) (from *int64, unknown string, err error) {
	if call.Inputs.Given("from") {
		version := int64(call.Inputs.Int("from"))
		return &version, "", nil
	}
	if t.next == "" {
		return nil, "", nil
	}
	promotions, err := t.workspace.History.List(ctx, t.next)
	if err != nil {
		return nil, "", err
	}
	current := history.Current(promotions)
	if current == nil {
		return nil, "The environment behind this one has no record of a version yet", nil
	}
	return &current.Release.Schema, "", nil
}

// forecast looks at the tables of another environment, which is only read, and returns what adds the forecast for it.
func forecast(ctx context.Context, call *verb.Call, environment string, lockTimeout time.Duration) (func(*rehearsal.Report), error) {
	workspace, err := call.WorkspaceOf(environment)
	if err != nil {
		return nil, err
	}
	db, err := workspace.Database(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	sizes, err := rehearsal.ReadSizes(ctx, db)
	return func(report *rehearsal.Report) { report.Foretell(environment, sizes, lockTimeout) }, err
}
