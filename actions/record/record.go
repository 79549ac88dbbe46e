// Package record keeps the record of promotions where the verbs of a promotion are called one by one.
package record

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb record.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "record", ActionYAML: actionYAML, Run: run,
		Uses:   slices.Concat(verb.DatabaseUses(), verb.DeployUses(), []string{"promotion", "environments.*.rehearsal", "environments.*.watch"}),
		NotYet: verb.PromotionNotYet(),
	}
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	switch call.Inputs.Command() {
	case "open":
		return open(ctx, call)
	case "close":
		return closeRecord(ctx, call)
	case "recover":
		return recoverRecords(ctx, call)
	}
	return list(ctx, call)
}

// promoter is the promotion of a release into the environment of the workspace, whose steps others run.
func promoter(call *verb.Call, workspace *verb.Workspace, release history.Release) promotion.Promoter {
	watch := workspace.Environment.Watch
	rehearsal, _ := workspace.Rehearsal()
	return promotion.Promoter{
		History: workspace.History, Environment: workspace.Name, Release: release, Config: call.Inputs.String("config"), Schema: workspace.Schema, Serving: workspace.Serving,
		RehearsesInPlace: rehearsal == verb.InPlace, Watch: watch != nil, RollBackInconclusive: watch != nil && watch.OnInconclusive == "rollback",
	}
}

func open(ctx context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	release, err := workspace.Release(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return verb.Result{}, err
	}
	result := verb.Result{Checklist: call.Checklist(), Steering: map[string]string{}}
	result.Checklist.Release = release.Name()
	p := promoter(call, workspace, release)
	// What went wrong is in the checklist.
	_ = result.Checklist.Do(ctx, "open", "The record is open", func(ctx context.Context) (checklist.Result, error) {
		begin := p.Open
		if call.Inputs.Bool("dry-run") {
			begin = p.Look
		}
		opening, err := begin(ctx)
		if err != nil {
			return checklist.Result{}, err
		}
		result.Steering["served"], result.Steering["goes-on"] = strconv.FormatBool(opening.Served), strconv.FormatBool(opening.GoesOn)
		result.Steering["watch"], result.Steering["within"] = strconv.FormatBool(p.Watch), workspace.StartTimeout().String()
		result.Steering["promotion"] = opening.Record.ID
		switch {
		case opening.Served:
			return checklist.Skipped(release.Name() + " is served already: it is verified once more, and nothing is recorded"), nil
		case call.Inputs.Bool("dry-run"):
			return checklist.Skipped("would record the promotion of " + release.Name()), nil
		case opening.GoesOn:
			return checklist.Passed("goes on with promotion " + opening.Record.ID), nil
		}
		return checklist.Passed(fmt.Sprintf("promotion %s of %s, from %s on schema version %d", opening.Record.ID, release.Name(), from(opening.Record), opening.Record.FromSchema)), nil
	})
	return result, nil
}

func from(record history.Promotion) string {
	if record.From == nil {
		return "nothing"
	}
	return record.From.Name()
}

// recorded returns the record, once it is known that the config has the environment: of one that it has not, nothing is
// recorded, which would look as if nothing had been promoted.
func recorded(call *verb.Call) (history.Store, error) {
	loaded, err := call.LoadConfig()
	if err == nil {
		err = loaded.Has(call.Inputs.String("environment"))
	}
	if err != nil {
		return nil, err
	}
	return call.History()
}

// list shows what the record says, newest first.
func list(ctx context.Context, call *verb.Call) (verb.Result, error) {
	store, err := recorded(call)
	if err != nil {
		return verb.Result{}, err
	}
	promotions, err := store.List(ctx, call.Inputs.String("environment"))
	if err != nil {
		return verb.Result{}, err
	}
	result := verb.Result{Checklist: call.Checklist()}
	for _, one := range promotions {
		result.Checklist.Items = append(result.Checklist.Items, item(one))
	}
	if len(promotions) == 0 {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{ID: "none", Title: "Nothing was promoted yet", Verdict: checklist.Skip})
	}
	return result, nil
}

// item is one promotion for people. The list is no judgement: what failed long ago is shown, and fails nothing.
func item(one history.Promotion) checklist.Item {
	title := one.Release.Name()
	if one.Task == history.Rollback {
		title = "back to " + title
		if one.Release.Image == "" {
			title = "back to nothing"
		}
	}
	shown := checklist.Item{ID: "promotion-" + one.ID, Title: title, Verdict: checklist.Pass}
	state := one.State()
	switch {
	case one.Succeeded():
		state = history.Success
	case state == history.Failure:
		shown.Verdict = checklist.Skip
	default:
		shown.Verdict = checklist.Warn
	}
	shown.Evidence = fmt.Sprintf("%s, %s", one.Created.UTC().Format("2006-01-02 15:04 MST"), state)
	if count := len(one.Statuses); count > 0 && one.Statuses[count-1].Description != "" {
		shown.Evidence += ": " + one.Statuses[count-1].Description
	}
	shown.Evidence += " (" + one.ID + ")"
	return shown
}

// recoverRecords closes as unsettled what a run left open whose runner was lost: nobody knows how far it came. It needs
// neither the environment's secrets nor its host.
func recoverRecords(ctx context.Context, call *verb.Call) (verb.Result, error) {
	store, err := recorded(call)
	if err != nil {
		return verb.Result{}, err
	}
	environment, run := call.Inputs.String("environment"), call.RunID()
	result := verb.Result{Checklist: call.Checklist()}
	// What went wrong is in the checklist.
	_ = result.Checklist.Do(ctx, "recover", "What a lost run left open is closed", func(ctx context.Context) (checklist.Result, error) {
		promotions, err := store.List(ctx, environment)
		if err != nil {
			return checklist.Result{}, err
		}
		// Only the newest can be open: nothing is promoted past one.
		if len(promotions) == 0 || promotions[0].State() != history.InProgress {
			return checklist.Skipped("nothing is open"), nil
		}
		newest := promotions[0]
		name := fmt.Sprintf("promotion %s of %s", newest.ID, newest.Release.Name())
		hint := "run the same again: it goes on where it stopped; or go back with rollback.yml, or `airlock rollback --environment " + environment + "`"
		if newest.Task == history.Rollback {
			name, hint = fmt.Sprintf("rollback %s", newest.ID), "finish it with rollback.yml, or `airlock rollback --environment "+environment+"`"
		}
		if last := newest.LastRun(); run != "" && last != run {
			owner := "no run on GitHub"
			if last != "" {
				owner = "run " + last
			}
			return checklist.Skipped(fmt.Sprintf("%s is open and belongs to %s", name, owner)), nil
		}
		if call.Inputs.Bool("dry-run") {
			return checklist.Skipped("would close " + name), nil
		}
		status := history.Status{State: history.Error, Description: "the run was lost before it ended; how far it came is not known"}
		if err := store.Mark(ctx, newest.ID, status); err != nil {
			return checklist.Result{}, err
		}
		return checklist.Result{Verdict: checklist.Warn, Evidence: name + ": " + status.Description, Hint: hint}, nil
	})
	return result, nil
}
