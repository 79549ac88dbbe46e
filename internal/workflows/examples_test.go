package workflows_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheExampleKeepsEveryRule makes sure that what the next test finds comes from what it breaks.
func TestTheExampleKeepsEveryRule(t *testing.T) {
	t.Parallel()
	for _, rule := range rules() {
		rule.check(example(t, bad{}), t.Errorf)
	}
}

// TestEveryRuleCanFail breaks the example in every way that a rule is there for.
func TestEveryRuleCanFail(t *testing.T) {
	t.Parallel()
	for _, rule := range rules() {
		if len(rule.bad) == 0 {
			t.Errorf("%s: nothing shows that it can fail", rule.name)
		}
		for _, broken := range rule.bad {
			t.Run(rule.name+"/"+broken.want, func(t *testing.T) {
				t.Parallel()
				var findings []string
				rule.check(example(t, broken), func(format string, arguments ...any) {
					findings = append(findings, fmt.Sprintf(format, arguments...))
				})
				if got := strings.Join(findings, "\n"); !strings.Contains(got, broken.want) {
					t.Errorf("%s with %q instead of %q: got\n%s\nwant\n%s", broken.file, broken.new, broken.old, got, broken.want)
				}
			})
		}
	}
}

// example is the repository of testdata, with one text replaced: in every action, when the file is action.yml.
func example(t *testing.T, broken bad) *repository {
	t.Helper()
	read := &repository{
		workflows: map[string]*workflow{},
		actions:   map[string]*action{},
		permissions: map[string]string{
			"promote.yml/plan":                "actions: read, contents: read",
			"promote.yml/first":               "contents: read, deployments: write, id-token: write",
			"promote.yml/recover":             "",
			"promote-environment.yml/promote": "contents: read, deployments: write, id-token: write",
		},
	}
	source := func(name string) string {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if name == broken.file {
			if text = strings.Replace(text, broken.old, broken.new, 1); text == string(content) {
				t.Fatalf("%s has no %q", name, broken.old)
			}
		}
		return text
	}
	for _, name := range []string{"promote.yml", "promote-environment.yml"} {
		read.add(t, name, source(name))
	}
	text := source("action.yml")
	for _, verb := range []string{"preflight", "record", "snapshot", "migrate", "verify", "rollback"} {
		read.add(t, verb+"/action.yml", strings.ReplaceAll(text, "VERB", verb))
	}
	// One verb without commands.
	start, end := strings.Index(text, "  command:"), strings.Index(text, "  environment:")
	read.add(t, "deploy/action.yml", strings.ReplaceAll(text[:start]+text[end:], "VERB", "deploy"))
	return read
}
