package githubapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// ErrNotFound is wrapped by the error of a call when GitHub answers 404: there is no such thing, or the token may not see
// it, or the repository's plan does not have it.
var ErrNotFound = errors.New("GitHub does not find it")

// ErrForbidden is wrapped by the error of a call when GitHub answers that the token may not. What a run for a fork's pull request
// gets is a token that only reads: https://docs.github.com/en/actions/reference/security/secure-use
var ErrForbidden = errors.New("the token may not")

// permissionsHeader names what a request needs, whether it was refused for that or not, such as "deployments=write" or "actions=read; contents=read":
// https://github.blog/changelog/2023-08-10-x-accepted-github-permissions-header-for-fine-grained-permission-actors
const permissionsHeader = "X-Accepted-GitHub-Permissions"

// explain says what a failed call means and what to do. what is the call in words, such as "list the environments".
func (c *Client) explain(err error, what string) error {
	var known *problem.Problem
	var answer *github.ErrorResponse
	switch {
	case errors.As(err, &known):
		return &problem.Problem{Kind: known.Kind, Hint: known.Hint, What: "cannot " + what + ": " + known.What, Err: known}
	case errors.As(err, &answer) && answer.Response != nil && answer.Response.Request != nil:
		return c.refused(answer, what)
	}
	// A lost answer, or one that is no JSON of the shape that GitHub describes.
	return problem.Unknown("run this again", "cannot %s: %w", what, err)
}

// refused explains an answer of GitHub that would be the same again.
func (c *Client) refused(answer *github.ErrorResponse, what string) error {
	request, header := answer.Response.Request, answer.Response.Header
	said := c.transport.quote(answer.Message)
	switch status := answer.Response.StatusCode; {
	case status == http.StatusUnauthorized:
		return problem.Unknown("a workflow's token lasts as long as its job; any other may have expired or been revoked",
			"cannot %s: GitHub does not accept the token (%s)", what, said)
	case status == http.StatusForbidden && missingPermission([]byte(answer.Message)):
		return problem.Wrong(fmt.Sprintf("grant %s to the calling job, under its permissions", permission(request, header)),
			"cannot %s: %w (%s)", what, ErrForbidden, said)
	case status == http.StatusNotFound:
		return problem.New(fmt.Sprintf("see that it exists in %s/%s, and that the token may see it: a private repository that it may not see is not found either", c.owner, c.name),
			"cannot %s: %w", what, ErrNotFound)
	default:
		for _, detail := range answer.Errors {
			said += " " + c.transport.quote(cmp.Or(detail.Message, detail.Field+" "+detail.Code))
		}
		return problem.Unknown("", "cannot %s: GitHub answered %d %.1000s", what, status, said)
	}
}

// missingPermission tells the 403 for a token that lacks a permission: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
func missingPermission(body []byte) bool {
	return bytes.Contains(body, []byte("Resource not accessible by")) || bytes.Contains(body, []byte("Must have admin rights"))
}

// permission returns what the request needs, in the words of a workflow's permissions. GitHub's own word counts; the rest
// is from https://docs.github.com/rest/authentication/permissions-required-for-github-apps
func permission(request *http.Request, header http.Header) string {
	if accepted := header.Get(permissionsHeader); accepted != "" {
		var sets []string
		for set := range strings.SplitSeq(accepted, ";") {
			var needed []string
			for one := range strings.SplitSeq(set, ",") {
				needed = append(needed, fmt.Sprintf("%.60q", strings.NewReplacer("=", ": ", "_", "-").Replace(strings.TrimSpace(one))))
			}
			sets = append(sets, strings.Join(needed, " and "))
		}
		return fmt.Sprintf("%.300s", strings.Join(sets, ", or "))
	}
	level := "read"
	if request.Method != http.MethodGet {
		level = "write"
	}
	switch path := request.URL.Path; {
	case strings.Contains(path, "/environments"), strings.Contains(path, "/actions/"):
		return fmt.Sprintf("%q", "actions: "+level)
	case strings.Contains(path, "/deployments"):
		return fmt.Sprintf("%q", "deployments: "+level)
	case strings.Contains(path, "/issues/"):
		return fmt.Sprintf("%q", "pull-requests: "+level)
	}
	return `"contents: read"`
}

// message returns the words of an error's body, or the body.
func message(body []byte) string {
	var answer struct{ Message string }
	if json.Unmarshal(body, &answer) == nil && answer.Message != "" {
		return answer.Message
	}
	return string(body[:min(len(body), 1000)])
}
