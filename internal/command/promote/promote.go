// Package promote takes one release through the environments of the config on a laptop, in the order that the workflow
// follows on GitHub.
package promote

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed command.yml
var declaration []byte

// Verb returns the command promote.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "promote", ActionYAML: declaration, Run: run,
		Uses: []string{
			"promotion", "environments.*.approval.by", "environments.*.evidence", "environments.*.rehearsal", "environments.*.watch",
		},
		NotYet: verb.PromotionNotYet(),
	}
}

// NotApproved is the reason of a promotion that a person said no to.
const NotApproved = "not approved"

// Environment is how the promotion into one environment ended.
type Environment struct {
	Name       string                `json:"environment"`
	Outcome    promotion.Outcome     `json:"outcome"`
	Reason     string                `json:"reason,omitempty"`
	Promotion  string                `json:"promotion,omitempty"`
	Checklists []checklist.Checklist `json:"checklists"`
}

// Report is how the whole promotion ended.
type Report struct {
	Verdict      checklist.Verdict `json:"verdict"`
	Release      history.Release   `json:"release"`
	Environments []Environment     `json:"environments"`
	// Error and Hint say why the promotion could not go on, when it could not.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	loaded, err := call.LoadConfig()
	if err != nil {
		return verb.Result{}, err
	}
	order, err := environments(call, loaded)
	if err != nil {
		return verb.Result{}, err
	}
	workspaces, err := prepare(call, order)
	if err != nil {
		return verb.Result{}, err
	}
	release, err := workspaces[0].Release(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return verb.Result{}, err
	}
	report := Report{Verdict: checklist.Pass, Release: release, Environments: []Environment{}}
	for _, workspace := range workspaces {
		var one Environment
		one, err = into(ctx, call, workspace, release)
		if err != nil && len(report.Environments)+len(one.Checklists) == 0 {
			return verb.Result{}, err // Nothing happened that could be reported.
		}
		report.Verdict = verdict(one.Outcome)
		if err != nil {
			report.Verdict, report.Error, report.Hint = undone(err), call.Redact(err.Error()), call.Redact(problem.Hint(err))
			one.Reason = cmp.Or(one.Reason, report.Error)
		}
		report.Environments = append(report.Environments, one)
		// A dry run proves nothing, and what comes next would be refused for the want of proof.
		if err != nil || !one.Outcome.Good() || one.Outcome == promotion.Planned {
			break
		}
	}
	return verb.Result{Document: &verb.Document{Verdict: report.Verdict, Text: text(report, order), Value: report}}, err
}

// cannotGoOn is the outcome of a promotion that an error ended: how far it came is in the history.
const cannotGoOn promotion.Outcome = "could not go on"

// undone is the verdict of a promotion that an error ended.
func undone(err error) checklist.Verdict {
	if problem.KindOf(err) == problem.Inconclusive {
		return checklist.Inconclusive
	}
	return checklist.Fail
}

// environments returns the order up to the environment that is asked for, and refuses what a laptop cannot approve before
// anything is touched.
func environments(call *verb.Call, loaded *config.Config) ([]string, error) {
	order := loaded.Promotion
	if len(order) == 0 {
		return nil, problem.Wrong("for example promotion: [sandbox, production]", "the config has no order of promotion")
	}
	if last := call.Inputs.String("environment"); last != "" {
		place := slices.Index(order, last)
		if place < 0 {
			return nil, problem.Wrong("the order is "+strings.Join(order, ", "), "the environment %.80q is not in the order of promotion", last)
		}
		order = order[:place+1]
	}
	for _, name := range order {
		if err := call.Verb.Refuse(loaded, name); err != nil {
			return nil, err
		}
		approval := loaded.Environments[name].Approval
		if approval != nil && approval.By != "terminal" {
			return nil, loaded.Refuse("environments."+name+".approval.by", "this environment is approved on GitHub, and a laptop must not pass that by",
				"promote it with the workflow, or stop before it: --environment")
		}
		if loaded.Environments[name].Evidence != nil {
			return nil, loaded.Refuse("environments."+name+".evidence", "evidence is shown on GitHub, and a laptop must not pass that by",
				"promote it with the workflow, or stop before it: --environment")
		}
		if approval != nil && !call.CanAsk && !call.Inputs.Bool("yes") && !call.Inputs.Bool("dry-run") {
			return nil, problem.Wrong("answer beforehand with --yes, or stop before it: --environment", "%s asks for an approval, and nobody is at a terminal", name)
		}
	}
	return order, nil
}

