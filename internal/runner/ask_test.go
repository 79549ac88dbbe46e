package runner_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

func TestOnlyYesMeansYes(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{
		"y\n": true, "YES\r\n": true, " yes \n": true, "\n": false, "n\n": false, "yess\n": false, "yes please\n": false,
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			p := terminal(t, func(o *runner.Options) { o.In = strings.NewReader(answer) })
			got, err := p.Ask(context.Background(), "Drop\nthe \x1b[2Jtable?")
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got %t, want %t", got, want)
			}
			if got, want := p.err.String(), "Drop the ␛[2Jtable? [y/N] "; got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
		})
	}
}

func TestTwoQuestionsReadTwoLines(t *testing.T) {
	t.Parallel()
	p := terminal(t, func(o *runner.Options) { o.In = strings.NewReader("n\ny\n") })
	for _, want := range []bool{false, true} {
		if got, err := p.Ask(context.Background(), "Go on?"); err != nil || got != want {
			t.Errorf("got %t and %v, want %t", got, err, want)
		}
	}
}

func TestNobodyCanAnswer(t *testing.T) {
	t.Parallel()
	yes := func(change func(*runner.Options)) func(*runner.Options) {
		return func(o *runner.Options) {
			o.In = strings.NewReader("y\n")
			change(o)
		}
	}
	for name, p := range map[string]place{
		"on GitHub":                github(t, yes(func(o *runner.Options) { o.Terminal = true })),
		"without a terminal":       terminal(t, yes(func(o *runner.Options) { o.Terminal = false })),
		"without standard input":   terminal(t, yes(func(o *runner.Options) { o.In = nil })),
		"with JSON output":         terminal(t, yes(func(o *runner.Options) { o.JSON = true })),
		"at the end of the input":  terminal(t, yes(func(o *runner.Options) { o.In = strings.NewReader("") })),
		"an answer without an end": terminal(t, yes(func(o *runner.Options) { o.In = strings.NewReader("y") })),
		"an endless answer":        terminal(t, yes(func(o *runner.Options) { o.In = strings.NewReader("y" + strings.Repeat(" ", 10_000) + "\n") })),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := p.Ask(context.Background(), "Drop the table?")
			wantWrong(t, err, "nobody is at a terminal")
			if got || !strings.Contains(problem.Hint(err), "--yes") {
				t.Errorf("got %t with hint %q", got, problem.Hint(err))
			}
		})
	}
}

func TestAQuestionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	defer writer.Close()
	p := terminal(t, func(o *runner.Options) { o.In = reader })
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("interrupted")
	cancel(cause)
	if got, err := p.Ask(ctx, "Drop the table?"); got || !errors.Is(err, cause) {
		t.Errorf("got %t and %v, want %v", got, err, cause)
	}
}
