package checklist_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// hostile tries every trick of the three prints at once.
const hostile = "<details><img src=x onerror=alert(1)> | `code` **bold** @octocat #12 [link](https://evil.test) ![i](u)\r" +
	"✓ forged item\x1b[2K\x1b[1A\x1b[32m✓\x1b[0m\n| forged | row |\n::error::forged ##[error]forged $x$ :tada: \u202Egnp.exe"

func examples() map[string]checklist.Checklist {
	started := time.Date(2026, 3, 4, 2, 0, 0, 0, time.UTC)
	long := strings.Repeat("the lock was held by another session; ", 4)
	return map[string]checklist.Checklist{
		"passed": {
			Verb: "snapshot", Started: started,
			Items: []checklist.Item{{ID: "create", Title: "Create the snapshot", Verdict: checklist.Pass, Evidence: "wos-2026-03-04, 12 MB", Milliseconds: 999}},
		},
		"empty": {Verb: "verify", Command: "once", Started: started},
		"every-verdict": {
			Verb: "migrate", Command: "up", Environment: "production", Release: "4f2a91c", DryRun: true, Started: started,
			Items: []checklist.Item{
				{ID: "connect", Title: "Connect to the database", Verdict: checklist.Pass, Evidence: "PostgreSQL 15.4", Hint: "not shown", Milliseconds: 80},
				{ID: "pending", Title: "Find pending migrations", Verdict: checklist.Warn, Evidence: "2 pending\n0007_add_level.sql\n\n0008_drop_rank.sql", Hint: "Read them first", Milliseconds: 1234},
				{ID: "apply", Title: "Apply 0007_add_level.sql", Verdict: checklist.Fail, Evidence: long, Hint: long + "\nThen run again", Milliseconds: 184_200},
				{ID: "lag", Title: "Look at the replica", Verdict: checklist.Inconclusive, Evidence: "no answer within 5s", Hint: "Run again"},
				{ID: "down", Title: "Migrate down", Verdict: checklist.Skip, Evidence: "nothing was applied", Hint: "Nothing to do"},
			},
		},
		"hostile": {
			Verb: "verify", Command: hostile, Environment: hostile, Release: hostile, Started: started,
			Items: []checklist.Item{
				{ID: "trick", Title: hostile, Verdict: checklist.Fail, Evidence: hostile, Hint: hostile},
				{ID: "long", Title: "Read the log", Verdict: "passed", Evidence: strings.Repeat("x", 2010)},
			},
		},
	}
}

func TestPrintsMatchTheirGoldenFiles(t *testing.T) {
	t.Parallel()
	prints := map[string]func(io.Writer, checklist.Checklist) error{
		"txt": func(w io.Writer, c checklist.Checklist) error { return checklist.WriteText(w, c, checklist.Style{}) },
		"wide.txt": func(w io.Writer, c checklist.Checklist) error {
			return checklist.WriteText(w, c, checklist.Style{Width: 80})
		},
		"color.txt": func(w io.Writer, c checklist.Checklist) error {
			return checklist.WriteText(w, c, checklist.Style{Color: true})
		},
		"md":   checklist.WriteMarkdown,
		"json": checklist.WriteJSON,
	}
	for name, list := range examples() {
		for extension, write := range prints {
			t.Run(name+"."+extension, func(t *testing.T) {
				t.Parallel()
				var got bytes.Buffer
				if err := write(&got, list); err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", name+"."+extension)
				if *update {
					if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

func TestJSONReadsBackAsItWas(t *testing.T) {
	t.Parallel()
	list := examples()["hostile"]
	var text bytes.Buffer
	if err := checklist.WriteJSON(&text, list); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Verdict checklist.Verdict `json:"verdict"`
		checklist.Checklist
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Verdict != checklist.Fail {
		t.Errorf("verdict: got %q, want %q", got.Verdict, checklist.Fail)
	}
	if diff := cmp.Diff(hostile, got.Items[0].Evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if strings.Contains(text.String(), "##[") {
		t.Errorf("the document holds a workflow command:\n%s", text.String())
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestPrintsReturnTheErrorOfTheWriter(t *testing.T) {
	t.Parallel()
	list := examples()["passed"]
	for name, err := range map[string]error{
		"text":     checklist.WriteText(brokenWriter{}, list, checklist.Style{}),
		"markdown": checklist.WriteMarkdown(brokenWriter{}, list),
		"json":     checklist.WriteJSON(brokenWriter{}, list),
	} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v, want %v", name, err, errBroken)
		}
	}
}
