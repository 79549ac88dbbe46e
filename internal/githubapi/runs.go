package githubapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"
)

// Run is one run of a workflow, as its newest attempt has it.
type Run struct {
	ID, WorkflowID int64
	Attempt        int
	// Path is the workflow's file, such as ".github/workflows/release.yml".
	Path string
	// Event is what started it, such as "push" or "workflow_dispatch".
	Event string
	// Status is for example "waiting", "in_progress" or "completed"; Conclusion is empty until the last.
	Status, Conclusion string
	Branch, Commit     string
	// Actor started the run, TriggeringActor its newest attempt: logins.
	Actor, TriggeringActor string
	Created                time.Time
	URL                    string
}

// workflowRun adds what the type of go-github leaves out.
type workflowRun struct {
	github.WorkflowRun
	Path string `json:"path"`
}

func (r *workflowRun) plain() Run {
	return Run{
		ID: r.GetID(), WorkflowID: r.GetWorkflowID(), Attempt: r.GetRunAttempt(), Path: r.Path, Event: r.GetEvent(),
		Status: r.GetStatus(), Conclusion: r.GetConclusion(), Branch: r.GetHeadBranch(), Commit: r.GetHeadSHA(),
		Actor: r.GetActor().GetLogin(), TriggeringActor: r.GetTriggeringActor().GetLogin(),
		Created: r.GetCreatedAt().Time, URL: r.GetHTMLURL(),
	}
}

// Run returns one run: https://docs.github.com/rest/actions/workflow-runs#get-a-workflow-run
func (c *Client) Run(ctx context.Context, id int64) (Run, error) {
	var run workflowRun
	if _, err := c.get(c.begin(ctx), fmt.Sprintf("actions/runs/%d?exclude_pull_requests=true", id), &run); err != nil {
		return Run{}, c.explain(err, fmt.Sprintf("read run %d", id))
	}
	return run.plain(), nil
}

// WaitingRuns returns the runs of a workflow on a branch that wait for an environment's rules, newest first:
// https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow
func (c *Client) WaitingRuns(ctx context.Context, workflow int64, branch string) ([]Run, error) {
	ctx = c.begin(ctx)
	var runs []Run
	err := pages(func(page int) (*github.Response, error) {
		query := url.Values{"branch": {branch}, "status": {"waiting"}, "exclude_pull_requests": {"true"}}
		var answer struct {
			Runs []workflowRun `json:"workflow_runs"`
		}
		response, err := c.get(ctx, fmt.Sprintf("actions/workflows/%d/runs?%s", workflow, paged(query, page)), &answer)
		for _, run := range answer.Runs {
			runs = append(runs, run.plain())
		}
		return response, err
	})
	if err != nil {
		return nil, c.explain(err, fmt.Sprintf("list the waiting runs of workflow %d", workflow))
	}
	return runs, nil
}

// CancelRun asks for the end of a run; one that has ended is left alone:
// https://docs.github.com/rest/actions/workflow-runs#cancel-a-workflow-run
func (c *Client) CancelRun(ctx context.Context, id int64) error {
	_, err := c.github.Actions.CancelWorkflowRunByID(c.begin(ctx), c.owner, c.name, id)
	if accepted := (*github.AcceptedError)(nil); err == nil || errors.As(err, &accepted) {
		return nil
	}
	// A conflict has other causes than an end: a run that is about to start again cannot be cancelled either.
	if answer := (*github.ErrorResponse)(nil); errors.As(err, &answer) && answer.Response.StatusCode == http.StatusConflict {
		if run, asked := c.Run(ctx, id); asked == nil && run.Status == "completed" {
			return nil
		}
	}
	return c.explain(err, fmt.Sprintf("cancel run %d", id))
}

// Approval is what somebody said about environments that a run waited for. GitHub does not tell when.
type Approval struct {
	Environments []string
	// State is "approved", "rejected" or "pending".
	State string
	// User is a login.
	User, Comment string
}

// Approvals returns who said what about a run: https://docs.github.com/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
func (c *Client) Approvals(ctx context.Context, run int64) ([]Approval, error) {
	var answer []struct {
		Environments   []struct{ Name string }
		State, Comment string
		User           struct{ Login string }
	}
	if _, err := c.get(c.begin(ctx), fmt.Sprintf("actions/runs/%d/approvals", run), &answer); err != nil {
		return nil, c.explain(err, fmt.Sprintf("read who approved run %d", run))
	}
	approvals := make([]Approval, len(answer))
	for i, one := range answer {
		approvals[i] = Approval{State: one.State, User: one.User.Login, Comment: one.Comment}
		for _, environment := range one.Environments {
			approvals[i].Environments = append(approvals[i].Environments, environment.Name)
		}
	}
	return approvals, nil
}
