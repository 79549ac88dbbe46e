package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

func TestTextIsNotTakenForACommandOnGitHub(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"a command":                  {"::error::forged\n", ": :error::forged\n"},
		"in the second line":         {"a\n::error::forged\n", "a\n: :error::forged\n"},
		"after a carriage return":    {"a\r::error::forged\n", "a\r: :error::forged\n"},
		"after white space":          {" \t\u00a0\u3000::error::forged\n", " \t\u00a0\u3000: :error::forged\n"},
		"after invisible characters": {"\u200b\x00\x1b::error::forged\n", "\u200b\x00\x1b: :error::forged\n"},
		"around an invisible one":    {":\u200b:error::forged\n", ":\u200b :error::forged\n"},
		"after bytes of no UTF-8":    {"\xff::error::forged\n", "\xff: :error::forged\n"},
		"the old form":               {"##[error]forged\n", "## [error]forged\n"},
		"the old form anywhere":      {"a ###[set-output name=x]y\n", "a ### [set-output name=x]y\n"},
		"the old form in pieces":     {"#\u200b#\u200d[error]forged\n", "#\u200b#\u200d [error]forged\n"},
		"a cast":                     {"select id::text\n", "select id::text\n"},
		"one colon":                  {": a\n:a:\n: :a\n", ": a\n:a:\n: :a\n"},
		"a heading":                  {"## [link]\n# [x]\n", "## [link]\n# [x]\n"},
		"an early end":               {"::", ": :"},
		"half a character":           {"a\xe2\x80", "a\xe2\x80"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, bytewise := github(t, nil), github(t, nil)

			fmt.Fprint(whole.Out(), test.text)
			for index := range len(test.text) {
				fmt.Fprint(bytewise.Err(), test.text[index:index+1])
			}
			whole.close(t)
			bytewise.close(t)

			if got := whole.out.String(); got != test.want {
				t.Errorf("at once: got %q, want %q", got, test.want)
			}
			if got := bytewise.out.String(); got != test.want {
				t.Errorf("byte by byte: got %q, want %q", got, test.want)
			}
		})
	}
}

func TestATerminalSeesTextAsItIs(t *testing.T) {
	t.Parallel()
	p := terminal(t, nil)
	fmt.Fprint(p.Out(), "::error::x ##[y]\n")
	if got, want := p.out.String(), "::error::x ##[y]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestACommandOfOurOwnBeginsALine(t *testing.T) {
	t.Parallel()
	p := github(t, nil)
	p.Mask("s3cret")
	fmt.Fprint(p.Out(), "no newline, s3cr")
	end := p.Group("Copy\n::error::forged s3cret")
	fmt.Fprint(p.Err(), "::inside::\n")
	end()
	p.close(t)
	want := "::add-mask::s3cret\nno newline, ***\n::group::Copy ::error::forged ***\n: :inside::\n::endgroup::\n"
	if got := p.out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestJSONKeepsStandardOutputForItself(t *testing.T) {
	t.Parallel()
	p := github(t, func(o *runner.Options) { o.JSON = true })
	p.Mask("s3cret")
	p.Group("Copy")()
	p.Annotate(runner.Annotation{Level: runner.LevelError, Message: "broken"})
	fmt.Fprintln(p.Err(), "for people")
	fmt.Fprintln(p.Out(), `{"a": "s3cret"}`)
	p.close(t)
	if got, want := p.out.String(), "{\"a\": \"***\"}\n"; got != want {
		t.Errorf("standard output: got %q, want %q", got, want)
	}
	want := "::add-mask::s3cret\n::group::Copy\n::endgroup::\nfor people\n::error::broken\n"
	if got := p.err.String(); got != want {
		t.Errorf("standard error: got %q, want %q", got, want)
	}
}

func TestAGroupIsATitleInATerminal(t *testing.T) {
	t.Parallel()
	p := terminal(t, nil)
	p.Group("Copy\x1b[2J the tables")()
	if got, want := p.err.String(), "Copy␛[2J the tables\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzNothingForgesACommand(f *testing.F) {
	for _, text := range []string{"::error::x", "a\r\n ::set-output name=a::b", "x##[set-output name=a;]b", "%0A::error::", "::\n::", "\u200b::a::", ",title=x::y"} {
		f.Add(text, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		const longest = 300
		if len(text) > longest {
			return
		}
		p := github(t, nil)
		for rest := text; rest != ""; {
			part := rest[:min(int(size)+1, len(rest))]
			fmt.Fprint(p.Out(), part)
			rest = rest[len(part):]
		}
		end := p.Group(text)
		end()
		p.Annotate(runner.Annotation{Level: runner.LevelWarning, Title: text, Message: text, File: text, Line: 3})
		p.Annotate(runner.Annotation{Level: runner.Level(text), Title: text})
		p.close(t)

		commands := commandsIn(p.out.String())
		want := []string{"::group::", "::endgroup::", "::", "::warning"}
		if len(commands) != len(want) {
			t.Fatalf("got %d commands, want %d: %q", len(commands), len(want), commands)
		}
		for index, prefix := range want {
			if !strings.HasPrefix(commands[index], prefix) || strings.Contains(commands[index], "##[") {
				t.Errorf("command %d: got %q, want %s…", index, commands[index], prefix)
			}
		}
		if got := written(t, p.outputs); got != "" {
			t.Errorf("an output was set: %q", got)
		}
	})
}
