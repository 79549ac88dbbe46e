package preflight

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// planning is one call of plan.
type planning struct {
	call    *verb.Call
	config  *config.Config
	history history.Store
	plan    promotion.Plan
	// slots are the environments that this run promotes into, in their order.
	slots []string
	list  checklist.Checklist
}

// plan says what would be promoted where. It knows no secret, no host and no database.
func plan(ctx context.Context, call *verb.Call) (verb.Result, error) {
	loaded, err := call.LoadConfig()
	if err != nil {
		return verb.Result{}, err
	}
	if len(loaded.Promotion) == 0 {
		return verb.Result{}, problem.Wrong("for example promotion: [sandbox, production]", "the config has no order of promotion")
	}
	for _, name := range loaded.Promotion {
		if err := call.Verb.Refuse(loaded, name); err != nil {
			return verb.Result{}, err
		}
	}
	release, err := call.NewRelease(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return verb.Result{}, err
	}
	store, err := call.History()
	if err != nil {
		return verb.Result{}, err
	}
	p := planning{call: call, config: loaded, history: store, list: call.Checklist(), plan: promotion.Plan{Release: release, Environments: map[string]promotion.Place{}}}
	p.list.Release = release.Name()
	p.list.Items = append(p.list.Items, checklist.Item{ID: "release", Title: "The release", Verdict: checklist.Pass,
		Evidence: fmt.Sprintf("commit %.12s, image %.19s, schema version %d", cmp.Or(release.Commit, "unknown"), release.Image, release.Schema)})
	p.environments(ctx)
	if call.OnGitHub() && call.Inputs.Bool("supersede") && !call.Inputs.Bool("dry-run") && !p.list.Failed() {
		p.do(ctx, "supersede", "Older runs do not wait for approval", p.supersede)
	}
	result := verb.Result{Checklist: p.list, Steering: map[string]string{}}
	if p.list.Failed() {
		return result, nil // What is not planned is not handed on.
	}
	return result, p.handOn(result.Steering)
}

func (p *planning) do(ctx context.Context, id, title string, ask func(context.Context) (checklist.Result, error)) {
	_ = p.list.Do(ctx, id, title, ask) // What it says is in the checklist.
}

// environments sees how each is protected, and how far this run may go: what a person has yet to approve by another run is
// left to that one.
func (p *planning) environments(ctx context.Context) {
	stopped := false
	for _, name := range p.config.Promotion {
		environment := p.config.Environments[name]
		asked := askedOf(environment.Approval)
		p.do(ctx, "protection-"+name, name+" is protected as the config asks", func(ctx context.Context) (checklist.Result, error) {
			return protected(ctx, p.call, name, asked)
		})
		if evidence := environment.Evidence; evidence != nil {
			p.do(ctx, "protection-"+evidence.Environment, evidence.Environment+" is there for the evidence", func(ctx context.Context) (checklist.Result, error) {
				return protected(ctx, p.call, evidence.Environment, gate.Asked{Branches: asked.Branches})
			})
		}
		promotions, err := p.history.List(ctx, name)
		current := history.Current(promotions)
		p.do(ctx, "planned-"+name, "What is planned for "+name, func(context.Context) (checklist.Result, error) {
			if err != nil {
				return checklist.Result{}, err
			}
			place := promotion.Place{Runner: runnerOf(environment), Digest: promotion.Digest(name, p.plan.Release, p.config.Digest(), current)}
			if environment.Evidence != nil {
				place.Evidence = environment.Evidence.Environment
			}
			p.plan.Environments[name] = place
			if asked.By == gate.ByDispatch && p.call.Inputs.String("approve") == "" {
				stopped = true
				return checklist.Result{Verdict: checklist.Warn, Evidence: "this run stops before it",
					Hint: fmt.Sprintf("to promote into it, %s starts this workflow by hand with approve: %s", strings.Join(asked.Reviewers, " or "), place.Digest)}, nil
			}
			if stopped {
				return checklist.Skipped("it comes after what is approved by another run"), nil
			}
			p.slots = append(p.slots, name)
			return checklist.Passed(p.intent(current)), nil
		})
		p.do(ctx, "review-"+name, "The migrations new to "+name+" are reviewed", func(ctx context.Context) (checklist.Result, error) {
			if err != nil {
				return checklist.Result{}, err
			}
			return p.reviewed(ctx, environment, current)
		})
		if window := verb.Window(environment); window != nil {
			p.do(ctx, "window-"+name, "The next maintenance window of "+name, func(context.Context) (checklist.Result, error) { return next(window, p.call.Now()), nil })
		}
		p.do(ctx, "weaker-"+name, "No gate of "+name+" is weaker than before", func(ctx context.Context) (checklist.Result, error) {
			if err != nil {
				return checklist.Result{}, err
			}
			return p.weakened(ctx, name, current)
		})
	}
}

