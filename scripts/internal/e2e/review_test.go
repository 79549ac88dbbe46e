//go:build e2e

package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

// dropsLevel is a migration that nobody should merge without a word.
const dropsLevel = "-- +goose Up\nalter table heroes drop column level;\n-- +goose Down\nalter table heroes add column level integer not null default 1;\n"

// reviewed is a pull request with a dangerous migration: it is blocked, acknowledged, and passes; its one comment says so.
func reviewed(t *testing.T) {
	s := newScenario(t, options{})
	s.github.Change(func(state *githubapitest.State) {
		state.Comments = map[int64][]githubapitest.Comment{pullRequestNumber: nil}
	})
	base := s.commit(t, "The first release", 5)
	s.git(t, "checkout", "--quiet", "-b", "feature")
	migration := filepath.Join(s.caller, "migrations", "00006_drop_level.sql")

	// When the migration is dangerous, the check fails, and the comment and an annotation say why.
	write(t, migration, dropsLevel)
	s.commit(t, "Drop the level", 5)
	ended := s.pullRequest(t, 8001, base)
	s.expect(t, ended, false, map[string]string{"migrations/review": "failure"})
	comment := s.onlyComment(t)
	for _, want := range []string{"drop-column", "migrations/00006_drop_level.sql"} {
		if !strings.Contains(comment, want) {
			t.Errorf("the comment does not say %q:\n%s", want, comment)
		}
	}
	if !strings.Contains(ended.summaries["migrations/review"], "drop-column") {
		t.Error("the summary does not name the finding")
	}
	marked := false
	for _, command := range ended.commands {
		marked = marked || command.Command == "error" && strings.Contains(command.Raw, "file=migrations/00006_drop_level.sql") && strings.Contains(command.Raw, "line=2")
	}
	if !marked {
		t.Error("no annotation stands on the line")
	}

	// When somebody says why it is right, it passes, and the same comment says so.
	write(t, migration, strings.Replace(dropsLevel, "alter", "-- airlock:allow drop-column because=\"no version reads it since v12\" until=2099-12-31\nalter", 1))
	s.commit(t, "Say why", 5)
	s.expect(t, s.pullRequest(t, 8002, base), true, map[string]string{"migrations/review": "success"})
	if after := s.onlyComment(t); after == comment || !strings.Contains(after, "no version reads it since v12") {
		t.Errorf("the comment is not up to date:\n%s", after)
	}

	// When the pull request comes from a fork, whose token may only read, nothing but the comment is missing.
	before := s.onlyComment(t)
	s.github.Change(func(state *githubapitest.State) { state.Tokens[githubapitest.Token]["pull_requests"] = "read" })
	write(t, migration, dropsLevel)
	s.commit(t, "Take it back", 5)
	ended = s.pullRequest(t, 8003, base)
	s.expect(t, ended, false, map[string]string{"migrations/review": "failure"})
	expectText(t, ended, "The pull request gets no comment")
	if s.onlyComment(t) != before {
		t.Error("the comment changed")
	}

	// When a migration that is there already is edited, no reason helps.
	write(t, migration, dropsLevel)
	name, err := filepath.Glob(filepath.Join(s.caller, "migrations", "00003_*.sql"))
	if err != nil || len(name) != 1 {
		t.Fatal(name, err)
	}
	s.git(t, "rm", "--quiet", "migrations/00006_drop_level.sql")
	write(t, name[0], read(t, name[0])+"\n-- edited\n")
	s.git(t, "commit", "--quiet", "--all", "--message", "Edit what was applied")
	ended = s.pullRequest(t, 8004, base)
	s.expect(t, ended, false, map[string]string{"migrations/review": "failure"})
	expectText(t, ended, "edited-migration")
}

// pullRequest runs the review of a pull request.
func (s *scenario) pullRequest(t testing.TB, run int64, base string) outcome {
	t.Helper()
	s.base = base
	return s.start(t, trigger{event: "pull_request", workflow: "review.yml", run: run}, "", "")
}

// onlyComment returns the text of the one comment that the pull request has.
func (s *scenario) onlyComment(t testing.TB) string {
	t.Helper()
	comments := s.github.State().Comments[pullRequestNumber]
	if len(comments) != 1 {
		t.Fatalf("the pull request has %d comments, want 1", len(comments))
	}
	return comments[0].Body
}
