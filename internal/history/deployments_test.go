package history_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// deployment returns one as GitHub keeps it; the release is named by its label.
func deployment(id int64, task history.Task, label string, states ...string) *githubapitest.Deployment {
	content, _ := json.Marshal(release(label))
	kept := &githubapitest.Deployment{
		ID: id, Task: string(task), Environment: "sandbox", Created: noon,
		Payload: json.RawMessage(fmt.Sprintf(`{"airlock": 1, "key": "k%d", "release": %s, "fromSchema": 8}`, id, content)),
	}
	for i, state := range states {
		kept.Statuses = append(kept.Statuses, githubapitest.Status{ID: 10*id + int64(i), State: state, Created: noon})
	}
	return kept
}

func TestADeploymentShowsPeopleWhereToLook(t *testing.T) {
	t.Parallel()
	store, server := deployments(t, githubapitest.State{})
	created := create(t, store, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v2")})
	if created.Run != "1234" || created.Attempt != 2 || created.Actor != "octocat" {
		t.Errorf("got %+v", created)
	}
	err := store.Mark(t.Context(), created.ID, history.Status{State: history.Error, Description: strings.Repeat("\x1b[31m🙀 broken\n", 100)})
	if err != nil {
		t.Fatal(err)
	}
	kept := server.State().Deployments[0]
	if kept.Ref != "main" || kept.Description != "promote v2" || len(kept.Statuses) != 2 || kept.Statuses[0].State != "in_progress" {
		t.Errorf("got %+v", kept)
	}
	for _, status := range kept.Statuses {
		if status.LogURL != "https://github.com/run" || status.EnvironmentURL != "https://sandbox.example.com" {
			t.Errorf("got %+v", status)
		}
	}
	text := kept.Statuses[1].Description
	if length := utf8.RuneCountInString(text); length > githubapi.MaximumDescription || !strings.HasPrefix(text, "\uFFFD broken \uFFFD broken") || !strings.HasSuffix(text, "more characters)") {
		t.Errorf("got a description of %d characters: %q", length, text)
	}
}

// A promotion that is gone on with belongs to the run that did so.
func TestTheLastRun(t *testing.T) {
	t.Parallel()
	kept := deployment(1, history.Promote, "v1", "in_progress", "error", "in_progress")
	kept.Statuses[0].LogURL = "https://github.com/octo-org/octo-repo/actions/runs/7261"
	kept.Statuses[1].LogURL = "https://github.example.com/octo-org/octo-repo/actions/runs/7262"
	for address, want := range map[string]string{
		"": "7262", "https://github.com/octo-org/octo-repo/actions/runs/7263": "7263", "https://github.com/octo-org/octo-repo/actions/runs/x": "7262",
		"https://github.com/octo-org/octo-repo/actions/runs/-1": "7262", "https://other.example.com/1": "7262",
	} {
		kept.Statuses[2].LogURL = address
		store, _ := deployments(t, githubapitest.State{Deployments: []*githubapitest.Deployment{kept}})
		if got := list(t, store)[0].LastRun(); got != want {
			t.Errorf("%q: got run %q, want %q", address, got, want)
		}
	}
	store, _ := deployments(t, githubapitest.State{})
	if got := create(t, store, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v2")}).LastRun(); got != "1234" {
		t.Errorf("without a status of a run: got %q", got)
	}
}

// Another process knows the deployment by its id only.
func TestAnotherProcessCanMark(t *testing.T) {
	t.Parallel()
	store, server := deployments(t, githubapitest.State{Deployments: []*githubapitest.Deployment{deployment(1, history.Promote, "v1")}})
	mark(t, store, "1", history.Failure)
	if got := server.State().Deployments[0].Statuses; len(got) != 1 || got[0].State != "failure" {
		t.Errorf("got %+v", got)
	}
	if err := store.Mark(t.Context(), "20261122-x", history.Status{State: history.Error}); problem.KindOf(err) != problem.Failure {
		t.Errorf("got %v for an id of another store", err)
	}
}

func TestARecordNeedsACommitAndAnImage(t *testing.T) {
	t.Parallel()
	_, server := deployments(t, githubapitest.State{})
	client, err := githubapi.New(githubapi.Options{BaseURL: server.URL, Token: githubapitest.Token, Repository: "octo-org/octo-repo"})
	if err != nil {
		t.Fatal(err)
	}
	without := history.NewDeployments(client, history.DeploymentsOptions{})
	if _, err := without.Create(t.Context(), history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v1")}); problem.KindOf(err) != problem.Usage {
		t.Errorf("without a commit: got %v", err)
	}
	store, server := deployments(t, githubapitest.State{})
	if _, err := store.Create(t.Context(), history.Promotion{Task: history.Promote, Environment: "sandbox"}); err == nil {
		t.Error("a record that could not be read again was created")
	}
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("got %d requests", len(requests))
	}
}

