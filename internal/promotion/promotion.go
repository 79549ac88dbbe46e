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
	// Watch tells whether the environment is watched after the release is verified.
	Watch bool
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
	promotions, err := p.History.List(ctx, p.Environment)
	if err != nil {
		return Refused, nil, err
	}
	steps := Order()
	preflight, err := p.Run(ctx, steps[0])
	if err != nil || preflight.Failed() {
		return p.interruptedOr(ctx, Refused), nil, err
	}
	open, current := history.HalfDone(promotions), history.Current(promotions)
	goesOn := open != nil && open.Release.Same(p.Release)
	served, err := p.served(ctx, open, current)
	switch {
	case err != nil:
		return Refused, nil, err
	case served && p.DryRun:
		return AlreadyServed, nil, nil
	case p.DryRun:
		outcome, err := p.plan(ctx, steps[1:])
		return outcome, nil, err
	case served:
		verified, err := p.Run(ctx, Step{Verb: "verify", Command: "once", Patient: true})
		if err != nil || verified.Failed() {
			return Unchanged, nil, err
		}
		return AlreadyServed, nil, nil
	case goesOn:
		err = p.mark(ctx, *open, history.InProgress, "gone on with")
	default:
		open, err = p.begin(ctx, open, current)
	}
	if err != nil {
		return Refused, nil, err
	}
	outcome, err := p.follow(ctx, *open, steps[1:], goesOn)
	return outcome, open, err
}

// served tells whether there is nothing to do: the record, the host and the database all say that the release is served.
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

// begin opens the record: from here on an interruption can be found again. The way back leads to what was served well,
// also across an unsettled promotion that this one goes forward from.
func (p Promoter) begin(ctx context.Context, unsettled, current *history.Promotion) (*history.Promotion, error) {
	record := history.Promotion{Task: history.Promote, Environment: p.Environment, Release: p.Release}
	if current != nil {
		record.From = &current.Release
	}
	if unsettled != nil {
		record.FromSchema = unsettled.FromSchema
	} else {
		schema, err := p.Schema(ctx)
		if err != nil {
			return nil, err
		}
		record.FromSchema = schema
	}
	record, err := p.History.Create(ctx, record)
	return &record, err
}

// follow runs the steps after preflight and closes the record, unless the run is interrupted. changed tells that an
// earlier run of the same promotion may have changed something.
func (p Promoter) follow(ctx context.Context, record history.Promotion, steps []Step, changed bool) (Outcome, error) {
	for _, step := range steps {
		if step.Watch && !p.Watch {
			continue
		}
		changed = changed || step.Changes
		result, err := p.Run(ctx, step)
		switch {
		case ctx.Err() != nil:
			return Interrupted, err
		case err != nil:
			return p.wayBack(ctx, record, fmt.Sprintf("%s: %v", step.Verb, err), changed)
		case result.Verdict() == checklist.Inconclusive && step.Verb == "verify" && !p.RollBackInconclusive:
			return Stopped, p.mark(ctx, record, history.Error, why(step, result)+"; the release stays in place")
		case result.Failed():
			return p.wayBack(ctx, record, why(step, result), changed)
		}
	}
	// Whoever deployed something else meanwhile must not have it recorded as proven.
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

// wayBack records why the promotion failed, and undoes what it changed. The rollback closes the record itself, so that it
// is closed as well when people roll back by hand what was interrupted here.
func (p Promoter) wayBack(ctx context.Context, record history.Promotion, reason string, changed bool) (Outcome, error) {
	if !changed {
		return Unchanged, p.mark(ctx, record, history.Failure, reason+"; nothing was changed")
	}
	if err := p.mark(ctx, record, history.Error, reason); err != nil {
		return Broken, err
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
