// Package promote takes one release through the environments of the config on a laptop, in the order that the workflow
// follows on GitHub.
package promote

import (
	"bytes"
	"context"
	_ "embed"
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
			"promotion", "environments.*.approval.by", "environments.*.watch",
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
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	order, err := environments(call)
	if err != nil {
		return verb.Result{}, err
	}
	report := Report{Verdict: checklist.Pass}
	for _, name := range order {
		one, release, err := into(ctx, call, name)
		if err != nil {
			return verb.Result{}, err
		}
		report.Release = release
		report.Environments = append(report.Environments, one)
		// A dry run proves nothing, and what comes next would be refused for the want of proof.
		if report.Verdict = verdict(one.Outcome); !one.Outcome.Good() || one.Outcome == promotion.Planned {
			break
		}
	}
	return verb.Result{Document: &verb.Document{Verdict: report.Verdict, Text: text(report, order), Value: report}}, nil
}

// environments returns the order up to the environment that is asked for, and refuses what a laptop cannot approve before
// anything is touched.
func environments(call *verb.Call) ([]string, error) {
	loaded, err := config.Load(call.Path(call.Inputs.String("config")))
	if err != nil {
		return nil, err
	}
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
		if approval != nil && !call.CanAsk && !call.Inputs.Bool("yes") && !call.Inputs.Bool("dry-run") {
			return nil, problem.Wrong("answer beforehand with --yes, or stop before it: --environment", "%s asks for an approval, and nobody is at a terminal", name)
		}
	}
	return order, nil
}

// into promotes into one environment, once it is approved.
func into(ctx context.Context, call *verb.Call, name string) (Environment, history.Release, error) {
	one := Environment{Name: name, Checklists: []checklist.Checklist{}}
	workspace, err := call.WorkspaceOf(name)
	if err != nil {
		return one, history.Release{}, err
	}
	release, err := workspace.Release(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return one, release, err
	}
	unlock, err := workspace.Lock()
	if err != nil {
		return one, release, err
	}
	defer unlock()
	approved, err := approve(ctx, call, workspace, release)
	if err != nil {
		return one, release, err
	}
	if !approved {
		one.Outcome, one.Reason = promotion.Refused, NotApproved
		return one, release, nil
	}
	promoter := promotion.Promoter{
		History: workspace.History, Environment: name, Release: release, DryRun: call.Inputs.Bool("dry-run"), Schema: workspace.Schema,
		Run: func(ctx context.Context, step promotion.Step) (checklist.Checklist, error) {
			list, err := follow(ctx, call, name, step)
			if err != nil {
				return list, err
			}
			one.Checklists = append(one.Checklists, list)
			return list, keep(call, name, len(one.Checklists), list)
		},
	}
	if watch := workspace.Environment.Watch; watch != nil {
		promoter.Watch, promoter.RollBackInconclusive = true, watch.OnInconclusive == "rollback"
	}
	outcome, record, err := promoter.Promote(ctx)
	if err != nil {
		return one, release, err
	}
	one.Outcome, one.Reason = outcome, reason(outcome, name, one.Checklists)
	if record != nil {
		one.Promotion = record.ID
	}
	return one, release, nil
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
		served = current.Release.Name()
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

// follow calls the verb of one step and shows its checklist.
func follow(ctx context.Context, call *verb.Call, environment string, step promotion.Step) (checklist.Checklist, error) {
	given := map[string]string{"config": call.Inputs.String("config"), "environment": environment, "dry-run": call.Inputs.String("dry-run")}
	if step.Command != "" {
		given["command"] = step.Command
	}
	if step.Release {
		given["image"], given["label"] = call.Inputs.String("image"), call.Inputs.String("label")
	}
	result, err := call.Run(ctx, verb.Request{Verb: step.Verb, Directory: call.Directory, Given: given, Lookup: call.Lookup})
	if err != nil {
		return checklist.Checklist{}, fmt.Errorf("%s: %w", step.Verb, err)
	}
	call.Show(result.Checklist)
	return result.Checklist, nil
}

// keep writes the JSON of a checklist into the folder for reports, when there is one.
func keep(call *verb.Call, environment string, number int, list checklist.Checklist) error {
	folder := call.Inputs.String("reports")
	if folder == "" {
		return nil
	}
	var content bytes.Buffer
	if err := checklist.WriteJSON(&content, list); err != nil {
		return err
	}
	folder = call.Path(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return problem.New("", "the folder for reports cannot be made: %w", err)
	}
	name := fmt.Sprintf("%s-%02d-%s.json", environment, number, strings.Trim(list.Verb+"-"+list.Command, "-"))
	if err := os.WriteFile(filepath.Join(folder, name), content.Bytes(), 0o600); err != nil {
		return problem.New("", "a report cannot be written: %w", err)
	}
	return nil
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
		fmt.Fprintf(&out, "%s: %s %s\n", name, report.Release.Name(), one.Outcome)
		if one.Reason != "" {
			fmt.Fprintf(&out, "  %s\n", checklist.OneLine(one.Reason))
		}
	}
	return out.String()
}
