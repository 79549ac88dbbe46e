package promotion

import (
	"context"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
)

// Outcome is how a promotion into one environment ended.
type Outcome string

// The outcomes.
const (
	// Promoted: the release serves and is verified.
	Promoted Outcome = "promoted"
	// AlreadyServed: it did before, and was verified again.
	AlreadyServed Outcome = "already served"
	// Planned: a dry run found nothing against it.
	Planned Outcome = "planned"
	// Refused: a gate said no, and nothing was touched.
	Refused Outcome = "refused"
	// Unchanged: a step failed before anything was changed.
	Unchanged Outcome = "failed, nothing changed"
	// RolledBack: it failed, and the environment serves again what it served before.
	RolledBack Outcome = "rolled back"
	// Stopped: whether it works could not be told, and the config says that it stays then.
	Stopped Outcome = "inconclusive, left in place"
	// Broken: it failed, and so did the way back.
	Broken Outcome = "failed, and the way back failed"
	// Interrupted: the run was cancelled; the record stays open, and the same promotion run again goes on.
	Interrupted Outcome = "interrupted"
)

// Good tells whether the release may go on to the next environment.
func (o Outcome) Good() bool { return o == Promoted || o == AlreadyServed || o == Planned }

// Promoter takes one release into one environment.
type Promoter struct {
	History     history.Store
	Environment string
	Release     history.Release
	// Config is the path of the config, for the record.
	Config string
	// Watch tells whether the environment is watched after the release is verified.
	Watch bool
	// RehearsesInPlace tells that migrations are rehearsed on the environment's own database.
	RehearsesInPlace bool
	// RollBackInconclusive tells that a release whose state cannot be told does not stay.
	RollBackInconclusive bool
	DryRun               bool
	// Schema returns the version of the environment's database.
	Schema func(context.Context) (int64, error)
	// Serving returns the image that the environment serves now, by the host's own word; empty when it serves nothing.
	Serving func(context.Context) (string, error)
	// Run runs one step. What went wrong is in the checklist; an error says that no checklist could be made.
	Run func(context.Context, Step) (checklist.Checklist, error)
}

// Promote follows the order. The promotion is the record as it was left, nil when none was begun. An error says that
// the order could not be followed, not that a step failed.
func (p Promoter) Promote(ctx context.Context) (Outcome, *history.Promotion, error) {
	steps := Order()
	preflight, err := p.Run(ctx, steps[0])
	if err != nil || preflight.Failed() {
		return p.interruptedOr(ctx, Refused), nil, err
	}
	if p.DryRun {
		outcome, err := p.plan(ctx, steps[1:])
		return outcome, nil, err
	}
	opening, err := p.Open(ctx)
	switch {
	case err != nil:
		return Refused, nil, err
	case opening.Served:
		verified, err := p.Run(ctx, Step{Verb: "verify", Command: "once", Patient: true})
		if err != nil || verified.Failed() {
			return Unchanged, nil, err
		}
		return AlreadyServed, nil, nil
	}
	outcome, err := p.follow(ctx, opening, steps[1:])
	return outcome, &opening.Record, err
}

// Opening is how a promotion begins.
type Opening struct {
	// Served tells that the record, the host and the database all say that the release is served: there is nothing to do,
	// and no record is opened.
	Served bool
	// Record is what was opened, or found open and is gone on with.
	Record history.Promotion
	// GoesOn tells that an earlier run of the same promotion may have changed something.
	GoesOn bool
}

// Look tells how the promotion would begin, and writes nothing; only a record that is gone on with is in the answer.
func (p Promoter) Look(ctx context.Context) (Opening, error) {
	promotions, err := p.History.List(ctx, p.Environment)
	if err != nil {
		return Opening{}, err
	}
	opening, _, err := p.look(ctx, promotions)
	return opening, err
}

// look also returns the open record of another release, nil when there is none.
func (p Promoter) look(ctx context.Context, promotions []history.Promotion) (opening Opening, other *history.Promotion, err error) {
	open := history.HalfDone(promotions)
	// What lies beneath a later one that failed is not reopened: this promotion goes forward from it.
	if open != nil && open.ID == promotions[0].ID && open.Release.Same(p.Release) && open.Task == history.Promote {
		return Opening{Record: *open, GoesOn: true}, nil, nil
	}
	opening.Served, err = p.served(ctx, open, history.Current(promotions))
	return opening, open, err
}

// Open opens the record once the gates let the promotion in: from here on an interruption can be found again. What an
// earlier run of the same release left open is gone on with.
func (p Promoter) Open(ctx context.Context) (Opening, error) {
	promotions, err := p.History.List(ctx, p.Environment)
	if err != nil {
		return Opening{}, err
	}
	opening, other, err := p.look(ctx, promotions)
	switch {
	case err != nil || opening.Served:
		return opening, err
	case opening.GoesOn:
		return opening, p.mark(ctx, opening.Record, history.InProgress, "gone on with")
	}
	opening.Record, err = p.begin(ctx, other, history.Current(promotions))
	return opening, err
}

// served tells whether there is nothing to do.
func (p Promoter) served(ctx context.Context, open, current *history.Promotion) (bool, error) {
	if open != nil || current == nil || !current.Release.Same(p.Release) {
		return false, nil
	}
	image, err := p.Serving(ctx)
	if err != nil || image != p.Release.Image {
		return false, err
	}
	schema, err := p.Schema(ctx)
	return schema == p.Release.Schema, err
}

