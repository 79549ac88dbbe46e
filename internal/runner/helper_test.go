package runner_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// place is a runner with what it wrote.
type place struct {
	*runner.Runner
	out, err        *bytes.Buffer
	outputs, report string
}

// terminal returns a runner in a terminal of 60 columns, after change had a look at its options.
func terminal(t *testing.T, change func(*runner.Options)) place {
	t.Helper()
	return newPlace(t, map[string]string{}, func(o *runner.Options) {
		o.Terminal, o.Width = true, 60
		if change != nil {
			change(o)
		}
	})
}

// github returns a runner in a step of a job whose files are in a folder of the test's own.
func github(t *testing.T, change func(*runner.Options)) place {
	t.Helper()
	folder := t.TempDir()
	return newPlace(t, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(folder, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(folder, "summary"),
	}, change)
}

func newPlace(t *testing.T, environment map[string]string, change func(*runner.Options)) place {
	t.Helper()
	p := place{out: &bytes.Buffer{}, err: &bytes.Buffer{}, outputs: environment["GITHUB_OUTPUT"], report: environment["GITHUB_STEP_SUMMARY"]}
	options := runner.Options{
		Stdout: p.out, Stderr: p.err, Now: time.Now,
		Getenv: func(name string) string { return environment[name] },
	}
	if change != nil {
		change(&options)
	}
	p.Runner = runner.New(options)
	return p
}

func (p place) close(t *testing.T) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// written returns the content of a file, or an empty string when there is none.
func written(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(content)
}

var lineEnd = regexp.MustCompile(`\r\n|\r|\n`)

// commandsIn returns the lines that GitHub's runner would take for commands, judged more strictly than it does: invisible
// characters do not count, and neither does the name of the command.
func commandsIn(log string) []string {
	var found []string
	for _, line := range lineEnd.Split(log, -1) {
		seen := strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.C, unicode.M, unicode.Other_Default_Ignorable_Code_Point) && !unicode.IsSpace(r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(line, ""))
		if strings.HasPrefix(strings.TrimSpace(seen), "::") || strings.Contains(seen, "##[") {
			found = append(found, line)
		}
	}
	return found
}
