package githubapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

type fault = githubapitest.Fault

func TestFailuresThatPass(t *testing.T) {
	t.Parallel()
	throttled := map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795349100"} // 12:05
	tests := map[string]struct {
		faults   []fault
		patience time.Duration
		// least and most bound what is waited for: the pauses vary.
		least, most time.Duration
	}{
		"none":                   {},
		"a server's error":       {faults: []fault{{Status: 503, Body: "<html>Unicorn!</html>"}}, least: time.Second, most: 2 * time.Second},
		"several":                {faults: []fault{{Status: 502, Times: 3}}, least: 7 * time.Second, most: 11 * time.Second},
		"too many, after a time": {faults: []fault{{Status: 429, Header: map[string]string{"Retry-After": "20"}}}, least: 20 * time.Second, most: 30 * time.Second},
		"forbidden for a time":   {faults: []fault{{Status: 403, Header: map[string]string{"Retry-After": "20"}}}, least: 20 * time.Second, most: 30 * time.Second},
		"too many, no time":      {faults: []fault{{Status: 429}}, least: time.Minute, most: 70 * time.Second},
		"a secondary limit":      {faults: []fault{{Status: 403, Body: `{"message": "You have exceeded a secondary rate limit."}`}}, least: time.Minute, most: 70 * time.Second},
		"the hour's limit":       {faults: []fault{{Status: 403, Header: throttled}}, patience: 10 * time.Minute, least: 301 * time.Second, most: 311 * time.Second},
		"the last one allowed":   {faults: []fault{{Header: throttled}}},
		"a broken connection":    {faults: []fault{{Break: githubapitest.BreakAfter}}, least: time.Second, most: 2 * time.Second},
		"nothing in the answer":  {faults: []fault{{Status: 200}}, least: time.Second, most: 2 * time.Second},
		"no time, but a number":  {faults: []fault{{Status: 403, Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999999"}}}, patience: 48 * time.Hour, least: 24 * time.Hour, most: 25 * time.Hour},
		"half an answer":         {faults: []fault{{Status: 200, Body: `{"private": fal`}}, least: time.Second, most: 2 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A connection of its own: on one that was used before, Go's transport asks again by itself.
			_, client, passed := begin(t, githubapitest.State{Faults: test.faults}, func(o *githubapi.Options) {
				o.Transport = &http.Transport{DisableKeepAlives: true}
				o.Patience = test.patience
			})
			for range 2 {
				if _, err := client.Private(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if waited := passed.waited(); waited < test.least || waited > test.most {
				t.Errorf("waited %s, want between %s and %s", waited, test.least, test.most)
			}
		})
	}
}

func TestFailuresThatStay(t *testing.T) {
	t.Parallel()
	hour := map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795351200"} // 12:40
	tests := map[string]struct {
		fault    fault
		kind     problem.Kind
		part     string
		requests int
	}{
		"a server's error": {fault{Status: 503, Body: `{"message": "Service unavailable"}`, Times: 99}, problem.Inconclusive,
			`cannot read the repository: GitHub has failed since 2026-11-22 12:00:00 UTC (attempts: 8), last with: 503 "Service unavailable" → see https://www.githubstatus.com`, 8},
		"throttled for long": {fault{Status: 403, Header: hour, Times: 99}, problem.Inconclusive, "run this again after 2026-11-22 12:40:01 UTC", 1},
		"throttled often":    {fault{Status: 429, Header: map[string]string{"Retry-After": "100"}, Times: 99}, problem.Inconclusive, "(attempts: 3)", 3},
		"the token":          {fault{Status: 401, Body: `{"message": "Bad credentials"}`}, problem.Inconclusive, `GitHub does not accept the token ("Bad credentials")`, 1},
		"not found":          {fault{Status: 404, Body: `{"message": "Not Found"}`}, problem.Failure, "that the token may see it", 1},
		"no permission":      {fault{Status: 403, Body: `{"message": "Resource not accessible by integration"}`}, problem.Usage, `grant "contents: read" to the calling job`, 1},
		"no permission on the last request": {fault{Status: 403, Header: hour, Body: `{"message": "Resource not accessible by integration"}`},
			problem.Usage, `grant "contents: read"`, 1},
		"permissions by the header": {fault{Status: 403, Body: `{"message": "Resource not accessible by personal access token"}`, Header: map[string]string{"X-Accepted-GitHub-Permissions": "actions=read,contents=read; deployments=write"}},
			problem.Usage, `grant "actions: read" and "contents: read", or "deployments: write" to the calling job`, 1},
		"forbidden for another reason": {fault{Status: 403, Body: `{"message": "the organization has an IP allow list enabled"}`, Header: map[string]string{"X-Accepted-GitHub-Permissions": "metadata=read"}},
			problem.Inconclusive, `GitHub answered 403 "the organization has an IP allow list enabled"`, 1},
		"something else": {fault{Status: 422, Body: `{"message": "Validation Failed", "errors": [{"message": "No ref found"}, {"field": "ref", "code": "missing"}]}`},
			problem.Inconclusive, `GitHub answered 422 "Validation Failed" "No ref found" "ref missing"`, 1},
		"another shape":     {fault{Status: 200, Body: `["private"]`}, problem.Inconclusive, "cannot read the repository", 1},
		"the token in echo": {fault{Status: 400, Body: `{"message": "what is Bearer ghs_standIn\u001b[31m?"}`}, problem.Inconclusive, `"what is Bearer ***\x1b[31m?"`, 1},
		"too much":          {fault{Status: 200, Body: `"` + strings.Repeat("x", 17<<20) + `"`}, problem.Inconclusive, "has more than 16777216 bytes", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client, _ := begin(t, githubapitest.State{Faults: []fault{test.fault}})
			_, err := client.Private(t.Context())
			expect(t, err, test.kind, test.part)
			if strings.Contains(err.Error()+problem.Hint(err), githubapitest.Token) {
				t.Errorf("the token is in the error: %v", err)
			}
			if got := len(server.Requests()); got != test.requests {
				t.Errorf("got %d requests, want %d", got, test.requests)
			}
		})
	}
}

func TestPermissionsByName(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		call func(context.Context, *githubapi.Client) error
		want string
	}{
		"environment": {func(ctx context.Context, c *githubapi.Client) error { _, err := c.Environment(ctx, "x"); return err }, `"actions: read"`},
		"run":         {func(ctx context.Context, c *githubapi.Client) error { _, err := c.Run(ctx, 1); return err }, `"actions: read"`},
		"cancel":      {func(ctx context.Context, c *githubapi.Client) error { return c.CancelRun(ctx, 1) }, `"actions: write"`},
		"statuses":    {func(ctx context.Context, c *githubapi.Client) error { _, err := c.Statuses(ctx, 1); return err }, `"deployments: read"`},
		"status": {func(ctx context.Context, c *githubapi.Client) error {
			return c.CreateStatus(ctx, 1, githubapi.NewStatus{State: "success"})
		}, `"deployments: write"`},
		"comment": {func(ctx context.Context, c *githubapi.Client) error {
			_, err := c.Comment(ctx, 7, marker, said)
			return err
		}, `"pull-requests: read"`},
	}
	refusal := fault{Status: 403, Body: `{"message": "Resource not accessible by integration"}`}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Once by the header, as GitHub sends it, and once without it, as GitHub Enterprise Server may.
			read := githubapitest.Permissions{"metadata": "read"}
			if strings.Contains(test.want, "write") {
				read = githubapitest.Permissions{"actions": "read", "deployments": "read"}
			}
			server, client, _ := begin(t, githubapitest.State{Tokens: map[string]githubapitest.Permissions{githubapitest.Token: read}})
			expect(t, test.call(t.Context(), client), problem.Usage, "grant "+test.want)
			server.Change(func(s *githubapitest.State) { s.Faults = []fault{refusal} })
			expect(t, test.call(t.Context(), client), problem.Usage, "grant "+test.want)
		})
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server, client, _ := begin(t, githubapitest.State{Faults: []fault{{Status: 500, Times: 99}}}, func(o *githubapi.Options) {
		o.Wait = nil // The real one.
		o.Logf = func(string, ...any) { cancel() }
	})
	if _, err := client.Private(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// People are told what is waited for, and when it has no end.
func TestASilence(t *testing.T) {
	t.Parallel()
	var said string
	client, passed := connect(t, "https://api.github.com", func(o *githubapi.Options) {
		o.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded })
		o.Logf = func(format string, arguments ...any) { said += fmt.Sprintf(format, arguments...) + "\n" }
	})
	_, err := client.Private(t.Context())
	expect(t, err, problem.Inconclusive, "last with: nothing within 30s")
	if !strings.HasPrefix(said, "GitHub answered nothing within 30s: asking again in ") || strings.Count(said, "\n") != len(passed.waits) {
		t.Errorf("got %s", said)
	}
}

