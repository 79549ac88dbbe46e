package rollback

import (
	"context"
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/probe"
	"github.com/randomchaoslabs/airlock/internal/wayback"
)

// run follows the cheapest way that leads back, and records how it ended.
func (r *rollback) run(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	ways := map[wayback.Kind]wayback.Way{}
	for _, way := range wayback.Ways(r.facts) {
		ways[way.Kind] = way
	}
	wanted := r.call.Inputs.String("way")
	// When the migrations are taken back already, which a run that was killed may have done, the image is all that is left.
	image := (wanted != "schema" || ways[wayback.Image].Certainty == wayback.Proven) && ways[wayback.Image].Certainty != wayback.Impossible
	// Taking migrations back loses what users wrote since: once a promotion has ended well, only a person says so.
	schema := ways[wayback.Schema].Certainty != wayback.Impossible && (wanted == "schema" || wanted == "auto" && r.unsettled())
	var seen checklist.Verdict
	if image {
		seen = r.byImage(ctx, schema)
		if seen == checklist.Pass {
			return r.end(ctx, fmt.Sprintf("%s by the image way; the schema stays at version %d", r.target(), r.facts.Schema))
		}
	}
	// What could not be told is no reason to lose data.
	if schema && seen != checklist.Inconclusive && ctx.Err() == nil {
		seen = r.bySchema(ctx)
		if seen == checklist.Pass {
			return r.end(ctx, fmt.Sprintf("%s by the schema way, to version %d", r.target(), r.undone.FromSchema))
		}
	}
	return r.lost(ctx, seen, schema, ways)
}

// lost says that no way led back, and what is left, and records it; schema tells whether that way was taken; a cancelled way back stays open, to be gone on with.
func (r *rollback) lost(ctx context.Context, seen checklist.Verdict, schema bool, ways map[wayback.Kind]wayback.Way) error {
	if ctx.Err() != nil {
		return nil
	}
	result := checklist.Result{Verdict: checklist.Fail, Evidence: "no way led back to " + r.target()}
	if seen == checklist.Inconclusive {
		result = checklist.Result{Verdict: checklist.Inconclusive, Evidence: r.target() + " was brought back, and whether it works cannot be told"}
	}
	result.Hint = "restoring is left, by hand: " + ways[wayback.Restore].Reason
	if way := ways[wayback.Schema]; !schema && way.Certainty != wayback.Impossible {
		result.Hint = "the schema way is left, --way schema: " + way.Reason
	} else if ways[wayback.Restore].Certainty == wayback.Impossible {
		result.Hint = fmt.Sprintf("image: %s; schema: %s; restore: %s", ways[wayback.Image].Reason, way.Reason, ways[wayback.Restore].Reason)
	}
	// A version that had ended well is better than one that the checks refuse.
	if r.record.Task == history.Rollback && seen == checklist.Fail && !schema && r.forward(ctx) {
		result.Evidence += "; " + r.undone.Release.Name() + " serves again"
		r.conclude(result)
		return r.mark(ctx, history.Failure, result.Evidence)
	}
	r.conclude(result)
	return r.mark(ctx, history.Error, result.Evidence)
}

// forward serves again what served before the rollback was asked for.
func (r *rollback) forward(ctx context.Context) bool {
	err := r.list.Do(ctx, "forward", "What served before serves again", func(ctx context.Context) (checklist.Result, error) {
		return checklist.Passed(r.undone.Release.Name()), r.host.Serve(ctx, r.undone.Release.Image, nil)
	})
	return err == nil
}

// byImage serves the previous version on the schema as it is, and returns what its checks say. When another way is left, a
// no is a warning.
func (r *rollback) byImage(ctx context.Context, another bool) checklist.Verdict {
	if !r.serve(ctx, another) {
		return checklist.Fail
	}
	return r.works(ctx, "checks", "It works on the schema as it is", another)
}

