package githubapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clock passes only by waiting.
type clock struct {
	mutex sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) Wait(ctx context.Context, duration time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(duration)
	c.waits = append(c.waits, duration)
	return ctx.Err()
}

func (c *clock) waited() time.Duration { return c.Now().Sub(noon) }

// begin starts a stand-in that knows state, and returns it with a client of it and the client's clock.
func begin(t *testing.T, state githubapitest.State, change ...func(*githubapi.Options)) (githubapitest.Running, *githubapi.Client, *clock) {
	t.Helper()
	server := githubapitest.Start(t, githubapitest.Options{State: state, Now: func() time.Time { return noon }})
	client, passing := connect(t, server.URL, change...)
	return server, client, passing
}

func connect(t *testing.T, address string, change ...func(*githubapi.Options)) (*githubapi.Client, *clock) {
	t.Helper()
	passing := &clock{now: noon}
	options := githubapi.Options{BaseURL: address, Token: githubapitest.Token, Repository: "octo-org/octo-repo", Now: passing.Now, Wait: passing.Wait}
	for _, one := range change {
		one(&options)
	}
	client, err := githubapi.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return client, passing
}

// expect compares an error with the kind and a part of the text of the problem that it should be.
func expect(t *testing.T, err error, kind problem.Kind, part string) {
	t.Helper()
	if err == nil || problem.KindOf(err) != kind || !strings.Contains(err.Error()+" → "+problem.Hint(err), part) {
		t.Errorf("got error %v → %s (kind %d), want kind %d with %q", err, problem.Hint(err), problem.KindOf(err), kind, part)
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	right := githubapi.Options{Token: "ghs_x", Repository: "octo-org/octo.repo_1"}
	if _, err := githubapi.New(right); err != nil {
		t.Errorf("right options: %v", err)
	}
	tests := map[string]struct {
		change func(*githubapi.Options)
		part   string
	}{
		"no token":               {func(o *githubapi.Options) { o.Token = "" }, "GITHUB_TOKEN"},
		"a token with a newline": {func(o *githubapi.Options) { o.Token = "ghs_secret\n" }, "characters that none has"},
		"no repository":          {func(o *githubapi.Options) { o.Repository = "" }, "is not the name of a repository"},
		"too many parts":         {func(o *githubapi.Options) { o.Repository = "a/b/c" }, "is not the name of a repository"},
		"dots":                   {func(o *githubapi.Options) { o.Repository = "a/.." }, "is not the name of a repository"},
		"a query":                {func(o *githubapi.Options) { o.Repository = "a/b?c" }, "is not the name of a repository"},
		"no address":             {func(o *githubapi.Options) { o.BaseURL = "github.com" }, "is not the address of a GitHub API"},
		"another scheme":         {func(o *githubapi.Options) { o.BaseURL = "ftp://github.com" }, "in the clear"},
		"in the clear":           {func(o *githubapi.Options) { o.BaseURL = "http://ghe.example.com/api/v3" }, "in the clear"},
		"a password":             {func(o *githubapi.Options) { o.BaseURL = "https://me:secret@github.com" }, "is not the address"},
		"no patience":            {func(o *githubapi.Options) { o.Patience = -time.Second }, "is negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := right
			test.change(&options)
			_, err := githubapi.New(options)
			expect(t, err, problem.Usage, test.part)
			if strings.Contains(fmt.Sprint(err), "ghs_secret") {
				t.Errorf("the token is in the error: %v", err)
			}
		})
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	_, client, _ := begin(t, githubapitest.State{Repository: "octo-org/octo-repo", Private: true})
	got, err := client.Private(t.Context())
	if want := true; err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	protected := githubapi.Environment{
		Reviewers:         []githubapi.Reviewer{{Kind: githubapi.Team, Name: "release-managers"}, {Kind: githubapi.User, Name: "octocat"}},
		PreventSelfReview: true, WaitTimer: 30 * time.Minute, Branches: githubapi.ProtectedBranches,
	}
	patterns := githubapi.Environment{Branches: githubapi.CustomBranches, AdminsBypass: true}
	for i := range 130 {
		patterns.Patterns = append(patterns.Patterns, githubapi.Pattern{Name: fmt.Sprintf("release/%d/*", i), Tag: i%2 == 1})
	}
	environments := map[string]githubapi.Environment{
		"open":                     {Branches: githubapi.AnyBranch, AdminsBypass: true},
		"Production":               protected,
		"prod/eu west#1?x=%2F&é 日": protected,
		"many/patterns":            patterns,
	}
	_, client, _ := begin(t, githubapitest.State{Environments: environments})
	for name, want := range environments {
		want.Name = name
		got, err := client.Environment(t.Context(), name)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	// GitHub's names are not case-sensitive.
	if got, err := client.Environment(t.Context(), "production"); err != nil || got.Name != "Production" {
		t.Errorf("got %q, %v", got.Name, err)
	}
	_, err := client.Environment(t.Context(), "missing")
	expect(t, err, problem.Failure, `cannot read the environment "missing"`)
	if !errors.Is(err, githubapi.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	// These would lead to another address.
	for _, name := range []string{"", ".", ".."} {
		_, err := client.Environment(t.Context(), name)
		expect(t, err, problem.Usage, "is no name of an environment")
	}
}

func TestEnvironmentsComeInPages(t *testing.T) {
	t.Parallel()
	state := githubapitest.State{Environments: map[string]githubapi.Environment{}}
	var want []string
	for i := range 230 {
		want = append(want, fmt.Sprintf("environment-%03d", i))
		state.Environments[want[i]] = githubapi.Environment{}
	}
	server, client, _ := begin(t, state)
	got, err := client.Environments(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if requests := len(server.Requests()); requests != 3 {
		t.Errorf("got %d requests, want 3", requests)
	}
}

// What is not understood must not look like more protection than there is, and never end the program.
func TestOddProtection(t *testing.T) {
	t.Parallel()
	none := githubapi.Environment{Name: "production", Branches: githubapi.AnyBranch, AdminsBypass: true}
	person := none
	person.Reviewers = []githubapi.Reviewer{{Kind: githubapi.User, Name: "octocat"}}
	tests := map[string]struct {
		body string
		want githubapi.Environment
	}{
		"nothing said":             {`{"name": "production"}`, none},
		"a reviewer without type":  {`{"name": "production", "protection_rules": [{"type": "required_reviewers", "reviewers": [{"reviewer": {"login": "octocat"}}]}]}`, person},
		"a reviewer who is gone":   {`{"name": "production", "protection_rules": [{"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": null}]}]}`, none},
		"a rule of another kind":   {`{"name": "production", "protection_rules": [{"type": "custom", "app": {"slug": "gate"}}, null]}`, none},
		"a policy without content": {`{"name": "production", "deployment_branch_policy": {}}`, none},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client, _ := begin(t, githubapitest.State{Faults: []githubapitest.Fault{{Status: 200, Body: test.body}}})
			got, err := client.Environment(t.Context(), "production")
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRuns(t *testing.T) {
	t.Parallel()
	var runs []githubapi.Run
	for i := range int64(120) {
		runs = append(runs, githubapi.Run{
			ID: i + 1, WorkflowID: 7, Attempt: 2, Path: ".github/workflows/release.yml", Event: "push", Status: "waiting", Branch: "main/é&x",
			Commit: strings.Repeat("a", 40), Actor: "octocat", TriggeringActor: "hubot", Created: noon, URL: "https://github.com/run",
		})
	}
	runs[0].Status, runs[0].Conclusion = "completed", "failure"
	runs[1].Branch = "other"
	runs[2].WorkflowID = 8
	approvals := []githubapi.Approval{{Environments: []string{"production"}, State: "approved", User: "octocat", Comment: "seen\nand good"}}
	server, client, _ := begin(t, githubapitest.State{Runs: runs, Approvals: map[int64][]githubapi.Approval{5: approvals}})

	got, err := client.Run(t.Context(), 1)
	if diff := cmp.Diff(runs[0], got); diff != "" || err != nil {
		t.Errorf("run 1: %v (-want +got):\n%s", err, diff)
	}
	waiting, err := client.WaitingRuns(t.Context(), 7, "main/é&x")
	if err != nil || len(waiting) != 117 || waiting[0].ID != 120 || waiting[116].ID != 4 || waiting[0].Path != runs[0].Path {
		t.Errorf("got %d waiting runs, %v", len(waiting), err)
	}
	said, err := client.Approvals(t.Context(), 5)
	if diff := cmp.Diff(approvals, said); diff != "" || err != nil {
		t.Errorf("approvals: %v (-want +got):\n%s", err, diff)
	}
	if said, err := client.Approvals(t.Context(), 6); err != nil || len(said) != 0 {
		t.Errorf("approvals of a run without: got %v, %v", said, err)
	}
	for _, id := range []int64{4, 1} { // One that waits, and one that has ended.
		if err := client.CancelRun(t.Context(), id); err != nil {
			t.Errorf("cancel %d: %v", id, err)
		}
	}
	if run := server.State().Runs[3]; run.Conclusion != "cancelled" {
		t.Errorf("got %+v, want it cancelled", run)
	}
	_, err = client.Run(t.Context(), 999)
	expect(t, err, problem.Failure, "cannot read run 999")
}

// A conflict alone does not say that the run will do nothing more.
func TestARunThatCannotBeCancelledYet(t *testing.T) {
	t.Parallel()
	_, client, _ := begin(t, githubapitest.State{
		Runs:   []githubapi.Run{{ID: 1, Status: "queued"}},
		Faults: []githubapitest.Fault{{Method: http.MethodPost, Status: http.StatusConflict, Body: `{"message": "Cannot cancel a workflow re-run that has not yet queued."}`}},
	})
	expect(t, client.CancelRun(t.Context(), 1), problem.Inconclusive, "has not yet queued")
}

func TestEnterpriseServer(t *testing.T) {
	t.Parallel()
	environments := map[string]githubapi.Environment{"eu/prod": {}}
	server := githubapitest.Start(t, githubapitest.Options{State: githubapitest.State{Environments: environments}, Prefix: "/api/v3"})
	for _, address := range []string{server.URL, server.URL + "/"} {
		client, _ := connect(t, address)
		if _, err := client.Environment(t.Context(), "eu/prod"); err != nil {
			t.Error(err)
		}
		if names, err := client.Environments(t.Context()); err != nil || len(names) != 1 {
			t.Errorf("got %v, %v", names, err)
		}
	}
	if path := server.Requests()[0].Path; path != "/api/v3/repos/octo-org/octo-repo/environments/eu%2Fprod" {
		t.Errorf("got path %s", path)
	}
}
