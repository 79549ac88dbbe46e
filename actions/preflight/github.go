package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// askGitHub asks the gates that only GitHub can answer, at the moment when the job starts: an approval can come days after
// the plan.
func (g *gates) askGitHub(ctx context.Context) {
	asked := askedOf(g.workspace.Environment.Approval)
	digest := digestOf(g.workspace, g.release, g.promotions)
	g.do(ctx, "protection", "Protected on GitHub as the config asks", func(ctx context.Context) (checklist.Result, error) {
		return protected(ctx, g.call, g.workspace.Name, asked)
	})
	g.do(ctx, "unchanged", "What was planned is what is promoted", func(context.Context) (checklist.Result, error) {
		return unchanged(g.call.Inputs.String("plan"), g.workspace.Name, digest, g.release)
	})
	g.do(ctx, "approval", "A person approved", func(ctx context.Context) (checklist.Result, error) { return g.approval(ctx, asked, digest) })
	g.do(ctx, "evidence", "The evidence still holds", func(ctx context.Context) (checklist.Result, error) { return g.evidence(ctx, digest) })
	g.do(ctx, "at-work", "No other run is at work", func(ctx context.Context) (checklist.Result, error) {
		return g.call.AtWork(ctx, g.workspace.Name, g.promotions)
	})
	g.do(ctx, "lasting", "What is kept outlives the job", func(context.Context) (checklist.Result, error) {
		return lasting(g.workspace.Environment, g.call.Getenv("RUNNER_ENVIRONMENT"))
	})
}

func digestOf(workspace *verb.Workspace, release history.Release, promotions []history.Promotion) string {
	return promotion.Digest(workspace.Name, release, workspace.Config.Digest(), history.Current(promotions))
}

// askedOf returns what the config asks; nobody is asked where it says nothing.
func askedOf(approval *config.Approval) gate.Asked {
	if approval == nil {
		return gate.Asked{}
	}
	return gate.Asked{By: approval.By, Reviewers: approval.Reviewers, PreventSelfReview: approval.PreventSelfReview, Branches: approval.Branches}
}

// protected asks GitHub how an environment is protected.
func protected(ctx context.Context, call *verb.Call, name string, asked gate.Asked) (checklist.Result, error) {
	client, err := call.GitHub()
	if err != nil {
		return checklist.Result{}, err
	}
	environment, err := client.Environment(ctx, name)
	if errors.Is(err, githubapi.ErrNotFound) {
		return checklist.Result{}, missing(ctx, client, name)
	}
	if err != nil {
		return checklist.Result{}, err
	}
	private := false
	if asked.By == gate.ByEnvironment && len(environment.Reviewers) == 0 {
		// What to do about it depends on it.
		if private, err = client.Private(ctx); err != nil {
			return checklist.Result{}, err
		}
	}
	return gate.Protection(asked, environment, private)
}

// missing says what to do about an environment that does not exist: a job that named it would create it, unprotected.
func missing(ctx context.Context, client *githubapi.Client, name string) error {
	const hint = "create it in the repository's settings, with its protection rules, before it is promoted into"
	names, err := client.Environments(ctx)
	switch {
	case errors.Is(err, githubapi.ErrNotFound):
		return problem.New("create "+name+"; a private repository has environments with GitHub Pro, Team and Enterprise only", "the repository has no environments")
	case err != nil:
		return err
	case len(names) == 0:
		return problem.New(hint, "the repository has no environments, and the config names %s", name)
	}
	return problem.New(hint, "there is no environment %s on GitHub; there is %.300s", name, fmt.Sprint(names))
}

func (g *gates) approval(ctx context.Context, asked gate.Asked, digest string) (checklist.Result, error) {
	switch {
	case asked.By == "":
		return checklist.Skipped("the config asks nobody"), nil
	case g.call.Inputs.Bool("dry-run"):
		return checklist.Skipped("a dry run changes nothing that would have to be approved"), nil
	case asked.By != gate.ByDispatch:
		return approvedBy(ctx, g.call, g.workspace.Name, asked)
	}
	run, _, err := g.call.WorkflowRun(ctx)
	if err != nil {
		return checklist.Result{}, err
	}
	promoter := ""
	if before := gate.Before(g.workspace.Config.Promotion, g.workspace.Name); before != "" {
		promotions, err := g.workspace.History.About(ctx, before, g.release)
		if err != nil {
			return checklist.Result{}, err
		}
		if proof := history.Proof(promotions, g.release); proof != nil {
			promoter = proof.Actor
		}
	}
	return gate.Dispatched(asked, g.workspace.Name, run, g.call.Inputs.String("approve"), digest, promoter)
}

