package githubapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	marker = "<!-- airlock:review -->"
	said   = marker + "\nnothing blocks"
)

// onPullRequest is a state with comments on pull request 7.
func onPullRequest(author string, comments ...githubapitest.Comment) githubapitest.State {
	return githubapitest.State{Comments: map[int64][]githubapitest.Comment{7: append([]githubapitest.Comment{}, comments...)}, Author: author, LastID: 1000}
}

func TestComment(t *testing.T) {
	t.Parallel()
	const bot, app = githubapi.WorkflowAuthor, "our-app[bot]"
	others := []githubapitest.Comment{
		{ID: 1, Author: "octocat", Body: marker + "\nforged"},
		{ID: 2, Author: bot, Body: "somebody said: " + marker},
		{ID: 3, Author: "other-app[bot]", Body: marker + "\nof another"},
	}
	ours := githubapitest.Comment{ID: 4, Author: bot, Body: marker + "\nbefore"}
	with := func(more ...githubapitest.Comment) []githubapitest.Comment {
		return append(append([]githubapitest.Comment{}, others...), more...)
	}
	var many []githubapitest.Comment
	for i := range int64(250) {
		many = append(many, githubapitest.Comment{ID: 100 + i, Author: "octocat", Body: fmt.Sprintf("comment %d", i)})
	}
	tests := map[string]struct {
		author       string
		before, want []githubapitest.Comment
		methods      string
	}{
		"the first":                  {"", with(), with(githubapitest.Comment{ID: 1001, Author: bot, Body: said}), "GET POST"},
		"updated in place":           {"", with(ours), with(githubapitest.Comment{ID: 4, Author: bot, Body: said}), "GET PATCH"},
		"the same again":             {"", with(githubapitest.Comment{ID: 4, Author: bot, Body: said}), with(githubapitest.Comment{ID: 4, Author: bot, Body: said}), "GET"},
		"of two runs at once":        {"", with(ours, githubapitest.Comment{ID: 5, Author: bot, Body: said}), with(githubapitest.Comment{ID: 4, Author: bot, Body: said}), "GET PATCH DELETE"},
		"of a token of its own":      {app, with(), with(githubapitest.Comment{ID: 1001, Author: app, Body: said}), "GET POST"},
		"of that token again":        {app, with(githubapitest.Comment{ID: 4, Author: app, Body: said}), with(githubapitest.Comment{ID: 1001, Author: app, Body: said}), "GET POST DELETE"},
		"among many, on a late page": {"", slices.Concat(many, with(ours)), slices.Concat(many, with(githubapitest.Comment{ID: 4, Author: bot, Body: said})), "GET GET GET PATCH"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client, _ := begin(t, onPullRequest(test.author, test.before...))
			address, err := client.Comment(t.Context(), 7, marker, said)
			if err != nil || !strings.HasPrefix(address, "https://github.invalid/pull/1#issuecomment-") {
				t.Errorf("got %q, %v", address, err)
			}
			if diff := cmp.Diff(test.want, server.State().Comments[7]); diff != "" {
				t.Errorf("comments (-want +got):\n%s", diff)
			}
			var methods []string
			for _, request := range server.Requests() {
				methods = append(methods, request.Method)
			}
			if got := strings.Join(methods, " "); got != test.methods {
				t.Errorf("got %s, want %s", got, test.methods)
			}
		})
	}
}

// A comment whose answer was lost is there once; one that somebody deletes meanwhile is written anew.
func TestCommentAfterFailures(t *testing.T) {
	t.Parallel()
	ours := githubapitest.Comment{ID: 4, Author: githubapi.WorkflowAuthor, Body: marker + "\nbefore"}
	tests := map[string]struct {
		before []githubapitest.Comment
		fault  fault
		wantID int64
	}{
		"carried out":      {nil, fault{Method: http.MethodPost, Break: githubapitest.BreakAfter}, 1001},
		"not carried out":  {nil, fault{Method: http.MethodPost, Break: githubapitest.BreakBefore}, 1001},
		"an edit lost":     {[]githubapitest.Comment{ours}, fault{Method: http.MethodPatch, Break: githubapitest.BreakAfter}, 4},
		"a server's error": {[]githubapitest.Comment{ours}, fault{Method: http.MethodPatch, Status: 502, Body: "{}", Times: 2}, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := onPullRequest("", test.before...)
			state.Faults = []fault{test.fault}
			server, client, _ := begin(t, state)
			if _, err := client.Comment(t.Context(), 7, marker, said); err != nil {
				t.Fatal(err)
			}
			want := []githubapitest.Comment{{ID: test.wantID, Author: githubapi.WorkflowAuthor, Body: said}}
			if diff := cmp.Diff(want, server.State().Comments[7]); diff != "" {
				t.Errorf("comments (-want +got):\n%s", diff)
			}
		})
	}
	state := onPullRequest("", ours)
	state.Faults = []fault{{Method: http.MethodPatch, Status: 404, Body: `{"message": "Not Found"}`}}
	server, client, _ := begin(t, state)
	if _, err := client.Comment(t.Context(), 7, marker, said); err != nil {
		t.Fatal(err)
	}
	if got := server.State().Comments[7]; len(got) != 1 || got[0].ID != 1001 {
		t.Errorf("got %+v, want a new one, and none that is stale", got)
	}
}

func TestCommentRefused(t *testing.T) {
	t.Parallel()
	reads := githubapitest.Permissions{"metadata": "read", "pull_requests": "read"}
	_, client, _ := begin(t, githubapitest.State{Tokens: map[string]githubapitest.Permissions{githubapitest.Token: reads}, Comments: onPullRequest("").Comments})
	_, err := client.Comment(t.Context(), 7, marker, said)
	expect(t, err, problem.Usage, `grant "pull-requests: write" to the calling job`)
	if !errors.Is(err, githubapi.ErrForbidden) {
		t.Errorf("%v does not wrap ErrForbidden", err)
	}

	state := onPullRequest("")
	state.Faults = []fault{{Method: http.MethodPost, Status: 404, Body: `{"message": "Not Found"}`}}
	_, client, _ = begin(t, state)
	if _, err = client.Comment(t.Context(), 7, marker, said); !errors.Is(err, githubapi.ErrForbidden) {
		t.Errorf("%v does not wrap ErrForbidden", err)
	}
	expect(t, err, problem.Usage, "cannot comment on pull request 7")

	if _, err = client.Comment(t.Context(), 8, marker, said); !errors.Is(err, githubapi.ErrNotFound) || errors.Is(err, githubapi.ErrForbidden) {
		t.Errorf("another pull request: got %v", err)
	}
	_, err = client.Comment(t.Context(), 7, marker, marker+strings.Repeat("日", githubapi.MaximumComment))
	expect(t, err, problem.Inconclusive, "body is too long")
	if _, err := client.Comment(t.Context(), 7, marker, "without its marker"); err == nil {
		t.Error("a comment that cannot be found again is written")
	}
}
