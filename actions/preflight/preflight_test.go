package preflight

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

const configText = `version: 1
app: wos
environments:
  sandbox:
    url: http://127.0.0.1:1
    database: %s
    window: {from: "02:00", to: "04:00", timezone: UTC, outside: wait}
    deploy: {process: {command: [./app], directory: .airlock/hosts/sandbox}}
checks: {health: [{get: /healthz}]}
`

// stage is a project in a folder, at midnight; its clock stands still unless a wait is shown to go on.
type stage struct {
	call    *verb.Call
	history *history.File
	now     time.Time
	// step is how much time goes by between two looks at the wait.
	step time.Duration
	// meanwhile is what happens while the window is waited for.
	meanwhile func()
}

func newStage(t *testing.T, database string, given map[string]string) *stage {
	t.Helper()
	s := &stage{now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), step: 121 * time.Minute, meanwhile: func() {}}
	folder := t.TempDir()
	for name, text := range map[string]string{
		".github/airlock.yaml": fmt.Sprintf(configText, database), "release/app": "", ".gitignore": ".airlock\n*.db\n",
		"migrations/00001_heroes.sql": "-- +goose Up\ncreate table heroes (id integer);\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, arguments := range [][]string{{"init", "--quiet"}, {"add", "--all"}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one"}} {
		if output, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, arguments...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", arguments, err, output)
		}
	}
	declaration, err := runner.ParseDeclaration(Verb().ActionYAML)
	if err != nil {
		t.Fatal(err)
	}
	given["environment"], given["image"] = "sandbox", "release"
	inputs, err := declaration.Inputs(given)
	if err != nil {
		t.Fatal(err)
	}
	s.history = history.NewFile(filepath.Join(folder, ".airlock", "history.jsonl"), time.Now)
	s.call = &verb.Call{
		Verb: Verb(), Inputs: inputs, Directory: folder, Getenv: func(string) string { return "" }, Lookup: os.LookupEnv,
		Mask: func(string) {}, Redact: func(text string) string { return text }, Now: func() time.Time { return s.now },
		Progress: func(string) verb.Progress { s.meanwhile(); return s },
	}
	return s
}

// Advance and Done implement verb.Progress.
func (s *stage) Advance(int64, int64, string) { s.now = s.now.Add(s.step) }
func (s *stage) Done()                        {}

// record adds a promotion of something else.
func (s *stage) record(t *testing.T, states ...history.State) {
	t.Helper()
	promotion, err := s.history.Create(t.Context(), history.Promotion{Task: history.Promote, Environment: "sandbox",
		Release: history.Release{Label: "v0", Image: "sha256:0", Schema: 1}})
	for _, state := range states {
		if err == nil {
			err = s.history.Mark(t.Context(), promotion.ID, history.Status{State: state})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// items runs preflight and returns what it found, by item.
func (s *stage) items(t *testing.T) map[string]string {
	t.Helper()
	result, err := run(t.Context(), s.call)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, item := range result.Checklist.Items {
		if found[item.ID] != "" {
			t.Errorf("%s is there twice", item.ID)
		}
		found[item.ID] = string(item.Verdict) + ": " + item.Evidence
	}
	if last := result.Checklist.Items[len(result.Checklist.Items)-1].ID; last != "window" {
		t.Errorf("the last item is %s", last)
	}
	return found
}

func TestTheGatesAreAskedAgainAfterTheWait(t *testing.T) {
	t.Parallel()
	s := newStage(t, "{sqlite: app.db}", map[string]string{})
	got := s.items(t)
	if want := "pass: waited 2h0m0s, open until Sun 2026-11-22 04:00 UTC"; got["window"] != want || got["half-done"] != "pass: nothing is half done" {
		t.Errorf("got %q and %q, want %q", got["window"], got["half-done"], want)
	}

	s = newStage(t, "{sqlite: app.db}", map[string]string{})
	s.meanwhile = func() { s.record(t) }
	got = s.items(t)
	if !strings.HasPrefix(got["half-done"], "fail: the promotion of v0") || !strings.HasPrefix(got["window"], "pass: waited 2h0m0s, ") {
		t.Errorf("what began during the wait was not noticed: %q, %q", got["half-done"], got["window"])
	}

	s = newStage(t, "{sqlite: app.db}", map[string]string{})
	s.meanwhile = func() { s.now = s.now.Add(12 * time.Hour) }
	if got := s.items(t); got["window"] != "fail: waited 2h0m0s, and the window is closed again" {
		t.Errorf("a window that was slept through: got %q", got["window"])
	}
}

func TestNobodyWaitsForWhatAGateForbids(t *testing.T) {
	t.Parallel()
	s := newStage(t, "{sqlite: app.db}", map[string]string{})
	s.record(t)
	s.meanwhile = func() { t.Error("the window was waited for") }
	if got, want := s.items(t)["window"], "skip: not waited for: a gate said no"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s = newStage(t, "{sqlite: app.db}", map[string]string{"dry-run": "true"})
	s.meanwhile = func() { t.Error("a dry run waited for the window") }
	if got, want := s.items(t)["window"], "skip: would wait 2h0m0s for the window to open"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAWaitCanBeInterrupted(t *testing.T) {
	t.Parallel()
	s := newStage(t, "{sqlite: app.db}", map[string]string{})
	ctx, cancel := context.WithCancel(t.Context())
	s.step, s.meanwhile = 0, cancel
	result, err := run(ctx, s.call)
	if err != nil {
		t.Fatal(err)
	}
	if last := result.Checklist.Items[len(result.Checklist.Items)-1]; last.ID != "window" || last.Verdict != checklist.Fail {
		t.Errorf("got %+v", last)
	}
}

// A file that is gone is no new environment, and neither is one that is empty all at once.
func TestTheDatabaseIsTheOneOfTheRecord(t *testing.T) {
	t.Parallel()
	s := newStage(t, "{sqlite: app.db}", map[string]string{})
	if got, want := s.items(t)["database"], "pass: app.db does not exist yet: the first migration makes it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.record(t, history.Success)
	if got, want := s.items(t)["database"], "fail: app.db is gone: by the record it belongs to v0, which is served"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := os.WriteFile(filepath.Join(s.call.Directory, "app.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := s.items(t)
	if want := "inconclusive: " + filepath.Join(s.call.Directory, "app.db") + " has no migration applied, and by the record v0 was served with version 1"; got["database"] != want {
		t.Errorf("got %q, want %q", got["database"], want)
	}
	if diff := cmp.Diff("pass: a snapshot can be taken", got["backup"]); diff != "" {
		t.Errorf("backup (-want +got):\n%s", diff)
	}
}

// What pg_dump cannot be given is found out before a record is opened.
func TestURLsThatPgxTakesAndPgDumpDoesNot(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"host=127.0.0.1 dbname=wos", "postgres://a@h:1,h:2/wos", "postgres://a@h/wos?passfile=/tmp/x"} {
		s := newStage(t, fmt.Sprintf("{postgres: wos, url: %q}", url), map[string]string{"dry-run": "true"})
		if got := s.items(t)["backup"]; !strings.HasPrefix(got, "fail: ") || !strings.Contains(got, "database URL") {
			t.Errorf("%s: got %q", url, got)
		}
	}
}
