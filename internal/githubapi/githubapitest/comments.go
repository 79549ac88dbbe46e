package githubapitest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
)

func commentValue(comment Comment) object {
	kind := "User"
	if strings.HasSuffix(comment.Author, "[bot]") {
		kind = "Bot"
	}
	return object{
		"id": comment.ID, "body": comment.Body, "user": object{"login": comment.Author, "type": kind},
		"html_url": fmt.Sprintf("https://github.invalid/pull/1#issuecomment-%d", comment.ID),
	}
}

func (s *Server) listComments(c call) answer {
	comments, known := s.state.Comments[c.number("issue_number")]
	if !known {
		return s.notFound()
	}
	items := []any{}
	for _, comment := range comments {
		items = append(items, commentValue(comment))
	}
	page, header := c.page(items)
	return answer{http.StatusOK, header, page}
}

// tooLong refuses a body that GitHub does not take, or returns nil.
func tooLong(body string) *answer {
	if utf8.RuneCountInString(body) <= githubapi.MaximumComment {
		return nil
	}
	refused := invalid("IssueComment", "body", "body is too long (maximum is %d characters)", githubapi.MaximumComment)
	return &refused
}

func (s *Server) createComment(c call) answer {
	number := c.number("issue_number")
	if _, known := s.state.Comments[number]; !known {
		return s.notFound()
	}
	if refused := tooLong(c.text("body")); refused != nil {
		return *refused
	}
	comment := Comment{ID: s.nextID(), Author: cmp.Or(s.state.Author, githubapi.WorkflowAuthor), Body: c.text("body")}
	s.state.Comments[number] = append(s.state.Comments[number], comment)
	return answer{status: http.StatusCreated, value: commentValue(comment)}
}

// comment finds a comment by the number in the path: the pull request's, and its place there.
func (s *Server) comment(c call) (number int64, place int, found bool) {
	for number, comments := range s.state.Comments {
		if i := slices.IndexFunc(comments, func(one Comment) bool { return one.ID == c.number("comment_id") }); i >= 0 {
			return number, i, true
		}
	}
	return 0, 0, false
}

func (s *Server) editComment(c call) answer {
	number, place, found := s.comment(c)
	if !found {
		return s.notFound()
	}
	if refused := tooLong(c.text("body")); refused != nil {
		return *refused
	}
	comment := &s.state.Comments[number][place]
	comment.Body = c.text("body")
	return answer{status: http.StatusOK, value: commentValue(*comment)}
}

func (s *Server) deleteComment(c call) answer {
	number, place, found := s.comment(c)
	if !found {
		return s.notFound()
	}
	s.state.Comments[number] = slices.Delete(s.state.Comments[number], place, place+1)
	return answer{status: http.StatusNoContent}
}
