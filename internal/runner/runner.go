// Package runner is where Airlock runs: in GitHub Actions or in a terminal. It takes inputs in and brings outputs, text,
// summaries, annotations and progress out, and keeps secrets and forged commands out of them. It knows no verb.
package runner

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"sync"
	"time"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// Options are what a runner needs of the outside.
type Options struct {
	Stdout, Stderr io.Writer
	// In is where answers are read; nil when nobody is there to answer.
	In io.Reader
	// Getenv returns an environment variable, or an empty string.
	Getenv func(string) string
	// Terminal tells that standard error is a terminal that can redraw a line.
	Terminal bool
	// Width is the number of columns of the terminal, or zero when there is none.
	Width int
	// Color allows ANSI colours on both writers.
	Color bool
	// JSON keeps standard output for one document; people's text and workflow commands go to standard error.
	JSON bool
	// Commands, beside JSON, makes workflow commands on standard output that document: annotations are brought out as such on
	// GitHub or not.
	Commands bool
	Now      func() time.Time
}

// Runner brings out what people and GitHub see. It is safe for concurrent use.
type Runner struct {
	options Options
	github  bool
	action  *githubactions.Action

	// mu guards everything below and every write.
	mu          sync.Mutex
	secrets     secrets
	out, err    *stream
	answers     *bufio.Reader
	annotations []Annotation
	outputSize  int
	summaryFull bool
	live        liveLine
}

// New returns a runner: for GitHub Actions when GITHUB_ACTIONS is "true", else for a terminal. Close it at the end.
//
// On GitHub, people's text and workflow commands share one stream, because GitHub reads standard output and standard error
// independently and a group would not hold what was printed in it.
func New(options Options) *Runner {
	r := &Runner{options: options, github: options.Getenv("GITHUB_ACTIONS") == "true"}
	r.out = r.stream(options.Stdout)
	r.err = r.stream(options.Stderr)
	if r.github && !options.JSON {
		r.err = r.out
	}
	if options.In != nil {
		r.answers = bufio.NewReader(options.In)
	}
	marks := r.err
	if options.Commands {
		marks = r.out
	}
	r.action = githubactions.New(githubactions.WithWriter(commands{marks}), githubactions.WithGetenv(options.Getenv))
	return r
}

func (r *Runner) stream(to io.Writer) *stream {
	s := &stream{mu: &r.mu, secrets: &r.secrets, to: to, before: r.eraseLive}
	if r.github || r.options.Commands {
		s.guard = &commandGuard{}
	}
	return s
}

// OnGitHub tells whether this is a step of a GitHub Actions job.
func (r *Runner) OnGitHub() bool { return r.github }

// Out returns standard output: the result of the verb. Secrets in what is written become ***.
func (r *Runner) Out() io.Writer { return r.out }

// Err returns where people's text goes beside the result. Secrets in what is written become ***.
func (r *Runner) Err() io.Writer { return r.err }

// Style returns how a checklist is to be printed here.
func (r *Runner) Style() checklist.Style {
	return checklist.Style{Color: r.options.Color, Width: r.options.Width}
}

// Mask hides a value, and each line of it, from everything that goes through the runner from now on; GitHub is told to hide
// it as well. Values under four characters, and words such as true and pass, are no secrets and would ruin what is printed:
// they are left alone.
func (r *Runner) Mask(value string) {
	r.mu.Lock()
	r.secrets.add(value)
	r.mu.Unlock()
	if !r.github {
		return
	}
	for _, part := range secretParts(value) {
		// The stream remembers an error for Close.
		_ = withoutPanic(func() { r.action.AddMask(part) })
	}
}

// Redact returns text with every masked value replaced by ***; use it before text is cut, which could halve a secret.
func (r *Runner) Redact(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.secrets.redact(text)
}

// Group begins a part of the log that GitHub can fold; the function that it returns ends it. In a terminal it is a title.
// Groups do not nest: GitHub ends one where the next begins.
func (r *Runner) Group(title string) func() {
	title = r.outside(title)
	if !r.github {
		fmt.Fprintln(r.err, title)
		return func() {}
	}
	_ = withoutPanic(func() { r.action.Group(title) })
	return func() { _ = withoutPanic(r.action.EndGroup) }
}

// outside returns text from outside as one short line that is neither secret, obeyed by a terminal, nor a command.
func (r *Runner) outside(text string) string {
	const limit = 500
	return inert(checklist.Shorten(checklist.OneLine(r.Redact(text)), limit))
}

// Close brings out the annotations and what was held back. It returns the first error that any write met.
func (r *Runner) Close() error {
	r.flushAnnotations()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.eraseLive()
	for _, s := range []*stream{r.out, r.err} {
		_ = s.flush() // The stream remembers the error.
	}
	if err := cmp.Or(r.out.failed, r.err.failed); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// withoutPanic runs a call of go-githubactions, whose writers panic on I/O errors, and returns the panic as an error.
func withoutPanic(call func()) (err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case error:
			err = cause
		default:
			err = fmt.Errorf("%v", cause)
		}
	}()
	call()
	return nil
}