// prepare finds out what is wrong with any environment, or with the folder for reports, before the first is touched.
func prepare(call *verb.Call, order []string) ([]*verb.Workspace, error) {
	var workspaces []*verb.Workspace
	for _, name := range order {
		workspace, err := call.WorkspaceOf(name)
		if err != nil {
			return nil, err
		}
		if _, err := workspace.Rollout(); err != nil {
			return nil, err
		}
		workspaces = append(workspaces, workspace)
	}
	return workspaces, reports(call)
}

// into promotes into one environment, once it is approved.
func into(ctx context.Context, call *verb.Call, workspace *verb.Workspace, release history.Release) (Environment, error) {
	one := Environment{Name: workspace.Name, Outcome: cannotGoOn, Checklists: []checklist.Checklist{}}
	unlock, err := workspace.Lock()
	if err != nil {
		return one, err
	}
	defer unlock()
	approved, err := approve(ctx, call, workspace, release)
	if err != nil {
		return one, err
	}
	if !approved {
		one.Outcome, one.Reason = promotion.Refused, NotApproved
		return one, nil
	}
	promoter := promotion.Promoter{
		History: workspace.History, Environment: one.Name, Release: release, Config: call.Inputs.String("config"), DryRun: call.Inputs.Bool("dry-run"),
		Schema: workspace.Schema, Serving: workspace.Serving,
		Run: func(ctx context.Context, step promotion.Step) (checklist.Checklist, error) {
			list, err := follow(ctx, call, workspace, release, step)
			if err != nil {
				return list, err
			}
			one.Checklists = append(one.Checklists, list)
			keep(call, one.Name, len(one.Checklists), list)
			return list, nil
		},
	}
	rehearsal, _ := workspace.Rehearsal()
	promoter.RehearsesInPlace = rehearsal == verb.InPlace
	if watch := workspace.Environment.Watch; watch != nil {
		promoter.Watch, promoter.RollBackInconclusive = true, watch.OnInconclusive == "rollback"
	}
	outcome, record, err := promoter.Promote(ctx)
	if record != nil {
		one.Promotion = record.ID
	}
	if err == nil || outcome == promotion.Interrupted || outcome == promotion.Broken {
		one.Outcome, one.Reason = outcome, reason(outcome, one.Name, one.Checklists)
	}
	return one, err
}

// approve asks the person at the terminal where the config says so, and shows what the answer rests on.
func approve(ctx context.Context, call *verb.Call, workspace *verb.Workspace, release history.Release) (bool, error) {
	if workspace.Environment.Approval == nil || call.Inputs.Bool("dry-run") {
		return true, nil
	}
	promotions, err := workspace.History.List(ctx, workspace.Name)
	if err != nil {
		return false, err
	}
	served := "nothing"
	if current := history.Current(promotions); current != nil {
		if current.Release.Same(release) {
			return true, nil
		}
		served = checklist.OneLine(current.Release.Name())
	}
	schema, err := workspace.Schema(ctx)
	if err != nil {
		return false, err
	}
	if call.Inputs.Bool("yes") {
		call.Say(fmt.Sprintf("approved by --yes: %s replaces %s in %s", release.Name(), served, workspace.Name))
		return true, nil
	}
	return call.Ask(ctx, fmt.Sprintf("%s serves %s with schema version %d; %s brings version %d. Promote %s into %s?",
		workspace.Name, served, schema, release.Name(), release.Schema, release.Name(), workspace.Name))
}