func (p *planning) intent(current *history.Promotion) string {
	switch {
	case current == nil:
		return "the first release that it serves"
	case current.Release.Same(p.plan.Release):
		return "it serves this release already, and is verified once more"
	}
	return fmt.Sprintf("%s, schema version %d, is replaced", current.Release.Name(), current.Release.Schema)
}

// runnerOf returns the labels of the environment's runner.
func runnerOf(environment config.Environment) []string {
	if len(environment.Runner) == 0 {
		return []string{"ubuntu-latest"}
	}
	return environment.Runner
}

// supersede cancels older runs of the same workflow and branch that wait for approval: whoever approved one by mistake would
// promote what is out of date. It is a convenience: the order of commits is what keeps old releases out.
func (p *planning) supersede(ctx context.Context) (checklist.Result, error) {
	older, client, err := waiting(ctx, p.call)
	for _, run := range older {
		// Somebody may have approved it since it was listed, and what is at work is not cancelled.
		if now, asked := client.Run(ctx, run.ID); asked != nil || now.Status != "waiting" {
			err = errors.Join(err, asked)
			continue
		}
		err = errors.Join(err, client.CancelRun(ctx, run.ID))
	}
	if err != nil {
		return checklist.Result{Verdict: checklist.Warn, Evidence: err.Error(), Hint: problem.Hint(err)}, nil
	}
	if len(older) == 0 {
		return checklist.Passed("none does"), nil
	}
	return checklist.Passed(fmt.Sprintf("%d cancelled, the newest of them run %d", len(older), older[0].ID)), nil
}

// waiting returns the runs that this one supersedes.
func waiting(ctx context.Context, call *verb.Call) (older []githubapi.Run, client *githubapi.Client, err error) {
	own, client, err := call.WorkflowRun(ctx)
	if err != nil {
		return nil, nil, err
	}
	runs, err := client.WaitingRuns(ctx, own.WorkflowID, own.Branch)
	for _, run := range runs {
		if run.ID < own.ID && run.Event == own.Event {
			older = append(older, run)
		}
	}
	return older, client, err
}

// handOn gives out what the jobs after this one work by.
func (p *planning) handOn(outputs map[string]string) error {
	text, err := json.Marshal(p.plan)
	if err != nil {
		return err
	}
	outputs["plan"] = string(text)
	for i, name := range []string{"first", "second", "third", "fourth"} {
		if i < len(p.slots) {
			outputs[name] = p.slots[i]
		}
	}
	outputs["binary"], err = binary()
	return err
}

// binary returns the SHA-256 of this program, so that the jobs that it is handed on to know it again.
func binary() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", problem.New("", "where this program lies is not known: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", problem.New("", "this program cannot be read: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", problem.New("", "this program cannot be read: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// approvedBy asks GitHub about the run that names the environment, or is about to.
func approvedBy(ctx context.Context, call *verb.Call, name string, asked gate.Asked) (checklist.Result, error) {
	run, client, err := call.WorkflowRun(ctx)
	if err != nil {
		return checklist.Result{}, err
	}
	if asked.By == gate.ByDispatch {
		return gate.StartedBy(asked, name, run)
	}
	approvals, err := client.Approvals(ctx, run.ID)
	if err != nil {
		return checklist.Result{}, err
	}
	return gate.Approved(asked, name, run, approvals)
}

// protection sees that one environment is protected, before a job names it.
func protection(ctx context.Context, call *verb.Call) (verb.Result, error) {
	loaded, err := call.LoadConfig()
	if err != nil {
		return verb.Result{}, err
	}
	name := call.Inputs.String("environment")
	if err := loaded.Has(name); err != nil {
		return verb.Result{}, err
	}
	environment := loaded.Environments[name]
	asked := askedOf(environment.Approval)
	result := verb.Result{Checklist: call.Checklist(), Steering: map[string]string{}}
	err = result.Checklist.Do(ctx, "protection", "Protected on GitHub as the config asks", func(ctx context.Context) (checklist.Result, error) {
		return protected(ctx, call, name, asked)
	})
	if err == nil && call.OnGitHub() && (asked.By == gate.ByDispatch || asked.By == gate.ByEnvironment && call.Inputs.Bool("approved")) {
		err = result.Checklist.Do(ctx, "approval", "A person approved", func(ctx context.Context) (checklist.Result, error) {
			return approvedBy(ctx, call, name, asked)
		})
	}
	if err != nil {
		return result, nil // The checklist says why, and nothing is handed on.
	}
	labels, err := json.Marshal(runnerOf(environment))
	if err != nil {
		return result, err
	}
	result.Steering["runner"] = string(labels)
	result.Steering["binary"], err = binary()
	return result, err
}
