package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

func TestAnnotationsComeOutWorstFirst(t *testing.T) {
	t.Parallel()
	annotations := []runner.Annotation{
		{Level: runner.LevelNotice, Message: "look"},
		{Level: runner.LevelWarning, Title: "lock: long", Message: "it\nwaits", File: "migrations/1,2.sql", Line: 3, Column: 5, EndLine: 4},
		{Level: runner.LevelError, Title: "drop", Message: "100% of s3cret", File: "migrations/2.sql", Line: 7},
		{Level: "", Message: "unknown is the worst", Line: 9},
		{Level: runner.LevelError, Message: "second", File: "a.sql", Column: 2},
	}
	tests := map[string]struct {
		place place
		want  string
	}{
		"on GitHub": {github(t, nil), `::error::unknown is the worst
::error file=migrations/2.sql,line=7,title=drop::100%25 of ***
::error col=2,file=a.sql::second
::warning col=5,endLine=4,file=migrations/1%2C2.sql,line=3,title=lock%3A long::it%0Awaits
::notice::look
`},
		"in a terminal": {terminal(t, nil), `error: unknown is the worst
migrations/2.sql:7: error: drop: 100% of ***
a.sql: error: second
migrations/1,2.sql:3:5: warning: lock: long: it waits
notice: look
`},
		"as commands in a terminal": {terminal(t, func(o *runner.Options) { o.JSON, o.Commands = true, true }), `::error::unknown is the worst
::error file=migrations/2.sql,line=7,title=drop::100%25 of ***
::error col=2,file=a.sql::second
::warning col=5,endLine=4,file=migrations/1%2C2.sql,line=3,title=lock%3A long::it%0Awaits
::notice::look
`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.place.Mask("s3cret")
			for _, annotation := range annotations {
				test.place.Annotate(annotation)
			}
			test.place.close(t)
			got := strings.TrimPrefix(test.place.out.String()+test.place.err.String(), "::add-mask::s3cret\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
		})
	}
}

// Standard output holds the commands and nothing else, on GitHub too.
func TestAnnotationsOnStandardOutput(t *testing.T) {
	t.Parallel()
	p := github(t, func(o *runner.Options) { o.JSON, o.Commands = true, true })
	fmt.Fprintln(p.Err(), "::error::said to people")
	p.Annotate(runner.Annotation{Level: runner.LevelError, Message: "::error::forged"})
	p.close(t)
	if got := p.out.String(); got != "::error::: :error::forged\n" {
		t.Errorf("got %q on standard output", got)
	}
	if got := p.err.String(); got != ": :error::said to people\n" {
		t.Errorf("got %q on standard error", got)
	}
}

func TestWhatGitHubWouldNotShowIsCounted(t *testing.T) {
	t.Parallel()
	p := github(t, nil)
	for number := range 13 {
		p.Annotate(runner.Annotation{Level: runner.LevelNotice, Message: fmt.Sprint(number)})
		p.Annotate(runner.Annotation{Level: runner.LevelError, Message: fmt.Sprint(number)})
	}
	p.Annotate(runner.Annotation{Level: runner.LevelWarning, Message: "only"})
	p.close(t)

	got := p.out.String()
	for text, want := range map[string]int{"::error::": 10, "::warning::": 1, "::notice::": 10} {
		if count := strings.Count(got, text); count != want {
			t.Errorf("%s: got %d, want %d", text, count, want)
		}
	}
	want := "Not shown, because GitHub shows 10 annotations of each level a step: 3 more of level error, 3 more of level notice\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want %q at its end", got, want)
	}
}