// bySchema takes the promotion's migrations back and serves the previous version.
func (r *rollback) bySchema(ctx context.Context) checklist.Verdict {
	err := r.list.Do(ctx, "schema", "Migrations are taken back", func(ctx context.Context) (checklist.Result, error) {
		progress := r.call.Progress("migrate down")
		defer progress.Done()
		names, err := r.workspace.MigrateDown(ctx, r.undone.FromSchema, progress)
		if err != nil {
			return checklist.Result{}, err
		}
		return checklist.Passed(fmt.Sprintf("from version %d to %d: %s", r.facts.Schema, r.undone.FromSchema, strings.Join(names, ", "))), nil
	})
	if err != nil || !r.serve(ctx, false) {
		return checklist.Fail
	}
	return r.works(ctx, "checks-again", "It works on the schema of before", false)
}

// serve puts the previous version in front of users; without one, it stops the promotion's.
func (r *rollback) serve(ctx context.Context, another bool) bool {
	progress := r.call.Progress("rollback " + r.workspace.Name)
	defer progress.Done()
	serves := false
	_ = r.list.Do(ctx, "serve", "The previous version serves", func(ctx context.Context) (checklist.Result, error) {
		evidence, err := "nothing was served before; what served is stopped", error(nil)
		if r.undone.From == nil {
			err = r.host.Stop(ctx)
		} else {
			evidence, err = r.undone.From.Name(), r.host.Serve(ctx, r.undone.From.Image, progress)
		}
		serves = err == nil
		if err != nil && another && ctx.Err() == nil {
			return checklist.Result{Verdict: checklist.Warn, Evidence: err.Error(), Hint: "the schema way is taken"}, nil
		}
		return checklist.Passed(evidence), err
	})
	return serves
}

// works adds what the checks say about the previous version.
func (r *rollback) works(ctx context.Context, id, title string, another bool) checklist.Verdict {
	if r.undone.From == nil {
		return checklist.Pass // Nothing serves, and nothing did.
	}
	seen := checklist.Pass
	_ = r.list.Do(ctx, id, title, func(ctx context.Context) (checklist.Result, error) {
		result := r.check(ctx)
		seen = result.Verdict
		if seen == checklist.Fail && another {
			result.Verdict, result.Hint = checklist.Warn, "the schema way is taken"
		}
		return result, nil
	})
	return seen
}

// check looks through the previous version's own checks until they pass, for as long as the application may take to start.
func (r *rollback) check(ctx context.Context) checklist.Result {
	probes, end, err := r.workspace.ProbesAt(ctx, r.undone.From.Commit)
	defer end()
	if err != nil {
		return checklist.Result{Verdict: checklist.Inconclusive, Evidence: err.Error()}
	}
	result := checklist.Passed(fmt.Sprintf("%d checks pass", len(probes)))
	var open []string
	for _, look := range probe.Settle(ctx, probes, r.workspace.StartTimeout()) {
		switch {
		case look.Verdict == checklist.Pass:
			continue
		case look.Verdict == checklist.Fail:
			result.Verdict = checklist.Fail
		case result.Verdict == checklist.Pass:
			result.Verdict = checklist.Inconclusive
		}
		open = append(open, look.Name+": "+look.Evidence)
	}
	if len(open) > 0 {
		result.Evidence = strings.Join(open, "; ")
	}
	return result
}

// begin opens a record of its own when the promotion had ended well: then this is a new thing that someone does.
func (r *rollback) begin(ctx context.Context) (err error) {
	if r.record.State() != history.Success {
		return nil
	}
	record := history.Promotion{Task: history.Rollback, Environment: r.workspace.Name, From: &r.undone.Release, FromSchema: r.facts.Schema, Config: r.undone.Config}
	if r.undone.From != nil {
		record.Release = *r.undone.From
	}
	r.record, err = r.workspace.History.Create(ctx, record)
	return err
}

// end says and records that a way led back: the promotion failed and is undone, or the rollback of one that had ended well
// succeeded.
func (r *rollback) end(ctx context.Context, how string) error {
	if r.torn != "" {
		result := r.doubt()
		r.conclude(result)
		return r.mark(ctx, history.Error, result.Evidence)
	}
	r.conclude(checklist.Passed(how))
	if r.record.Task == history.Rollback {
		return r.mark(ctx, history.Success, how)
	}
	return r.mark(ctx, history.Failure, "rolled back: "+how)
}

func (r *rollback) mark(ctx context.Context, state history.State, description string) error {
	return r.workspace.History.Mark(ctx, r.record.ID, history.Status{State: state, Description: description})
}