// plan runs the steps that a dry run can: each says what it would do, and the first that could not ends it.
func (p Promoter) plan(ctx context.Context, steps []Step) (Outcome, error) {
	opening, err := p.Look(ctx)
	if err != nil {
		return Refused, err
	}
	if opening.Served {
		return AlreadyServed, nil
	}
	for _, step := range steps {
		if step.Verb == "verify" {
			continue // There is nothing new to look at.
		}
		if result, err := p.Run(ctx, step); err != nil || result.Failed() {
			return Refused, err
		}
	}
	return Planned, nil
}

// begin creates the record. The way back leads to what was served well, also across an unsettled promotion that this one
// goes forward from.
func (p Promoter) begin(ctx context.Context, unsettled, current *history.Promotion) (history.Promotion, error) {
	record := history.Promotion{Task: history.Promote, Environment: p.Environment, Release: p.Release, Config: p.Config}
	if current != nil {
		record.From = &current.Release
	}
	if unsettled != nil {
		record.FromSchema = unsettled.FromSchema
	} else {
		schema, err := p.Schema(ctx)
		if err != nil {
			return history.Promotion{}, err
		}
		record.FromSchema = schema
	}
	return p.History.Create(ctx, record)
}

// follow runs the steps after preflight and closes the record, unless the run is interrupted.
func (p Promoter) follow(ctx context.Context, opening Opening, steps []Step) (Outcome, error) {
	changed := opening.GoesOn
	for _, step := range steps {
		if step.Watch && !p.Watch {
			continue
		}
		changed = changed || p.Changes(step)
		result, err := p.Run(ctx, step)
		switch {
		case ctx.Err() != nil:
			return Interrupted, err
		case err != nil:
			return p.wayBack(ctx, opening.Record, Stop{Step: step, Verdict: checklist.Fail, Reason: fmt.Sprintf("%s: %v", step.Verb, err), Changed: changed})
		case result.Failed():
			return p.wayBack(ctx, opening.Record, Stop{Step: step, Verdict: result.Verdict(), Reason: why(step, result), Changed: changed})
		}
	}
	outcome, err := p.Finish(ctx, opening.Record)
	return outcome, err
}

// Changes tells whether a step may change the environment.
func (p Promoter) Changes(step Step) bool {
	return step.Changes || step.Rehearsal && p.RehearsesInPlace
}

// Finish closes the record of a promotion whose steps all passed. Whoever deployed something else meanwhile must not have
// it recorded as proven.
func (p Promoter) Finish(ctx context.Context, record history.Promotion) (Outcome, error) {
	image, err := p.Serving(ctx)
	switch {
	case ctx.Err() != nil:
		return Interrupted, nil
	case err != nil:
		return Stopped, p.mark(ctx, record, history.Error, fmt.Sprintf("what is served at the end is not known: %v", err))
	case image != p.Release.Image:
		return Stopped, p.mark(ctx, record, history.Error, "something else is served at the end: another deployment came in between")
	}
	return Promoted, p.mark(ctx, record, history.Success, "verified")
}

// Stop is where a promotion did not go on.
type Stop struct {
	Step Step
	// Verdict is that of the step, Fail or Inconclusive.
	Verdict checklist.Verdict
	// Reason says why, for the record.
	Reason string
	// Changed tells that this promotion may have changed something: this step or one before it can, or an earlier run.
	Changed bool
}

// Settle records where a promotion did not go on, and tells whether the way back is to be taken. Then the rollback closes
// the record itself, so that it is closed as well when people roll back by hand what was interrupted here.
func (p Promoter) Settle(ctx context.Context, record history.Promotion, stop Stop) (outcome Outcome, back bool, err error) {
	switch {
	case stop.Verdict == checklist.Inconclusive && stop.Step.Verb == "verify" && !p.RollBackInconclusive:
		return Stopped, false, p.mark(ctx, record, history.Error, stop.Reason+"; the release stays in place")
	case !stop.Changed:
		return Unchanged, false, p.mark(ctx, record, history.Failure, stop.Reason+"; nothing was changed")
	}
	return Broken, true, p.mark(ctx, record, history.Error, stop.Reason)
}

// wayBack settles a promotion that did not go on, and undoes what it changed.
func (p Promoter) wayBack(ctx context.Context, record history.Promotion, stop Stop) (Outcome, error) {
	outcome, back, err := p.Settle(ctx, record, stop)
	if err != nil || !back {
		return outcome, err
	}
	result, err := p.Run(ctx, WayBack())
	switch {
	case ctx.Err() != nil:
		return Interrupted, err
	case err != nil || result.Failed():
		return Broken, err
	case result.Verdict() == checklist.Skip:
		return Unchanged, nil
	}
	return RolledBack, nil
}

func (p Promoter) mark(ctx context.Context, record history.Promotion, state history.State, description string) error {
	return p.History.Mark(ctx, record.ID, history.Status{State: state, Description: description})
}

func (p Promoter) interruptedOr(ctx context.Context, outcome Outcome) Outcome {
	if ctx.Err() != nil {
		return Interrupted
	}
	return outcome
}

// why names the first item that failed.
func why(step Step, result checklist.Checklist) string {
	for _, item := range result.Items {
		if item.Verdict == checklist.Fail || item.Verdict == checklist.Inconclusive {
			return fmt.Sprintf("%s: %s: %s", step.Verb, item.Title, item.Evidence)
		}
	}
	return step.Verb + " failed"
}