// A list that leads round in circles would never end.
func TestPagesInCircles(t *testing.T) {
	t.Parallel()
	circle := fault{Status: 200, Body: `{"environments": []}`, Header: map[string]string{"Link": `<https://api.github.com/x?page=1>; rel="next"`}}
	_, client, _ := begin(t, githubapitest.State{Faults: []fault{circle}})
	_, err := client.Environments(t.Context())
	expect(t, err, problem.Inconclusive, "GitHub leads from page 1 to page 1")
}

// A server that is not there has carried nothing out.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	client, passed := connect(t, server.URL)
	_, err := client.CreateDeployment(t.Context(), wanted("a"))
	expect(t, err, problem.Inconclusive, "(attempts: 8)")
	if waits := len(passed.waits); waits != 7 {
		t.Errorf("waited %d times, want 7", waits)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a stranger was asked for %s, with %q", r.URL, r.Header.Get("Authorization"))
	}))
	defer stranger.Close()
	server, client, _ := begin(t, githubapitest.State{})
	moved := func(to string) {
		server.Change(func(s *githubapitest.State) {
			s.Faults = []fault{{Status: http.StatusMovedPermanently, Header: map[string]string{"Location": to}}}
		})
	}
	moved(server.URL + "/repos/octo-org/octo-repo") // A repository that was renamed.
	if _, err := client.Private(t.Context()); err != nil {
		t.Error(err)
	}
	moved(stranger.URL)
	_, err := client.Private(t.Context())
	expect(t, err, problem.Inconclusive, "GitHub leads away")
	moved(server.URL + "/repos/octo-org/octo-repo/deployments") // A POST would become a GET.
	_, err = client.CreateDeployment(t.Context(), wanted("a"))
	expect(t, err, problem.Inconclusive, "GitHub leads away")
}
