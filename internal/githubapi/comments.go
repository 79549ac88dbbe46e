package githubapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// WorkflowAuthor writes what a workflow writes with the token that GitHub gives it: people cannot have a name of this form.
// https://docs.github.com/en/actions/concepts/security/github_token
const WorkflowAuthor = "github-actions[bot]"

// MaximumComment is how many characters GitHub takes in a comment; its documentation does not say so, its refusal does.
const MaximumComment = 65536

// comment is a comment on a pull request.
type comment struct {
	id                    int64
	author, body, address string
}

// Comment makes body the one comment of ours on a pull request, and returns its address. Ours is what begins with marker and was
// written by WorkflowAuthor, or by whoever the token turns out to stand for: a comment of anybody else is left alone, whatever it
// says. The error wraps ErrForbidden when the token may not comment, as in a run for a fork's pull request.
// https://docs.github.com/rest/issues/comments
func (c *Client) Comment(ctx context.Context, pullRequest int, marker, body string) (address string, err error) {
	if marker == "" || !strings.HasPrefix(body, marker) {
		return "", errors.New("a comment must begin with its marker, by which it is found again")
	}
	ctx, what := c.begin(ctx), fmt.Sprintf("comment on pull request %d", pullRequest)
	marked, err := c.comments(ctx, pullRequest, marker)
	if err != nil {
		return "", c.explain(err, what)
	}
	ours := by(WorkflowAuthor, marked)
	kept, err := c.edit(ctx, ours, body)
	if kept == nil && err == nil {
		kept, err = c.createComment(ctx, pullRequest, marker, body, marked)
	}
	if err != nil {
		return "", c.cannotComment(err, what)
	}
	// There are more when two runs came at once, or when who the token stands for was only known by what it wrote.
	for _, stale := range by(kept.author, marked) {
		if stale.id == kept.id {
			continue
		}
		if _, err := c.github.Issues.DeleteComment(ctx, c.owner, c.name, stale.id); err != nil && !notFound(err) {
			return "", c.cannotComment(err, what)
		}
	}
	return kept.address, nil
}

// by returns the comments of an author.
func by(author string, all []comment) []comment {
	return slices.DeleteFunc(slices.Clone(all), func(one comment) bool { return one.author != author })
}

// comments returns the comments that begin with marker, in the order in which they were written.
func (c *Client) comments(ctx context.Context, pullRequest int, marker string) ([]comment, error) {
	var marked []comment
	err := pages(func(page int) (*github.Response, error) {
		answer, response, err := c.github.Issues.ListComments(ctx, c.owner, c.name, pullRequest,
			&github.IssueListCommentsOptions{ListOptions: github.ListOptions{Page: page, PerPage: perPage}})
		for _, one := range answer {
			if strings.HasPrefix(one.GetBody(), marker) {
				marked = append(marked, plainComment(one))
			}
		}
		return response, err
	})
	return marked, err
}

func plainComment(one *github.IssueComment) comment {
	return comment{id: one.GetID(), author: one.GetUser().GetLogin(), body: one.GetBody(), address: one.GetHTMLURL()}
}

// edit gives the first of ours the body, and returns it; nil when there is none, or none any more.
func (c *Client) edit(ctx context.Context, ours []comment, body string) (*comment, error) {
	if len(ours) == 0 {
		return nil, nil
	}
	first := ours[0]
	if first.body == body {
		return &first, nil
	}
	_, _, err := c.github.Issues.EditComment(ctx, c.owner, c.name, first.id, &github.IssueComment{Body: &body})
	if notFound(err) {
		return nil, nil
	}
	return &first, err
}

// createComment writes a comment. One whose answer was lost is only written again when it is not there.
func (c *Client) createComment(ctx context.Context, pullRequest int, marker, body string, before []comment) (*comment, error) {
	var created comment
	err := c.create(ctx, func() error {
		answer, _, err := c.github.Issues.CreateComment(ctx, c.owner, c.name, pullRequest, &github.IssueComment{Body: &body})
		if err == nil {
			created = plainComment(answer)
		}
		return err
	}, func() (bool, error) {
		found, err := c.comments(ctx, pullRequest, marker)
		for _, one := range found {
			known := slices.ContainsFunc(before, func(earlier comment) bool { return earlier.id == one.id })
			if !known && one.body == body {
				created = one
				return true, err
			}
		}
		return false, err
	})
	return &created, err
}

// notFound tells whether GitHub answered 404.
func notFound(err error) bool {
	answer := (*github.ErrorResponse)(nil)
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode == http.StatusNotFound
}

// cannotComment explains why a comment could not be written. The pull request was found before: when it is not found now, that is
// GitHub's other way to say that the token may not.
func (c *Client) cannotComment(err error, what string) error {
	if notFound(err) {
		return problem.Wrong(`grant "pull-requests: write" to the calling job, under its permissions`, "cannot %s: %w: it finds what it reads, and not what it writes", what, ErrForbidden)
	}
	return c.explain(err, what)
}
