package history_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func release(label string) history.Release {
	return history.Release{Label: label, Image: "sha256:" + strings.Repeat(label[1:], 64), Migrations: label, Schema: 8}
}

func store(t *testing.T) (*history.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "history.jsonl")
	return history.NewFile(path, func() time.Time { return noon }), path
}

func create(t *testing.T, store history.Store, promotion history.Promotion) history.Promotion {
	t.Helper()
	created, err := store.Create(t.Context(), promotion)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func mark(t *testing.T, store history.Store, id string, state history.State) {
	t.Helper()
	if err := store.Mark(t.Context(), id, history.Status{State: state}); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, store history.Store) []history.Promotion {
	t.Helper()
	promotions, err := store.List(t.Context(), "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	return promotions
}

func TestFileKeepsPromotionsNewestFirst(t *testing.T) {
	t.Parallel()
	file, path := store(t)
	from := release("v1")
	first := create(t, file, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: from})
	create(t, file, history.Promotion{Task: history.Promote, Environment: "production", Release: from})
	second := create(t, file, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v2"), From: &from, FromSchema: 8})
	mark(t, file, first.ID, history.Success)

	first.Statuses = []history.Status{{State: history.Success, Time: noon}}
	if diff := cmp.Diff([]history.Promotion{second, first}, list(t, file)); diff != "" {
		t.Errorf("sandbox (-want +got):\n%s", diff)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the history: %v", info.Mode())
	}
}

func TestMissingFileIsAnEmptyHistory(t *testing.T) {
	t.Parallel()
	file, _ := store(t)
	if got := list(t, file); got != nil {
		t.Errorf("got %v", got)
	}
}

// What a killed process left of a line never counted, and must not spoil the next one.
func TestTornLastLineIsPassedOverAndRemoved(t *testing.T) {
	t.Parallel()
	file, path := store(t)
	first := create(t, file, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v1")})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{1, len(whole) / 2, len(whole) - 2} {
		if err := os.WriteFile(path, append(bytes.Clone(whole), whole[:length]...), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := list(t, file); len(got) != 1 {
			t.Errorf("%d bytes of a torn line: got %d promotions, want 1", length, len(got))
		}
		mark(t, file, first.ID, history.Success)
		if got := list(t, file); len(got) != 1 || !got[0].Succeeded() {
			t.Errorf("%d bytes of a torn line: the next write was lost: %v", length, got)
		}
	}
}

// An editor and truncate leave whole lines without their end.
func TestAWholeLastLineWithoutItsEndCounts(t *testing.T) {
	t.Parallel()
	file, path := store(t)
	first := create(t, file, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: release("v1")})
	mark(t, file, first.ID, history.Error)
	for _, state := range []history.State{history.Error, history.Success} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.TrimRight(content, "\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := list(t, file); len(got) != 1 || got[0].State() != state {
			t.Errorf("without its end: got %+v, want the state %s", got, state)
		}
		mark(t, file, first.ID, history.Success)
		if got := list(t, file); len(got) != 1 || got[0].State() != history.Success {
			t.Errorf("the next write: got %+v", got)
		}
	}
	if got := len(list(t, file)[0].Statuses); got != 3 {
		t.Errorf("got %d statuses, want 3", got)
	}
}

func TestDamagedFileIsInconclusive(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"no JSON":               "garbage",
		"an unknown key":        `{"promotion":{"id":"1","environment":"sandbox"},"extra":1}`,
		"neither of both":       `{}`,
		"two in one line":       `{"promotion":{"id":"1","environment":"sandbox"}}{"id":"1","status":{"state":"success"}}`,
		"a status of no record": `{"id":"missing","status":{"state":"success"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, path := store(t)
			create(t, file, history.Promotion{Environment: "sandbox"})
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append([]byte(line+"\n"), content...), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = file.List(t.Context(), "sandbox")
			if problem.KindOf(err) != problem.Inconclusive || !strings.Contains(err.Error(), "line 1 of the history") {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// What a server says can be longer than anything that could be read again.
func TestLongDescriptionsAreCut(t *testing.T) {
	t.Parallel()
	file, _ := store(t)
	first := create(t, file, history.Promotion{Environment: "sandbox"})
	err := file.Mark(t.Context(), first.ID, history.Status{State: history.Error, Description: strings.Repeat("y\n", 2<<20)})
	if err != nil {
		t.Fatal(err)
	}
	if got := list(t, file)[0].Statuses[0].Description; len(got) > 10_000 || strings.Contains(got, "\n") {
		t.Errorf("got a description of %d bytes", len(got))
	}
	if _, err := file.Create(t.Context(), history.Promotion{Environment: "sandbox", Release: history.Release{Label: strings.Repeat("x", 2<<20)}}); err == nil {
		t.Error("got no error for a line that could not be read again")
	}
	if got := list(t, file); len(got) != 1 {
		t.Errorf("got %d promotions, want 1", len(got))
	}
}

func TestManyWritersLoseNothing(t *testing.T) {
	t.Parallel()
	_, path := store(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			writer := history.NewFile(path, time.Now)
			if _, err := writer.Create(t.Context(), history.Promotion{Environment: "sandbox"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := list(t, history.NewFile(path, time.Now)); len(got) != 20 {
		t.Errorf("got %d promotions, want 20", len(got))
	}
}

func record(task history.Task, to, from string, states ...history.State) history.Promotion {
	promotion := history.Promotion{Task: task, Environment: "sandbox", Release: release(to)}
	if from != "" {
		served := release(from)
		promotion.From = &served
	}
	for _, state := range states {
		promotion.Statuses = append(promotion.Statuses, history.Status{State: state})
	}
	return promotion
}

// said is a record, and what it says.
type said struct {
	name       string
	promotions []history.Promotion // newest first
	current    string
	proof      bool // of v2
	halfDone   bool
}

func records() []said {
	return []said{
		{name: "nothing yet"},
		{name: "one success", current: "v2", proof: true,
			promotions: []history.Promotion{record(history.Promote, "v2", "", history.Success)}},
		{name: "begun", halfDone: true,
			promotions: []history.Promotion{record(history.Promote, "v2", "")}},
		{name: "failed after a success of another", current: "v1",
			promotions: []history.Promotion{record(history.Promote, "v2", "v1", history.Failure), record(history.Promote, "v1", "", history.Success)}},
		{name: "ended in error", current: "v1", halfDone: true,
			promotions: []history.Promotion{record(history.Promote, "v2", "v1", history.Error), record(history.Promote, "v1", "", history.Success)}},
		{name: "gone on with and finished", current: "v2", proof: true,
			promotions: []history.Promotion{record(history.Promote, "v2", "", history.Error, history.InProgress, history.Success)}},
		{name: "success turned inactive by a later one", current: "v3", proof: true,
			promotions: []history.Promotion{record(history.Promote, "v3", "v2", history.Success), record(history.Promote, "v2", "", history.Success, "inactive")}},
		{name: "rolled back by hand later", current: "v1",
			promotions: []history.Promotion{record(history.Rollback, "v1", "v2", history.Success), record(history.Promote, "v2", "v1", history.Success)}},
		{name: "a rollback to it proves nothing", current: "v2",
			promotions: []history.Promotion{record(history.Rollback, "v2", "v3", history.Success)}},
		{name: "the first one rolled back by hand",
			promotions: []history.Promotion{{Task: history.Rollback, Statuses: []history.Status{{State: history.Success}}}, record(history.Promote, "v1", "", history.Success)}},
		{name: "left open beneath one that failed", current: "v1", halfDone: true,
			promotions: []history.Promotion{record(history.Promote, "v3", "v1", history.Failure), record(history.Promote, "v2", "v1", history.Error), record(history.Promote, "v1", "", history.Success)}},
		{name: "failed when it was tried again", current: "v2",
			promotions: []history.Promotion{record(history.Promote, "v2", "", history.Failure), record(history.Promote, "v2", "", history.Success)}},
	}
}

// check compares what promotions say, those of the environment and those about v2, with what the record says.
func (s said) check(t *testing.T, promotions, about []history.Promotion) {
	t.Helper()
	current := ""
	if promotion := history.Current(promotions); promotion != nil {
		current = promotion.Release.Label
	}
	if current != s.current {
		t.Errorf("current: got %q, want %q", current, s.current)
	}
	if got := history.Proof(about, release("v2")) != nil; got != s.proof {
		t.Errorf("proof of v2: got %v, want %v", got, s.proof)
	}
	if got := history.HalfDone(promotions) != nil; got != s.halfDone {
		t.Errorf("half done: got %v, want %v", got, s.halfDone)
	}
}

func TestWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	for _, test := range records() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.check(t, test.promotions, test.promotions)
		})
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	v1 := release("v1")
	renamed := v1
	renamed.Label, renamed.Commit = "release-1", "abc"
	migrated := v1
	migrated.Migrations = "other"
	if !v1.Same(renamed) || v1.Same(migrated) || (history.Release{}).Same(history.Release{}) {
		t.Error("releases are the same by image and migrations, and one without an image is the same as none")
	}
}
