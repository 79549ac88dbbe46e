package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/actions/deploy"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// A page that answers with a secret leaves it neither in a checklist, which callers write into files, nor in the record.
func TestWhatAVerbSawIsRedactedBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "airlock.yaml"), "version: 1\napp: wos\nenvironments:\n  sandbox: {database: {sqlite: a.db}}\n")
	leaky := deploy.Verb()
	leaky.Run = func(ctx context.Context, call *verb.Call) (verb.Result, error) {
		call.Mask("canary-secret")
		workspace, err := call.Workspace()
		if err != nil {
			return verb.Result{}, err
		}
		record, err := workspace.History.Create(ctx, history.Promotion{Environment: "sandbox"})
		if err != nil {
			return verb.Result{}, err
		}
		err = workspace.History.Mark(ctx, record.ID, history.Status{State: history.Error, Description: "got canary-secret"})
		return verb.Result{Checklist: checklist.Checklist{Items: []checklist.Item{{Title: "a canary-secret", Evidence: "got canary-secret", Hint: "no canary-secret"}}}}, err
	}
	getenv := func(string) string { return "" }
	a := airlock{verbs: []*verb.Verb{leaky}, getenv: getenv, now: time.Now,
		runner: runner.New(runner.Options{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Getenv: getenv, Now: time.Now})}
	result, err := a.run(t.Context(), verb.Request{Verb: "deploy", Directory: folder,
		Given: map[string]string{"config": "airlock.yaml", "environment": "sandbox", "image": "release"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := result.Checklist.Items[0], (checklist.Item{Title: "a ***", Evidence: "got ***", Hint: "no ***"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	content, err := os.ReadFile(filepath.Join(folder, ".airlock/history.jsonl"))
	if err != nil || strings.Contains(string(content), "canary") || !strings.Contains(string(content), "got ***") {
		t.Errorf("got %s, %v", content, err)
	}
}
