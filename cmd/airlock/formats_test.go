package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

const lookDeclaration = `description: Looks
inputs:
  command:
    description: What to do
    type: choice
    options: [up, look, stumble, check]
    help: {up: Go up, look: Look around, stumble: Fall, check: Tick off}
    formats: {look: [sarif, github], stumble: [sarif, github], check: [sarif, github]}
    default: up
`

// looking is a verb whose command look has all that a document can have, with text that must not be obeyed.
func looking() *verb.Verb {
	return &verb.Verb{Name: "view", ActionYAML: []byte(lookDeclaration), Run: func(_ context.Context, call *verb.Call) (verb.Result, error) {
		switch call.Inputs.Command() {
		case "stumble":
			return verb.Result{}, problem.New("get up", "it fell")
		case "check":
			return verb.Result{Checklist: checklist.Checklist{Verb: "view", Items: []checklist.Item{{ID: "a", Title: "The way is free", Verdict: checklist.Fail, Evidence: "a stone"}}}}, nil
		}
		return verb.Result{Document: &verb.Document{
			Verdict: checklist.Fail, Value: map[string]string{"text": "##[error]a <b>"},
			Print: func(w io.Writer, style checklist.Style) error {
				_, err := io.WriteString(w, "::error::seen by people\n")
				return err
			},
			SARIF:    func(string) any { return map[string]string{"version": "2.1.0"} },
			Markdown: func() string { return "# Looked\n" },
			Annotations: func() []runner.Annotation {
				return []runner.Annotation{
					{Level: runner.LevelWarning, Title: "later", Message: "second"},
					{Level: runner.LevelError, Title: "rule", Message: "lost\nforever", File: "app/migrations/1,2.sql", Line: 3, EndLine: 4, Column: 5},
				}
			},
		}}, nil
	}}
}

// look runs the verb, on GitHub or not, and returns what came out.
func look(t *testing.T, onGitHub bool, arguments ...string) (stdout, stderr, summary string, code int) {
	t.Helper()
	folder := t.TempDir()
	variables := map[string]string{}
	if onGitHub {
		variables = map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(folder, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(folder, "summary"),
		}
	}
	var out, errors bytes.Buffer
	getenv := func(name string) string { return variables[name] }
	a := &airlock{
		verbs: []*verb.Verb{looking()}, directory: folder, getenv: getenv, now: time.Now, signals: make(chan os.Signal),
		lookupEnv: func(string) (string, bool) { return "", false },
		options:   runner.Options{Stdout: &out, Stderr: &errors, Getenv: getenv, Now: time.Now},
	}
	code = a.main(t.Context(), append([]string{"view"}, arguments...))
	written, err := os.ReadFile(filepath.Join(folder, "summary"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out.String(), errors.String(), string(written), code
}

func TestFormatsOfADocument(t *testing.T) {
	t.Parallel()
	const (
		commands = "::error col=5,endLine=4,file=app/migrations/1%2C2.sql,line=3,title=rule::lost%0Aforever\n::warning title=later::second\n"
		fallen   = "airlock: it fell\n  hint: get up\n"
	)
	tests := map[string]struct {
		arguments               string
		github                  bool
		stdout, stderr, summary string
		code                    int
	}{
		"text":                {"look", false, "::error::seen by people\n", "", "", 1},
		"text on GitHub":      {"look", true, ": :error::seen by people\n" + commands, "", "# Looked\n\n", 1},
		"JSON":                {"look --output json", false, "{\n  \"text\": \"##\\u005berror]a <b>\"\n}\n", "", "", 1},
		"JSON on GitHub":      {"look --output json", true, "{\n  \"text\": \"##\\u005berror]a <b>\"\n}\n", "", "", 1},
		"SARIF":               {"look --output sarif", false, "{\n  \"version\": \"2.1.0\"\n}\n", "", "", 1},
		"commands":            {"look --output github", false, commands, "", "", 1},
		"commands on GitHub":  {"look --output=github", true, commands, "", "# Looked\n\n", 1},
		"SARIF of an error":   {"stumble --output sarif", false, "", fallen, "", 1},
		"an error's command":  {"stumble --output github", false, "::error title=airlock::it fell%0Aget up\n", fallen, "", 1},
		"SARIF of a list":     {"check --output sarif", false, "", "view\n✗ The way is free  a stone\nFailed: 1 failed\n", "", 1},
		"commands of a list":  {"check --output github", false, "::error title=view%3A The way is free::a stone\n", "", "", 1},
		"not of this command": {"up --output sarif", false, "", "airlock: --output is text or json, and got \"sarif\"\n  hint: airlock --help lists what there is\n", "", 2},
		"not of the default":  {"--output github", false, "::error title=airlock::--output is text or json, and got \"github\"%0Aairlock --help lists what there is\n", "airlock: --output is text or json, and got \"github\"\n  hint: airlock --help lists what there is\n", "", 2},
		"no format":           {"look --output xml", false, "", "airlock: --output is text, json, sarif or github, and got \"xml\"\n  hint: airlock --help lists what there is\n", "", 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, summary, code := look(t, test.github, strings.Fields(test.arguments)...)
			if code != test.code {
				t.Errorf("got exit code %d, want %d", code, test.code)
			}
			if diff := cmp.Diff([]string{test.stdout, test.stderr, test.summary}, []string{stdout, stderr, summary}); diff != "" {
				t.Errorf("standard output, standard error, summary (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHelpNamesTheFormats(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		"--help":      `How the result is printed: text or json; of look also sarif or github; of stumble also`,
		"up --help":   `How the result is printed: text or json (default "text")`,
		"look --help": `How the result is printed: text, json, sarif or github (default "text")`,
	} {
		if stdout, _, _, _ := look(t, false, strings.Fields(arguments)...); !strings.Contains(stdout, want) {
			t.Errorf("%s: got\n%s\nwhich lacks %q", arguments, stdout, want)
		}
	}
}
