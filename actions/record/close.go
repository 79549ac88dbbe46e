package record

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// ended is how one step of a job ended, as ${{ toJSON(steps) }} has it:
// https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#steps-context
type ended struct {
	Outcome string            `json:"outcome"`
	Outputs map[string]string `json:"outputs"`
}

// The outcomes of a step.
const (
	success   = "success"
	failure   = "failure"
	cancelled = "cancelled"
	skipped   = "skipped"
)

// ending is what the steps of a job came to.
type ending struct {
	// stop is where the promotion did not go on, nil when every step passed.
	stop *promotion.Stop
	// cancelled tells that a person, or the time limit of the job, ended it.
	cancelled bool
}

// judge finds where the steps of a promotion stopped. A step that is missing, or that was passed over though the one before
// it passed, is where the job was cancelled.
func judge(text string, p promotion.Promoter) (ending, error) {
	var steps map[string]ended
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		return ending{}, problem.Wrong("Set it to ${{ toJSON(steps) }}", "how the steps ended cannot be read: %w", err)
	}
	open, there := steps["open"]
	if !there {
		return ending{}, problem.Wrong("call the steps by their verbs, and the watch watch; set this to ${{ toJSON(steps) }} in the same job", "the steps do not have the one that opened the record, open")
	}
	order := promotion.Order()[1:]
	changed := open.Outputs["goes-on"] == "true" || slices.ContainsFunc(order, func(step promotion.Step) bool {
		outcome := steps[step.ID()].Outcome
		return p.Changes(step) && outcome != skipped && outcome != ""
	})
	for _, step := range order {
		if step.Watch && !p.Watch {
			continue
		}
		one := steps[step.ID()]
		stop := promotion.Stop{Step: step, Verdict: checklist.Fail, Changed: changed}
		switch one.Outcome {
		case success:
			continue
		case failure:
			if one.Outputs["verdict"] == string(checklist.Inconclusive) {
				stop.Verdict = checklist.Inconclusive
			}
			stop.Reason = step.ID() + ": " + cmp.Or(one.Outputs["reason"], "it failed, and its log says why")
			return ending{stop: &stop}, nil
		case cancelled, skipped, "":
			stop.Reason = "cancelled at " + step.ID()
			return ending{stop: &stop, cancelled: true}, nil
		default:
			return ending{}, problem.Unknown("use the newest version of airlock", "the step %s ended as %.40q, which this version does not know", step.ID(), one.Outcome)
		}
	}
	return ending{}, nil
}

func closeRecord(ctx context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	record, err := find(ctx, workspace, call.Inputs.String("promotion"))
	if err != nil {
		return verb.Result{}, err
	}
	p := promoter(call, workspace, record.Release)
	came, err := judge(call.Inputs.String("steps"), p)
	if err != nil {
		return verb.Result{}, err
	}
	result := verb.Result{Checklist: call.Checklist(), Steering: map[string]string{}}
	result.Checklist.Release = record.Release.Name()
	if call.Inputs.Bool("dry-run") {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{ID: "close", Title: "The record is closed", Verdict: checklist.Skip, Evidence: "would close promotion " + record.ID})
		return result, nil
	}
	// What went wrong is in the checklist.
	_ = result.Checklist.Do(ctx, "close", "The record is closed", func(ctx context.Context) (checklist.Result, error) {
		// What came to an end, by another call or by a rollback, is not opened again.
		state := record.State()
		if state == history.Failure && came.stop == nil {
			return checklist.Result{}, problem.Unknown("look at what serves, then promote it again", "every step passed, and promotion %s was taken back meanwhile", record.ID)
		}
		if state == history.Success || state == history.Failure {
			return checklist.Skipped(fmt.Sprintf("promotion %s is closed already: %s", record.ID, state)), nil
		}
		if came.stop == nil {
			return finish(ctx, p, record)
		}
		_, back, err := p.Settle(ctx, record, *came.stop)
		if err != nil {
			return checklist.Result{}, err
		}
		closed := checklist.Result{Verdict: checklist.Warn, Evidence: fmt.Sprintf("promotion %s: %s", record.ID, came.stop.Reason)}
		switch {
		case back && came.cancelled:
			// A cancelled job has five minutes left, which migrations may not fit into.
			result.Steering["way"], closed.Hint = "image", "the image way back is taken"
		case back:
			result.Steering["way"], closed.Hint = "auto", "the way back is taken"
		case came.stop.Changed:
			closed.Hint = "the release stays in place: look at it, then promote it again, or roll back"
		}
		return closed, nil
	})
	return result, nil
}

func finish(ctx context.Context, p promotion.Promoter, record history.Promotion) (checklist.Result, error) {
	outcome, err := p.Finish(ctx, record)
	if err != nil {
		return checklist.Result{}, err
	}
	if outcome != promotion.Promoted {
		return checklist.Result{}, problem.Unknown("look at who deployed it, then promote again", "something else than %s is served at the end, or it cannot be told", record.Release.Name())
	}
	return checklist.Passed(fmt.Sprintf("promotion %s: %s is served and verified", record.ID, record.Release.Name())), nil
}

// find returns the record of that name: it must be the newest, since nothing is promoted past an open one.
func find(ctx context.Context, workspace *verb.Workspace, id string) (history.Promotion, error) {
	promotions, err := workspace.History.List(ctx, workspace.Name)
	if err != nil {
		return history.Promotion{}, err
	}
	if len(promotions) == 0 || promotions[0].ID != id || promotions[0].Task != history.Promote {
		return history.Promotion{}, problem.Unknown("`airlock record list` shows what was promoted", "promotion %.40q is not the newest of %s", id, workspace.Name)
	}
	return promotions[0], nil
}
