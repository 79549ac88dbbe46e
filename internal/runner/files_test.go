package runner_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

func TestOutputsAreWrittenOnGitHubOnly(t *testing.T) {
	t.Parallel()
	p, shell := github(t, nil), terminal(t, nil)
	for _, where := range []place{p, shell} {
		if err := where.Output("way-back", "image\nschema"); err != nil {
			t.Fatal(err)
		}
	}
	want := "way-back<<_GitHubActionsFileCommandDelimeter_\nimage\nschema\n_GitHubActionsFileCommandDelimeter_\n"
	if got := written(t, p.outputs); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := shell.out.String() + shell.err.String(); got != "" {
		t.Errorf("the terminal got %q", got)
	}
}

func TestOutputRefuses(t *testing.T) {
	t.Parallel()
	const delimiter = "_GitHubActionsFileCommandDelimeter_"
	tests := map[string]struct{ name, value, want string }{
		"no name":                {"", "x", "the name must be"},
		"a name of two lines":    {"a\nb", "x", "the name must be"},
		"a name that sets a":     {"a=b", "x", "the name must be"},
		"a name with the mark":   {"a<<" + delimiter, "x", "the name must be"},
		"a value with the mark":  {"a", "x\n" + delimiter + "\nother<<" + delimiter + "\nforged", "ends a value"},
		"a value of over 1 MB":   {"a", strings.Repeat("x", 1<<19), "larger than 1 MB"},
		"a value of over 1 MB 2": {"a", strings.Repeat("😀", 1<<18), "larger than 1 MB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := github(t, nil)
			p.Mask("s3cret")
			err := p.Output(test.name, test.value)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			if got := written(t, p.outputs); got != "" {
				t.Errorf("written all the same: %q", got)
			}
		})
	}
}

// GitHub drops such outputs without a word: whoever decides by them has to know.
func TestOutputsThatHoldAMaskedValueAreRefused(t *testing.T) {
	t.Parallel()
	p, shell := github(t, nil), terminal(t, nil)
	for place, want := range map[*place]error{&p: runner.ErrMasked, &shell: nil} {
		where := *place
		where.Mask("s3cret")
		where.Mask("pass")
		where.Mask("production")
		for name, value := range map[string]string{"a": "the s3cret", "environment": "production"} {
			if err := where.Output(name, value); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
		}
		if err := where.Output("verdict", "pass"); err != nil {
			t.Error(err)
		}
		where.close(t)
	}
	if got, want := written(t, p.outputs), "verdict<<_GitHubActionsFileCommandDelimeter_\npass\n_GitHubActionsFileCommandDelimeter_\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := p.out.String(); strings.Contains(got, "the s3cret") || strings.Contains(got, "add-mask::pass") {
		t.Errorf("got %q", got)
	}
	if got := shell.out.String() + shell.err.String(); got != "" {
		t.Errorf("the terminal got %q", got)
	}
}

func TestAllOutputsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	p := github(t, nil)
	half := strings.Repeat("x", 1<<18)
	if err := p.Output("a", half); err != nil {
		t.Fatal(err)
	}
	if err := p.Output("b", half); err == nil {
		t.Error("the second half was accepted, names included they are over 1 MB")
	}
}

func TestFilesThatCannotBeWrittenAreErrors(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tests := map[string]struct{ file, want string }{
		"not set":      {"", "is not set"},
		"a folder":     {folder, "is a directory"},
		"not writable": {filepath.Join(folder, "missing", "file"), "no such file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": test.file, "GITHUB_STEP_SUMMARY": test.file}, nil)
			for _, err := range []error{p.Output("a", "b"), p.Summary("text")} {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got error %v, want one with %q", err, test.want)
				}
				var shown *problem.Problem
				if !errors.As(err, &shown) {
					t.Errorf("%v is no problem", err)
				}
			}
		})
	}
}

func TestASummaryHidesSecretsAndIsBounded(t *testing.T) {
	t.Parallel()
	p := github(t, nil)
	p.Mask("s3*ret")
	// Given a summary that another program of the step began, and parts that together are too long.
	if err := os.WriteFile(p.report, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"s3&#42;ret s3*ret\n", strings.Repeat("äöü ", 100_000) + "\n", strings.Repeat("0123456789\n", 100_000), "after\n"} {
		if err := p.Summary(part); err != nil {
			t.Fatal(err)
		}
	}
	got := written(t, p.report)
	if !strings.HasPrefix(got, "before\n*** ***\n") {
		t.Errorf("begins with %q", got[:40])
	}
	const limit = 1 << 20
	if len(got) > limit || len(got) < limit-100 || !utf8.ValidString(got) {
		t.Errorf("got %d bytes, want nearly %d", len(got), limit)
	}
	if want := "0123456789\n\n_The rest was cut: GitHub accepts 1 MiB of summary a step._\n\n"; !strings.HasSuffix(got, want) {
		t.Errorf("ends with %q, want %q", got[len(got)-100:], want)
	}
}

func TestASummaryOfOneLongLineIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	p := github(t, nil)
	if err := p.Summary(strings.Repeat("日", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if got := written(t, p.report); !utf8.ValidString(got) || !strings.Contains(got, "日\n\n_The rest was cut") {
		t.Errorf("ends with %q", got[len(got)-100:])
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestCloseReturnsTheErrorOfAWriter(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(place){
		"a mask":        func(p place) { p.Mask("s3cret") },
		"a group":       func(p place) { p.Group("x")() },
		"an annotation": func(p place) { p.Annotate(runner.Annotation{Level: runner.LevelNotice}) },
		"text":          func(p place) { _, _ = p.Out().Write([]byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := github(t, func(o *runner.Options) { o.Stdout = brokenWriter{} })
			use(p)
			if err := p.Close(); !errors.Is(err, errBroken) {
				t.Errorf("got %v, want %v", err, errBroken)
			}
		})
	}
}
