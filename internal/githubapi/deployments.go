package githubapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// MaximumDescription is how many characters GitHub takes in a description:
// https://docs.github.com/rest/deployments/statuses#create-a-deployment-status
const MaximumDescription = 140

// Deployment is a record that something was deployed into an environment.
type Deployment struct {
	ID                         int64
	Task, Environment          string
	Ref, Commit, Creator, Text string
	// Payload is the JSON that it was created with, nil when there was none. GitHub may hand it back as a string that holds
	// JSON; here it is unwrapped.
	Payload json.RawMessage
	Created time.Time
}

// NewDeployment is a deployment to create.
type NewDeployment struct {
	// Ref is a commit, branch or tag of the repository.
	Ref, Task, Environment string
	// Text describes it in at most MaximumDescription characters.
	Text string
	// Payload is a JSON object whose member "key" no other deployment has: by it the deployment is found again when GitHub's
	// answer was lost.
	Payload json.RawMessage
}

// Status is one status of a deployment.
type Status struct {
	ID int64
	// State is one of https://docs.github.com/rest/deployments/statuses, or "waiting", which that page lacks.
	State, Text string
	LogURL      string
	Created     time.Time
}

// NewStatus is a status to create.
type NewStatus struct {
	// State is one of https://docs.github.com/rest/deployments/statuses.
	State string
	// Text describes it in at most MaximumDescription characters.
	Text                   string
	LogURL, EnvironmentURL string
}

// CreateDeployment creates a deployment that waits for no check and merges nothing. A request whose answer was lost is
// only repeated when the deployment is not there:
// https://docs.github.com/rest/deployments/deployments#create-a-deployment
func (c *Client) CreateDeployment(ctx context.Context, wanted NewDeployment) (Deployment, error) {
	key := keyOf(wanted.Payload)
	if key == "" {
		return Deployment{}, errors.New("the payload of a deployment has no key")
	}
	ctx, what := c.begin(ctx), fmt.Sprintf("create a deployment into %.100q", wanted.Environment)
	request := &github.DeploymentRequest{
		Ref: &wanted.Ref, Task: &wanted.Task, Environment: &wanted.Environment, Description: &wanted.Text, Payload: wanted.Payload,
		AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
	}
	var result Deployment
	err := c.create(ctx, func() error {
		created, _, err := c.github.Repositories.CreateDeployment(ctx, c.owner, c.name, request)
		if err == nil {
			result = plainDeployment(created)
		}
		return err
	}, func() (bool, error) {
		// It would be among the newest hundred.
		found, _, err := c.deployments(ctx, wanted.Environment, wanted.Task, 1)
		i := slices.IndexFunc(found, func(d Deployment) bool { return keyOf(d.Payload) == key })
		if i >= 0 {
			result = found[i]
		}
		return i >= 0, err
	})
	if err != nil {
		return Deployment{}, c.explain(err, what)
	}
	return result, nil
}

// create calls post, and after a lost answer calls it again unless find finds what it made.
func (c *Client) create(ctx context.Context, post func() error, find func() (bool, error)) error {
	for {
		err := post()
		lost := (*lostError)(nil)
		if !errors.As(err, &lost) {
			return err
		}
		if err := c.transport.again(ctx, lost.failure); err != nil {
			return err
		}
		if found, err := find(); err != nil || found {
			return err
		}
	}
}

func keyOf(payload json.RawMessage) string {
	var keyed struct {
		Key string `json:"key"`
	}
	_ = json.Unmarshal(payload, &keyed) // What is no object has no key.
	return keyed.Key
}

// Deployments returns the deployments of a task into an environment, newest first, and asks for a page when it is
// reached. After an error there is nothing more: https://docs.github.com/rest/deployments/deployments#list-deployments
func (c *Client) Deployments(ctx context.Context, environment, task string) iter.Seq2[Deployment, error] {
	return func(yield func(Deployment, error) bool) {
		what := fmt.Sprintf("list the deployments into %.100q", environment)
		seen := make(map[int64]bool)
		last := int64(0)
		for page := 1; page != 0; {
			found, next, err := c.deployments(c.begin(ctx), environment, task, page)
			if err != nil {
				yield(Deployment{}, c.explain(err, what))
				return
			}
			for _, deployment := range found {
				if seen[deployment.ID] {
					continue // A deployment that was created meanwhile moves the others on to the next page.
				}
				// Whoever looks for the newest must not be led by an older one.
				if last != 0 && deployment.ID > last {
					yield(Deployment{}, problem.Unknown("run this again", "cannot %s: GitHub does not list them newest first", what))
					return
				}
				seen[deployment.ID], last = true, deployment.ID
				if !yield(deployment, nil) {
					return
				}
			}
			page = next
		}
	}
}