// evidence sees that what the approver saw is neither too old nor about something else.
func (g *gates) evidence(ctx context.Context, digest string) (checklist.Result, error) {
	asked := g.workspace.Environment.Evidence
	if asked == nil {
		return checklist.Skipped("the config asks for none"), nil
	}
	var shown shownEvidence
	text := g.call.Inputs.String("evidence")
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		return checklist.Result{}, problem.Unknown("run the whole workflow again", "there is no evidence that can be read")
	}
	schema, err := g.workspace.Schema(ctx)
	if err != nil {
		return checklist.Result{}, err
	}
	age := g.call.Now().Sub(shown.Time)
	switch most := time.Duration(asked.MaxAge); {
	case age < -time.Minute:
		return checklist.Result{}, problem.Unknown("see that the runners' clocks are right", "the evidence is from the future: %s", shown.Time.Format(time.RFC3339))
	case most > 0 && age > most:
		return checklist.Result{}, problem.New("run the whole workflow again, and approve it sooner", "the evidence is %s old, and the config allows %s", age.Round(time.Second), most)
	case shown.Digest != digest:
		return checklist.Result{}, problem.New("run the whole workflow again", "the evidence is about another release, config or environment, or about what was served before")
	case shown.Schema != schema && !g.goesOn():
		return checklist.Result{}, problem.New("run the whole workflow again", "the schema was at version %d when the evidence was shown, and is at %d", shown.Schema, schema)
	}
	return checklist.Passed(fmt.Sprintf("shown %s ago, and nothing changed since", age.Round(time.Second))), nil
}

// goesOn tells whether an earlier run of this promotion may have moved the schema since the evidence was shown.
func (g *gates) goesOn() bool {
	open := history.HalfDone(g.promotions)
	return open != nil && open.Release.Same(g.release)
}

// lasting refuses folders inside the checkout: the next job's begins with an empty one, without the snapshot or the release
// that the way back needs.
// runner is "github-hosted" on a machine that is gone with the job:
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func lasting(environment config.Environment, runner string) (checklist.Result, error) {
	if runner == "github-hosted" && environment.Deploy != nil && (environment.Deploy.Compose != nil || environment.Deploy.Process != nil) {
		return checklist.Result{}, problem.Wrong("name the labels of a runner on the host under runner", "this runner is gone with the job, and with it what would serve here")
	}
	places := map[string]string{}
	if database := environment.Database; database.SQLite != "" {
		places["database.sqlite"], places["backups.directory"] = database.SQLite, environment.Backups.Directory
	} else if database.RDS == "" {
		places["backups.directory"] = environment.Backups.Directory
	}
	if deploy := environment.Deploy; deploy != nil && deploy.Process != nil {
		places["deploy.process.directory"] = deploy.Process.Directory
	}
	for _, key := range []string{"database.sqlite", "backups.directory", "deploy.process.directory"} {
		if path, there := places[key]; there && !filepath.IsAbs(path) {
			return checklist.Result{}, problem.Wrong("name a full path on a runner of your own, outside the checkout", "%s is inside the checkout, which the next job empties", key)
		}
	}
	return checklist.Passed("nothing is kept in the checkout"), nil
}

// unchanged compares the plan, as it was passed on, with the digest of now.
func unchanged(text, environment, digest string, release history.Release) (checklist.Result, error) {
	if text == "" {
		return checklist.Skipped("no plan is given"), nil
	}
	var plan promotion.Plan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		return checklist.Result{}, problem.Unknown("pass it on as `preflight plan` gave it out", "the plan cannot be read")
	}
	return gate.Unchanged(plan.Environments[environment].Digest, digest, plan.Release, release)
}
