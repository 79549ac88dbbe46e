package verb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// OnGitHub tells whether the call is a step of a job of GitHub Actions.
func (c *Call) OnGitHub() bool { return c.Getenv("GITHUB_ACTIONS") == "true" }

// GitHub returns the client of the repository that the job runs for; on a laptop, of the one that the environment names.
// The variables are GitHub's own: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func (c *Call) GitHub() (*githubapi.Client, error) {
	if c.Getenv("GITHUB_REPOSITORY") == "" {
		return nil, problem.Wrong("GITHUB_REPOSITORY=octo-org/octo-repo, and GITHUB_TOKEN with a token that may read it; a workflow sets both",
			"which repository on GitHub this is about is not said")
	}
	return githubapi.New(githubapi.Options{
		BaseURL: c.Getenv("GITHUB_API_URL"), Token: c.Getenv("GITHUB_TOKEN"), Repository: c.Getenv("GITHUB_REPOSITORY"),
		Logf: func(format string, arguments ...any) { c.Say(fmt.Sprintf(format, arguments...)) },
	})
}

// RunID returns the run that the call belongs to: the input's, else that of GitHub, else nothing.
func (c *Call) RunID() string { return cmp.Or(c.Inputs.String("run"), c.Getenv("GITHUB_RUN_ID")) }

// WorkflowRun asks GitHub about the run that the call is part of, and returns whom it asked.
func (c *Call) WorkflowRun(ctx context.Context) (githubapi.Run, *githubapi.Client, error) {
	id, err := strconv.ParseInt(c.Getenv("GITHUB_RUN_ID"), 10, 64)
	if err != nil {
		return githubapi.Run{}, nil, problem.Unknown("run it in a workflow", "this is no run of a workflow: GITHUB_RUN_ID is not a number")
	}
	client, err := c.GitHub()
	if err != nil {
		return githubapi.Run{}, nil, err
	}
	run, err := client.Run(ctx, id)
	return run, client, err
}

// AtWork refuses while the run that opened the newest record, or went on with it, has not ended: only what is left behind is
// gone on with, or taken back.
func (c *Call) AtWork(ctx context.Context, environment string, promotions []history.Promotion) (checklist.Result, error) {
	open := history.HalfDone(promotions)
	if open == nil || open.LastRun() == c.Getenv("GITHUB_RUN_ID") {
		return checklist.Passed("no other run is"), nil
	}
	id, err := strconv.ParseInt(open.LastRun(), 10, 64)
	if err != nil {
		return checklist.Result{}, problem.Unknown("see that nobody is; then `airlock record recover` closes it", "who opened promotion %s is not known", open.ID)
	}
	client, err := c.GitHub()
	if err != nil {
		return checklist.Result{}, err
	}
	run, err := client.Run(ctx, id)
	switch {
	case errors.Is(err, githubapi.ErrNotFound):
		return checklist.Passed(fmt.Sprintf("run %d, which had promotion %s open, was deleted", id, open.ID)), nil
	case err != nil:
		return checklist.Result{}, err
	case run.Status != "completed":
		return checklist.Result{}, problem.New("wait until it has ended, then run this again", "run %d is at work on %s: it is %.40s", id, environment, run.Status)
	}
	return checklist.Passed(fmt.Sprintf("run %d, which had promotion %s open, has ended", id, open.ID)), nil
}

// Root returns the project's folder: relative paths of the config begin there.
func (c *Call) Root() string {
	root := filepath.Dir(c.Path(c.Inputs.String("config")))
	if filepath.Base(root) == ".github" {
		root = filepath.Dir(root)
	}
	return root
}

// History returns the record of promotions: on GitHub the repository's deployments, elsewhere a file of the project.
func (c *Call) History() (history.Store, error) {
	if !c.OnGitHub() {
		return redacted{history.NewFile(filepath.Join(c.Root(), stateFolder, "history.jsonl"), c.Now), c.Redact}, nil
	}
	client, err := c.GitHub()
	if err != nil {
		return nil, err
	}
	loaded, err := c.LoadConfig()
	if err != nil {
		return nil, err
	}
	attempt, _ := strconv.Atoi(c.Getenv("GITHUB_RUN_ATTEMPT")) // It is shown, and decides nothing.
	run := c.Getenv("GITHUB_RUN_ID")
	return redacted{history.NewDeployments(client, history.DeploymentsOptions{
		Run: run, Attempt: attempt, Ref: c.Getenv("GITHUB_SHA"), Actor: cmp.Or(c.Getenv("GITHUB_TRIGGERING_ACTOR"), c.Getenv("GITHUB_ACTOR")),
		LogURL:         fmt.Sprintf("%s/%s/actions/runs/%s", cmp.Or(c.Getenv("GITHUB_SERVER_URL"), "https://github.com"), c.Getenv("GITHUB_REPOSITORY"), run),
		EnvironmentURL: func(name string) string { return loaded.Environments[name].URL },
	}), c.Redact}, nil
}

// redacted keeps secrets out of the record: why a promotion failed can be in the words of an application.
type redacted struct {
	history.Store
	redact func(string) string
}

// Mark implements history.Store.
func (r redacted) Mark(ctx context.Context, id string, status history.Status) error {
	status.Description = r.redact(status.Description)
	return r.Store.Mark(ctx, id, status)
}
