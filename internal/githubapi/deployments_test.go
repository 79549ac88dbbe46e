package githubapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	oddName = "prod/eu west#1"
	task    = "airlock:promote"
)

func wanted(key string) githubapi.NewDeployment {
	return githubapi.NewDeployment{
		Ref: strings.Repeat("c", 40), Task: task, Environment: oddName, Text: "promote v2",
		Payload: json.RawMessage(fmt.Sprintf(`{"key": %q, "release": {"schema": 9007199254740993}}`, key)),
	}
}

func all(t *testing.T, client *githubapi.Client) []githubapi.Deployment {
	t.Helper()
	var found []githubapi.Deployment
	for deployment, err := range client.Deployments(t.Context(), oddName, task) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, deployment)
	}
	return found
}

func TestDeploymentAndItsStatuses(t *testing.T) {
	t.Parallel()
	server, client, _ := begin(t, githubapitest.State{})
	created, err := client.CreateDeployment(t.Context(), wanted("a"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]githubapi.Deployment{created}, all(t, client)); diff != "" {
		t.Errorf("(-created +listed):\n%s", diff)
	}
	if created.Creator != "github-actions[bot]" || created.Created != noon || created.Text != "promote v2" || created.Environment != oddName {
		t.Errorf("got %+v", created)
	}
	for _, state := range []string{"in_progress", "success"} {
		status := githubapi.NewStatus{State: state, Text: "so far: " + state, LogURL: "https://github.com/run", EnvironmentURL: "https://www.example.com"}
		if err := client.CreateStatus(t.Context(), created.ID, status); err != nil {
			t.Fatal(err)
		}
	}
	statuses, err := client.Statuses(t.Context(), created.ID)
	want := []githubapi.Status{
		{ID: 2, State: "in_progress", Text: "so far: in_progress", LogURL: "https://github.com/run", Created: noon},
		{ID: 3, State: "success", Text: "so far: success", LogURL: "https://github.com/run", Created: noon},
	}
	if diff := cmp.Diff(want, statuses); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// The check that runs must not block it, and nothing may be merged.
	var sent struct {
		RequiredContexts *[]string `json:"required_contexts"`
		AutoMerge        *bool     `json:"auto_merge"`
	}
	if err := json.Unmarshal(server.Requests()[0].Body, &sent); err != nil || sent.RequiredContexts == nil || sent.AutoMerge == nil || *sent.AutoMerge {
		t.Errorf("sent %s, %v", server.Requests()[0].Body, err)
	}
}

func TestDeploymentsComeInPagesAsTheyAreReached(t *testing.T) {
	t.Parallel()
	state := githubapitest.State{}
	for i := range int64(250) {
		environment, payload := oddName, json.RawMessage(`{"key": "x"}`)
		if i%2 == 1 {
			payload = json.RawMessage(`"{\"key\": \"x\"}"`) // As GitHub hands it back when it came as a string.
		}
		state.Deployments = append(state.Deployments,
			&githubapitest.Deployment{ID: 2 * i, Task: task, Environment: environment, Payload: payload},
			&githubapitest.Deployment{ID: 2*i + 1, Task: "deploy", Environment: environment})
	}
	server, client, _ := begin(t, state)
	for range client.Deployments(t.Context(), oddName, task) {
		break
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("the newest took %d requests, want 1", got)
	}
	found := all(t, client)
	for i, deployment := range found {
		if deployment.ID != int64(2*(249-i)) || string(deployment.Payload) != `{"key": "x"}` && string(deployment.Payload) != `{"key":"x"}` {
			t.Errorf("deployment %d: got %d with %s", i, deployment.ID, deployment.Payload)
		}
	}
	if got := len(server.Requests()); len(found) != 250 || got != 4 {
		t.Errorf("got %d deployments in %d requests, want 250 in 3", len(found), got-1)
	}
}

