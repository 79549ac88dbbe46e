package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// inside runs airlock in this process, with nothing of the outside but a folder and variables.
func inside(t *testing.T, directory string, variables map[string]string, now time.Time, arguments ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errors bytes.Buffer
	getenv := func(name string) string { return variables[name] }
	a := &airlock{
		verbs: verbs(), directory: directory, getenv: getenv, now: func() time.Time { return now }, signals: make(chan os.Signal),
		lookupEnv: func(name string) (string, bool) { value, ok := variables[name]; return value, ok },
		options:   runner.Options{Stdout: &out, Stderr: &errors, Getenv: getenv, Now: time.Now},
	}
	code = a.main(t.Context(), arguments)
	return out.String(), errors.String(), code
}

// The help is documentation: of the program, of every verb, and of every command of each.
func TestHelp(t *testing.T) {
	t.Parallel()
	calls := [][]string{{}}
	for _, v := range verbs() {
		calls = append(calls, []string{v.Name})
		declaration, err := runner.ParseDeclaration(v.ActionYAML)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range declaration.Commands() {
			calls = append(calls, []string{v.Name, command})
		}
	}
	want := map[string]bool{}
	for _, call := range calls {
		name := strings.Join(append([]string{"airlock"}, call...), "-") + ".txt"
		want[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, stderr, code := inside(t, t.TempDir(), nil, time.Now(), append(call, "--help")...)
			if code != 0 || stderr != "" {
				t.Errorf("got exit code %d and %q on standard error", code, stderr)
			}
			golden(t, filepath.Join("testdata/help", name), got)
		})
	}
	files, err := os.ReadDir("testdata/help")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[file.Name()] {
			t.Errorf("testdata/help/%s is the help of nothing", file.Name())
		}
	}
}

// golden compares text with a file, or writes the file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// The next windows are told from the moment of the call, on the clocks of the config's timezone.
func TestWindowNext(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := `version: 1
app: wos
environments:
  production:
    database: {sqlite: production.db}
    window: {from: "02:00", to: "04:00", timezone: America/New_York}
`
	if err := os.WriteFile(filepath.Join(folder, "airlock.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	// The night from 7 to 8 March 2026 is the one in which the clocks there go forward, past the beginning of the window.
	now := time.Date(2026, 3, 6, 20, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		now  time.Time
		want string
	}{
		{"before it", now, "Sat 2026-03-07 02:00 EST until 04:00 EST, in 11h0m0s\nSun 2026-03-08 03:00 EDT until 04:00 EDT, in 35h0m0s\n"},
		{"in it", now.Add(12 * time.Hour), "Sat 2026-03-07 02:00 EST until 04:00 EST, open now\nSun 2026-03-08 03:00 EDT until 04:00 EDT, in 23h0m0s\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, stderr, code := inside(t, folder, nil, test.now, "window", "next", "--config", "airlock.yaml", "--environment", "production", "--count", "2")
			if code != 0 {
				t.Errorf("got exit code %d: %s", code, stderr)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