// deployments returns one page, and the number of the next one, zero when there is none.
func (c *Client) deployments(ctx context.Context, environment, task string, page int) ([]Deployment, int, error) {
	answer, response, err := c.github.Repositories.ListDeployments(ctx, c.owner, c.name, &github.DeploymentsListOptions{
		Environment: environment, Task: task, ListOptions: github.ListOptions{Page: page, PerPage: perPage},
	})
	if err != nil {
		return nil, 0, err
	}
	var found []Deployment
	for _, one := range answer {
		// Names of environments are not case-sensitive. A deployment of another one proves nothing about this.
		if one.GetTask() == task && strings.EqualFold(one.GetEnvironment(), environment) {
			found = append(found, plainDeployment(one))
		}
	}
	next, err := following(page, response)
	return found, next, err
}

func plainDeployment(d *github.Deployment) Deployment {
	return Deployment{
		ID: d.GetID(), Task: d.GetTask(), Environment: d.GetEnvironment(), Ref: d.GetRef(), Commit: d.GetSHA(),
		Creator: d.GetCreator().GetLogin(), Text: d.GetDescription(), Payload: unwrap(d.Payload), Created: d.GetCreatedAt().Time,
	}
}

// unwrap returns the JSON that a string holds, and anything else as it is.
func unwrap(payload json.RawMessage) json.RawMessage {
	var text string
	if len(payload) > 0 && payload[0] == '"' && json.Unmarshal(payload, &text) == nil {
		return json.RawMessage(text)
	}
	return payload
}

// Statuses returns the statuses of a deployment in the order in which they were set:
// https://docs.github.com/rest/deployments/statuses#list-deployment-statuses
func (c *Client) Statuses(ctx context.Context, deployment int64) ([]Status, error) {
	statuses, err := c.statuses(c.begin(ctx), deployment)
	if err != nil {
		return nil, c.explain(err, fmt.Sprintf("read the statuses of deployment %d", deployment))
	}
	return statuses, nil
}

func (c *Client) statuses(ctx context.Context, deployment int64) ([]Status, error) {
	var statuses []Status
	err := pages(func(page int) (*github.Response, error) {
		answer, response, err := c.github.Repositories.ListDeploymentStatuses(ctx, c.owner, c.name, deployment,
			&github.ListOptions{Page: page, PerPage: perPage})
		for _, one := range answer {
			statuses = append(statuses, Status{
				ID: one.GetID(), State: one.GetState(), Text: one.GetDescription(), LogURL: one.GetLogURL(), Created: one.GetCreatedAt().Time,
			})
		}
		return response, err
	})
	// Pages that move while they are read repeat what stood before.
	slices.SortFunc(statuses, func(a, b Status) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(statuses, func(a, b Status) bool { return a.ID == b.ID }), err
}

// CreateStatus adds a status to a deployment. A success turns the earlier successes of the environment inactive. A request
// whose answer was lost is only repeated when the newest status is another:
// https://docs.github.com/rest/deployments/statuses#create-a-deployment-status
func (c *Client) CreateStatus(ctx context.Context, deployment int64, wanted NewStatus) error {
	ctx, what := c.begin(ctx), fmt.Sprintf("set the status of deployment %d", deployment)
	request := &github.DeploymentStatusRequest{
		State: &wanted.State, Description: &wanted.Text, LogURL: optional(wanted.LogURL), EnvironmentURL: optional(wanted.EnvironmentURL),
		AutoInactive: github.Bool(true),
	}
	err := c.create(ctx, func() error {
		_, _, err := c.github.Repositories.CreateDeploymentStatus(ctx, c.owner, c.name, deployment, request)
		return err
	}, func() (bool, error) {
		statuses, err := c.statuses(ctx, deployment)
		// Another deployment's success may have come in between.
		statuses = slices.DeleteFunc(statuses, func(s Status) bool { return s.State == "inactive" })
		if err != nil || len(statuses) == 0 {
			return false, err
		}
		newest := statuses[len(statuses)-1]
		return newest.State == wanted.State && newest.Text == wanted.Text && newest.LogURL == wanted.LogURL, nil
	})
	if err != nil {
		return c.explain(err, what)
	}
	return nil
}

// optional leaves out of a request what is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
