package record

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

const configText = `version: 1
app: wos
environments:
  sandbox:
    url: http://127.0.0.1:1
    database: {sqlite: app.db}
    deploy: {process: {command: [./app], directory: host}}
checks: {health: [{get: /healthz}]}
`

// stage is a project in a folder; the record is in a file of it, unless hub stands in for GitHub.
type stage struct {
	folder  string
	history history.Store
	hub     *githubapitest.Running
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{folder: t.TempDir()}
	for name, text := range map[string]string{
		".github/airlock.yaml": configText, "release/app": "", "migrations/00001_heroes.sql": "-- +goose Up\ncreate table heroes (id integer);\n",
	} {
		path := filepath.Join(s.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.history = history.NewFile(filepath.Join(s.folder, ".airlock", "history.jsonl"), time.Now)
	return s
}

// seen is what a call came to: its one item, and its outputs.
type seen struct {
	verdict        checklist.Verdict
	evidence, hint string
	outputs        map[string]string
}

// call calls the verb for sandbox.
func (s *stage) call(t *testing.T, given map[string]string) (seen, error) {
	t.Helper()
	declaration, err := runner.ParseDeclaration(Verb().ActionYAML)
	if err != nil {
		t.Fatal(err)
	}
	given = maps.Clone(given)
	given["environment"] = "sandbox"
	inputs, err := declaration.Inputs(given)
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{}
	if s.hub != nil {
		variables = map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_API_URL": s.hub.URL, "GITHUB_TOKEN": githubapitest.Token,
			"GITHUB_REPOSITORY": "octo-org/octo-repo", "GITHUB_RUN_ID": "7261"}
	}
	result, err := run(t.Context(), &verb.Call{
		Verb: Verb(), Inputs: inputs, Directory: s.folder, Getenv: func(name string) string { return variables[name] }, Lookup: os.LookupEnv,
		Mask: func(string) {}, Redact: func(text string) string { return text }, Say: func(string) {}, Now: time.Now,
	})
	if err != nil {
		return seen{}, err
	}
	if len(result.Checklist.Items) != 1 {
		t.Fatalf("got %d items, want one", len(result.Checklist.Items))
	}
	item := result.Checklist.Items[0]
	return seen{item.Verdict, item.Evidence, item.Hint, result.Steering}, nil
}

// expect compares a call with what is wanted; the texts are parts.
func (s *stage) expect(t *testing.T, given map[string]string, verdict checklist.Verdict, evidence, hint string) seen {
	t.Helper()
	got, err := s.call(t, given)
	if err != nil {
		t.Fatal(err)
	}
	if got.verdict != verdict || !strings.Contains(got.evidence, evidence) || !strings.Contains(got.hint, hint) {
		t.Errorf("got %s %q (hint %q), want %s %q (hint %q)", got.verdict, got.evidence, got.hint, verdict, evidence, hint)
	}
	return got
}

func (s *stage) open(t *testing.T) string {
	t.Helper()
	return s.expect(t, map[string]string{"command": "open", "image": "release", "label": "v1"}, checklist.Pass, "of v1, from nothing on schema version 0", "").outputs["promotion"]
}

// statuses are those of the newest record, in words.
func (s *stage) statuses(t *testing.T) []string {
	t.Helper()
	promotions, err := s.history.List(t.Context(), "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, status := range promotions[0].Statuses {
		words = append(words, string(status.State)+": "+status.Description)
	}
	return words
}

func TestCloseSettlesWhereThePromotionStopped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		steps          map[string]string
		evidence, hint string
		way            string
		status         string
	}{
		"before anything changed": {map[string]string{"snapshot": oneStep("failure", "fail", "no room"), "migrate": "", "deploy": ""},
			"snapshot: no room", "", "", "failure: snapshot: no room; nothing was changed"},
		"after a change": {map[string]string{"deploy": oneStep("failure", "fail", "no answer")},
			"deploy: no answer", "the way back is taken", "auto", "error: deploy: no answer"},
		"cancelled after a change": {map[string]string{"deploy": oneStep("cancelled", "", "")},
			"cancelled at deploy", "the image way back is taken", "image", "error: cancelled at deploy"},
		"verify cannot tell": {map[string]string{"verify": oneStep("failure", "inconclusive", "no answer")},
			"verify: no answer", "the release stays in place", "", "error: verify: no answer; the release stays in place"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			id := s.open(t)
			closing := map[string]string{"command": "close", "promotion": id, "steps": steps(t, test.steps)}
			dry := maps.Clone(closing)
			dry["dry-run"] = "true"
			if got := s.expect(t, dry, checklist.Skip, "would close promotion "+id, ""); got.outputs["way"] != "" || len(s.statuses(t)) != 0 {
				t.Errorf("a dry run recorded %q, and the way back is %q", s.statuses(t), got.outputs["way"])
			}
			if got := s.expect(t, closing, checklist.Warn, "promotion "+id+": "+test.evidence, test.hint); got.outputs["way"] != test.way {
				t.Errorf("got the way back %q, want %q", got.outputs["way"], test.way)
			}
			if diff := cmp.Diff([]string{test.status}, s.statuses(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is not served at the end is not recorded as proven, whatever the steps say.
func TestCloseLooksAtTheHostItself(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.open(t)
	s.expect(t, map[string]string{"command": "close", "promotion": id, "steps": steps(t, nil)}, checklist.Inconclusive, "something else than v1 is served at the end", "look at who deployed it")
	if diff := cmp.Diff([]string{"error: something else is served at the end: another deployment came in between"}, s.statuses(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	for state, failed := range map[history.State]bool{history.Success: false, history.Failure: true} {
		s := newStage(t)
		id := s.open(t)
		if err := s.history.Mark(t.Context(), id, history.Status{State: state}); err != nil {
			t.Fatal(err)
		}
		changes := map[string]string{}
		if failed {
			changes["deploy"] = oneStep("failure", "fail", "")
		}
		got := s.expect(t, map[string]string{"command": "close", "promotion": id, "steps": steps(t, changes)}, checklist.Skip, "is closed already: "+string(state), "")
		if got.outputs["way"] != "" || len(s.statuses(t)) != 1 {
			t.Errorf("%s: got the way back %q, and %q", state, got.outputs["way"], s.statuses(t))
		}
	}
	// The way back may not have been gone: then it is named again.
	s := newStage(t)
	closing := map[string]string{"command": "close", "promotion": s.open(t), "steps": steps(t, map[string]string{"deploy": oneStep("failure", "fail", "")})}
	for range 2 {
		if got := s.expect(t, closing, checklist.Warn, "deploy", "the way back is taken"); got.outputs["way"] != "auto" {
			t.Errorf("got the way back %q, want auto", got.outputs["way"])
		}
	}
}

func TestCloseOnlyTheNewest(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.open(t)
	closing := func(id string) error {
		_, err := s.call(t, map[string]string{"command": "close", "promotion": id, "steps": steps(t, nil)})
		return err
	}
	refused := func(id string) {
		t.Helper()
		if err := closing(id); problem.KindOf(err) != problem.Inconclusive || !strings.Contains(err.Error(), "is not the newest of sandbox") || problem.Hint(err) == "" {
			t.Errorf("%.50q: got %v", id, err)
		}
	}
	refused("another")
	refused(strings.Repeat("9", 5000))
	for _, task := range []history.Task{history.Promote, history.Rollback} {
		newer, err := s.history.Create(t.Context(), history.Promotion{Task: task, Environment: "sandbox", Release: history.Release{Label: "v2", Image: "sha256:2"}})
		if err != nil {
			t.Fatal(err)
		}
		refused(id)
		if id = newer.ID; task == history.Rollback {
			refused(id)
		}
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	v1 := history.Release{Label: "v1", Image: "sha256:1"}
	tests := map[string]struct {
		record *history.Promotion
		states []history.State
		run    string
		dry    bool
		want   seen
		closed bool
	}{
		"nothing was ever promoted": {want: seen{verdict: checklist.Skip, evidence: "nothing is open"}},
		"it ended":                  {record: &history.Promotion{Run: "7261"}, states: []history.State{history.Success}, run: "7261", want: seen{verdict: checklist.Skip, evidence: "nothing is open"}},
		"it was settled":            {record: &history.Promotion{Run: "7261"}, states: []history.State{history.Error}, run: "7261", want: seen{verdict: checklist.Skip, evidence: "nothing is open"}},
		"of this run":               {record: &history.Promotion{Run: "7261"}, run: "7261", closed: true, want: seen{verdict: checklist.Warn, evidence: "of v1: the run was lost before it ended", hint: "run the same again"}},
		"begun":                     {record: &history.Promotion{Run: "7261"}, states: []history.State{history.InProgress}, run: "7261", closed: true, want: seen{verdict: checklist.Warn, evidence: "of v1: the run was lost", hint: "rollback.yml"}},
		"a dry run":                 {record: &history.Promotion{Run: "7261"}, run: "7261", dry: true, want: seen{verdict: checklist.Skip, evidence: "would close promotion"}},
		"of another run":            {record: &history.Promotion{Run: "7260"}, run: "7261", want: seen{verdict: checklist.Skip, evidence: "of v1 is open and belongs to run 7260"}},
		"of no run":                 {record: &history.Promotion{}, run: "7261", want: seen{verdict: checklist.Skip, evidence: "belongs to no run on GitHub"}},
		"by hand":                   {record: &history.Promotion{Run: "7260"}, closed: true, want: seen{verdict: checklist.Warn, evidence: "of v1: the run was lost", hint: "airlock rollback --environment sandbox"}},
		"a rollback":                {record: &history.Promotion{Run: "7261", Task: history.Rollback}, run: "7261", closed: true, want: seen{verdict: checklist.Warn, evidence: "rollback ", hint: "finish it with rollback.yml"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if test.record != nil {
				record := *test.record
				record.Environment, record.Release = "sandbox", v1
				if record.Task == "" {
					record.Task = history.Promote
				}
				created, err := s.history.Create(t.Context(), record)
				if err != nil {
					t.Fatal(err)
				}
				for _, state := range test.states {
					if err := s.history.Mark(t.Context(), created.ID, history.Status{State: state}); err != nil {
						t.Fatal(err)
					}
				}
			}
			given := map[string]string{"command": "recover", "run": test.run}
			if test.dry {
				given["dry-run"] = "true"
			}
			s.expect(t, given, test.want.verdict, test.want.evidence, test.want.hint)
			if test.record == nil {
				return
			}
			last := ""
			if words := s.statuses(t); len(words) > 0 {
				last = words[len(words)-1]
			}
			if closed := last == "error: the run was lost before it ended; how far it came is not known"; closed != test.closed {
				t.Errorf("the record ends as %q, closed is to be %v", last, test.closed)
			}
		})
	}
}

// A GitHub that fails for longer than anybody waits leaves nothing known: neither is a record called closed, nor an
// environment one without promotions.
func TestWhatGitHubDoesNotAnswerIsNotKnown(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	hub := githubapitest.Start(t, githubapitest.Options{State: githubapitest.State{Faults: []githubapitest.Fault{
		{Status: 503, Times: 99, Header: map[string]string{"Retry-After": "3600"}},
	}}})
	s.hub = &hub
	s.expect(t, map[string]string{"command": "recover"}, checklist.Inconclusive, "GitHub has failed since", "run this again after")
	for name, given := range map[string]map[string]string{
		"list":  {"command": "list"},
		"close": {"command": "close", "promotion": "1", "steps": steps(t, nil)},
	} {
		if _, err := s.call(t, given); problem.KindOf(err) != problem.Inconclusive || problem.Hint(err) == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s.expect(t, map[string]string{"command": "open", "image": "release"}, checklist.Inconclusive, "GitHub has failed since", "run this again after")
}