// follow calls the verb of one step and shows its checklist. The verb gets the release and the config that this promotion
// began with.
func follow(ctx context.Context, call *verb.Call, workspace *verb.Workspace, release history.Release, step promotion.Step) (checklist.Checklist, error) {
	given := map[string]string{"config": call.Inputs.String("config"), "environment": workspace.Name, "dry-run": call.Inputs.String("dry-run")}
	if step.Command != "" {
		given["command"] = step.Command
	}
	if step.Release {
		given["image"], given["label"] = call.Inputs.String("image"), call.Inputs.String("label")
	}
	if step.Patient {
		given["within"] = workspace.StartTimeout().String()
	}
	result, err := call.Run(ctx, verb.Request{
		Verb: step.Verb, Directory: call.Directory, Given: given, Lookup: call.Lookup, Config: call.Config, Release: &release, Locked: true,
	})
	if err != nil {
		return checklist.Checklist{}, fmt.Errorf("%s: %w", step.Verb, err)
	}
	call.Show(result.Checklist)
	return result.Checklist, nil
}

// reports makes the folder for reports, when there is one, and tries whether it can be written to.
func reports(call *verb.Call) error {
	folder := call.Inputs.String("reports")
	if folder == "" {
		return nil
	}
	folder = call.Path(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return problem.Wrong("name another one with --reports", "the folder for reports cannot be made: %w", err)
	}
	trial, err := os.CreateTemp(folder, ".airlock-")
	if err == nil {
		err = errors.Join(trial.Close(), os.Remove(trial.Name()))
	}
	if err != nil {
		return problem.Wrong("name another one with --reports", "the folder for reports cannot be written to: %w", err)
	}
	return nil
}

// keep writes the JSON of a checklist into the folder for reports, when there is one. A report that cannot be written is no
// reason to undo what it reports on.
func keep(call *verb.Call, environment string, number int, list checklist.Checklist) {
	folder := call.Inputs.String("reports")
	if folder == "" {
		return
	}
	name := fmt.Sprintf("%s-%02d-%s.json", environment, number, strings.Trim(list.Verb+"-"+list.Command, "-"))
	if err := checklist.WriteFile(filepath.Join(call.Path(folder), name), list); err != nil {
		call.Say(fmt.Sprintf("warning: the report %s cannot be written: %v", name, err))
	}
}

// reason says what stood in the way, the first item that failed, or how to go on after an interruption.
func reason(outcome promotion.Outcome, environment string, lists []checklist.Checklist) string {
	switch {
	case outcome.Good():
		return ""
	case outcome == promotion.Interrupted:
		return "run the same again to go on with it, or airlock rollback --environment " + environment + " to go back"
	}
	for _, list := range lists {
		for _, item := range list.Items {
			if item.Verdict == checklist.Fail || item.Verdict == checklist.Inconclusive {
				return fmt.Sprintf("%s: %s: %s", list.Verb, item.Title, item.Evidence)
			}
		}
	}
	return ""
}

// verdict is what an outcome means for the whole: only a good one is a pass, and what cannot be told is never one.
func verdict(outcome promotion.Outcome) checklist.Verdict {
	switch {
	case outcome.Good():
		return checklist.Pass
	case outcome == promotion.Stopped || outcome == promotion.Interrupted:
		return checklist.Inconclusive
	}
	return checklist.Fail
}

// unless says what a dry run leaves open.
func unless(report Report) string {
	if last := report.Environments[len(report.Environments)-1]; last.Outcome == promotion.Planned {
		return ": it asks for the proof that a promotion into " + last.Name + " gives"
	}
	return ""
}

// text sums up for people what came of each environment of the order, also of those that were not reached.
func text(report Report, order []string) string {
	var out strings.Builder
	for i, name := range order {
		if i >= len(report.Environments) {
			fmt.Fprintf(&out, "%s: not reached, untouched%s\n", name, unless(report))
			continue
		}
		one := report.Environments[i]
		fmt.Fprintf(&out, "%s: %s %s\n", name, checklist.OneLine(report.Release.Name()), one.Outcome)
		if one.Reason != "" {
			fmt.Fprintf(&out, "  %s\n", checklist.OneLine(one.Reason))
		}
	}
	return out.String()
}