func TestWhatIsNotOursIsPassedOver(t *testing.T) {
	t.Parallel()
	elsewhere := deployment(5, history.Promote, "v5", "success")
	elsewhere.Environment = "production"
	text, _ := json.Marshal(string(deployment(2, history.Promote, "v2").Payload))
	asText := deployment(2, history.Promote, "v2", "queued", "in_progress", "success", "inactive")
	asText.Payload = text
	store, _ := deployments(t, githubapitest.State{Deployments: []*githubapitest.Deployment{
		deployment(1, history.Promote, "v1", "success", "inactive"),
		asText,
		deployment(3, history.Promote, "v3", "waiting", "pending"), // Killed before its first status.
		deployment(4, "deploy", "v4", "success"),                   // GitHub's own, of a job with environment.
		elsewhere,
	}})
	got := list(t, store)
	if diff := cmp.Diff([]string{"promote v3", "promote v2"}, labels(got)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if got[0].State() != history.InProgress || len(got[0].Statuses) != 0 {
		t.Errorf("v3: got %+v", got[0].Statuses)
	}
	want := []history.Status{{State: history.InProgress, Time: noon}, {State: history.Success, Time: noon}}
	if diff := cmp.Diff(want, got[1].Statuses); diff != "" {
		t.Errorf("v2 (-want +got):\n%s", diff)
	}
}

// A token has 1,000 requests an hour.
func TestOnlyWhatIsNeededIsAsked(t *testing.T) {
	t.Parallel()
	state := githubapitest.State{}
	for i := range int64(350) {
		task, states := history.Promote, []string{"success", "inactive"}
		if i%70 == 0 {
			task = history.Rollback
		}
		if i >= 345 {
			states = []string{"failure"}
		}
		state.Deployments = append(state.Deployments, deployment(i+1, task, fmt.Sprintf("v%d", i%9), states...))
	}
	tests := []struct {
		name     string
		ask      func(history.Store) []history.Promotion
		want     int
		requests int
	}{
		// The first page of each task, and the statuses of what is returned.
		{"back to what is served", func(s history.Store) []history.Promotion { return list(t, s) }, 6, 2 + 6},
		{"about one of the newest", func(s history.Store) []history.Promotion { return about(t, s, "v5") }, 1, 2 + 1},
		{"about one that never was", func(s history.Store) []history.Promotion { return about(t, s, "v0x") }, 0, 4 + 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store, server := deployments(t, state)
			if got := len(test.ask(store)); got != test.want {
				t.Errorf("got %d promotions, want %d", got, test.want)
			}
			if got := len(server.Requests()); got != test.requests {
				t.Errorf("took %d requests, want %d", got, test.requests)
			}
		})
	}
}

// A payload that cannot be read could be the failure, or the proof.
func TestAnUnreadablePayloadIsInconclusive(t *testing.T) {
	t.Parallel()
	image := `"release": {"image": "sha256:1", "migrations": "", "schema": 0}`
	for name, content := range map[string]string{
		"nothing":         ``,
		"empty":           `{}`,
		"no object":       `"[1]"`,
		"text":            `"promoted by hand"`,
		"another version": `{"airlock": 2, "key": "k", ` + image + `}`,
		"an unknown key":  `{"airlock": 1, "key": "k", "more": true, ` + image + `}`,
		"another type":    `{"airlock": 1, "key": "k", "fromSchema": "8", ` + image + `}`,
		"no image":        `{"airlock": 1, "key": "k", "release": {"migrations": "x"}}`,
		"too large":       `{"airlock": 1, "key": "` + strings.Repeat("k", 65<<10) + `", ` + image + `}`,
		"two in a text":   `"{\"airlock\": 1, \"key\": \"k\"} {}"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damaged := deployment(2, history.Promote, "v2", "success")
			damaged.Payload = json.RawMessage(content)
			if content == "" {
				damaged.Payload = nil
			}
			store, _ := deployments(t, githubapitest.State{Deployments: []*githubapitest.Deployment{deployment(1, history.Promote, "v1", "success"), damaged}})
			if _, err := store.List(t.Context(), "sandbox"); problem.KindOf(err) != problem.Inconclusive || !strings.Contains(fmt.Sprint(err), "deployment 2 into sandbox") {
				t.Errorf("List: got %v", err)
			}
			if _, err := store.About(t.Context(), "sandbox", release("v1")); problem.KindOf(err) != problem.Inconclusive {
				t.Errorf("About: got %v", err)
			}
		})
	}
}

func TestGitHubsRefusalsComeThrough(t *testing.T) {
	t.Parallel()
	state := githubapitest.State{
		Tokens:      map[string]githubapitest.Permissions{githubapitest.Token: {"deployments": "read"}},
		Deployments: []*githubapitest.Deployment{deployment(1, history.Promote, "v1", "failure")},
	}
	store, server := deployments(t, state)
	if _, err := store.Create(t.Context(), history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v1")}); problem.KindOf(err) != problem.Usage {
		t.Errorf("Create: got %v", err)
	}
	for name, path := range map[string]string{"the list": "/deployments$", "the statuses": "/statuses$"} {
		server.Change(func(s *githubapitest.State) {
			s.Faults = []githubapitest.Fault{{Path: path, Status: 503, Times: 8}}
		})
		if _, err := store.List(t.Context(), "sandbox"); problem.KindOf(err) != problem.Inconclusive {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