// While pages are read, others deploy: what was seen moves on to the next page. An order that is not GitHub's is refused.
func TestPagesThatMove(t *testing.T) {
	t.Parallel()
	page := func(next bool, ids ...int) fault {
		var items []string
		for _, id := range ids {
			items = append(items, fmt.Sprintf(`{"id": %d, "task": %q, "environment": %q}`, id, task, strings.ToUpper(oddName)))
		}
		one := fault{Status: 200, Body: "[" + strings.Join(items, ",") + `, {"id": 99, "task": "deploy", "environment": "other"}]`}
		if next {
			one.Header = map[string]string{"Link": `<https://api.github.com/x?page=2>; rel="next"`}
		}
		return one
	}
	_, client, _ := begin(t, githubapitest.State{Faults: []fault{page(true, 9, 8), page(false, 9, 8, 7)}})
	var ids []int64
	for _, deployment := range all(t, client) {
		ids = append(ids, deployment.ID)
	}
	if diff := cmp.Diff([]int64{9, 8, 7}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, client, _ = begin(t, githubapitest.State{Faults: []fault{page(false, 8, 9)}})
	var last error
	for _, err := range client.Deployments(t.Context(), oddName, task) {
		last = err
	}
	expect(t, last, problem.Inconclusive, "does not list them newest first")
}

func TestStatusesComeInPagesInTheirOrder(t *testing.T) {
	t.Parallel()
	deployment := &githubapitest.Deployment{ID: 1, Task: task, Environment: oddName}
	for i := range int64(130) {
		deployment.Statuses = append(deployment.Statuses, githubapitest.Status{ID: i + 2, State: "waiting"})
	}
	_, client, _ := begin(t, githubapitest.State{Deployments: []*githubapitest.Deployment{deployment}})
	statuses, err := client.Statuses(t.Context(), 1)
	if err != nil || len(statuses) != 130 || statuses[0].ID != 2 || statuses[129].ID != 131 {
		t.Errorf("got %d statuses, %v", len(statuses), err)
	}
}

func TestALostAnswerMakesNothingTwice(t *testing.T) {
	t.Parallel()
	tests := map[string][]fault{
		"carried out":                {{Method: http.MethodPost, Break: githubapitest.BreakAfter}},
		"not carried out":            {{Method: http.MethodPost, Break: githubapitest.BreakBefore}},
		"a gateway's error":          {{Method: http.MethodPost, Status: 502, Times: 2}},
		"half an answer":             {{Method: http.MethodPost, Status: 201, Body: `{"id": 1`}},
		"refused for a while":        {{Method: http.MethodPost, Status: 429, Times: 2}},
		"the look-up fails as well":  {{Method: http.MethodPost, Break: githubapitest.BreakAfter}, {Method: http.MethodGet, Status: 502}},
		"lost, and then carried out": {{Method: http.MethodPost, Break: githubapitest.BreakBefore}, {Method: http.MethodPost, Break: githubapitest.BreakAfter}},
	}
	for name, faults := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client, passed := begin(t, githubapitest.State{}, func(o *githubapi.Options) { o.Patience = 10 * time.Minute })
			other, err := client.CreateDeployment(t.Context(), wanted("of another"))
			if err != nil {
				t.Fatal(err)
			}
			server.Change(func(s *githubapitest.State) { s.Faults = faults })
			created, err := client.CreateDeployment(t.Context(), wanted("a"))
			if err != nil || created.ID == other.ID || len(passed.waits) == 0 {
				t.Fatalf("got %+v, %v, after %v", created, err, passed.waits)
			}
			server.Change(func(s *githubapitest.State) { s.Faults = faults })
			if err := client.CreateStatus(t.Context(), created.ID, githubapi.NewStatus{State: "success", Text: "verified"}); err != nil {
				t.Fatal(err)
			}
			deployments := server.State().Deployments
			if len(deployments) != 2 || deployments[1].ID != created.ID || len(deployments[1].Statuses) != 1 {
				t.Errorf("got %d deployments, the last with %+v", len(deployments), deployments[len(deployments)-1])
			}
		})
	}
}

// The next success may retire this one before its answer is looked for.
func TestALostAnswerIsFoundBehindInactive(t *testing.T) {
	t.Parallel()
	server, client, _ := begin(t, githubapitest.State{Deployments: []*githubapitest.Deployment{{ID: 1, Task: task, Environment: oddName, Statuses: []githubapitest.Status{
		{ID: 2, State: "success", Description: "verified"}, {ID: 3, State: "inactive"},
	}}}, LastID: 3, Faults: []fault{{Method: http.MethodPost, Break: githubapitest.BreakBefore}}})
	if err := client.CreateStatus(t.Context(), 1, githubapi.NewStatus{State: "success", Text: "verified"}); err != nil {
		t.Fatal(err)
	}
	if got := server.State().Deployments[0].Statuses; len(got) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestDeploymentsThatGitHubRefuses(t *testing.T) {
	t.Parallel()
	_, client, _ := begin(t, githubapitest.State{})
	unkeyed := wanted("")
	if _, err := client.CreateDeployment(t.Context(), unkeyed); err == nil {
		t.Error("a deployment that could not be found again was created")
	}
	long := wanted("a")
	long.Text = strings.Repeat("x", githubapi.MaximumDescription+1)
	_, err := client.CreateDeployment(t.Context(), long)
	expect(t, err, problem.Inconclusive, "too long (maximum is 140 characters)")
	expect(t, client.CreateStatus(t.Context(), 99, githubapi.NewStatus{State: "success"}), problem.Failure, "cannot set the status of deployment 99")
}
