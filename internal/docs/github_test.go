package docs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOutputsOfTheGitHubGuideArePrinted looks for what the guide shows in what the scripts of cmd/airlock compare: they run
// the verbs as steps of a job.
func TestOutputsOfTheGitHubGuideArePrinted(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join(root, "cmd", "airlock", "testdata", "script", "github*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var printed string
	for _, name := range scripts {
		printed += steady(fileText(t, name))
	}
	compared := 0
	for _, b := range keep(pageOf(t, "docs/github.md").blocks, func(b block) bool { return b.language == "console" }) {
		for line := range strings.Lines(b.text) {
			want := strings.TrimSpace(steady(line))
			if want == "…" {
				continue
			}
			compared++
			if !regexp.MustCompile("(?m)^ ?" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$").MatchString(printed) {
				t.Errorf("docs/github.md:%d: no script prints this line:\n%s", b.line, line)
			}
		}
	}
	if compared == 0 {
		t.Error("no line was compared: this test is blind")
	}
}

// TestErrorsOfTheGitHubGuideAreInTheCode looks for the words of each error that the guide explains, between its names and
// numbers.
func TestErrorsOfTheGitHubGuideAreInTheCode(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for _, folder := range []string{"actions", "internal", "scripts/install"} {
		err := filepath.WalkDir(filepath.Join(root, filepath.FromSlash(folder)), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && (filepath.Ext(path) == ".go" || entry.Name() == "install") && filepath.Base(filepath.Dir(path)) != "docs" {
				source.WriteString(fileText(t, path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, table, _ := strings.Cut(pageOf(t, "docs/github-runs.md").text, "| error | what it means |")
	errors := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1)
	if len(errors) == 0 {
		t.Error("no error was found: this test is blind")
	}
	for _, one := range errors {
		for words := range strings.SplitSeq(one[1], "…") {
			if !strings.Contains(source.String(), words) {
				t.Errorf("docs/github-runs.md explains the error %q, and the code never says %q", one[1], words)
			}
		}
	}
}
