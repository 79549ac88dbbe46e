package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/actions/deploy"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// Given a promotion that has begun, when the release's folder or the migrations are edited, then no verb takes them for what
// was approved; an edited config changes nothing.
func TestWhatAPromotionBeganWithIsPinned(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "airlock.yaml"), "version: 1\napp: wos\nenvironments:\n  sandbox: {database: {sqlite: a.db}}\n")
	write(t, filepath.Join(root, "release/app"), "v1")
	migration := filepath.Join(root, "migrations/1_one.sql")
	write(t, migration, "-- +goose Up\nselect 1;\n")
	call := func(inputs map[string]string) *verb.Call {
		declaration, err := runner.ParseDeclaration(deploy.Verb().ActionYAML)
		if err != nil {
			t.Fatal(err)
		}
		given, err := declaration.Inputs(inputs)
		if err != nil {
			t.Fatal(err)
		}
		return &verb.Call{Verb: &verb.Verb{}, Inputs: given, Directory: root, Getenv: func(string) string { return "" }, Mask: func(string) {}, Redact: func(text string) string { return text }}
	}
	inputs := map[string]string{"config": "airlock.yaml", "environment": "sandbox", "image": "release"}
	first := call(inputs)
	workspace, err := first.Workspace()
	if err != nil {
		t.Fatal(err)
	}
	release, err := workspace.Release(t.Context(), "release", "v1")
	if err != nil {
		t.Fatal(err)
	}
	again := func() (history.Release, error) {
		later := call(inputs)
		later.Config, later.Release = first.Config, &release
		workspace, err := later.Workspace()
		if err != nil {
			t.Fatal(err)
		}
		return workspace.Release(context.Background(), "release", "another label")
	}
	write(t, filepath.Join(root, "airlock.yaml"), "broken")
	if got, err := again(); err != nil || got != release {
		t.Errorf("got %+v, %v, want %+v", got, err, release)
	}
	for _, path := range []string{filepath.Join(root, "release/app"), migration} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(before)+"-- more\n")
		if _, err := again(); err == nil || !strings.Contains(err.Error(), "changed since the promotion began") {
			t.Errorf("%s: got error %v", path, err)
		}
		write(t, path, string(before))
	}
}
