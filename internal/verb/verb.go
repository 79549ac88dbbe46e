// Package verb holds what the verbs share: what one is, what a call of it brings, and the workspace that a call works on.
package verb

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

// Verb is what one action does, or a command that has no action. Its name is the folder's below actions or
// internal/command.
type Verb struct {
	Name string
	// ActionYAML is the action.yml that declares the inputs and outputs; a command declares its own in the same form.
	ActionYAML []byte
	// Run does the work. An error says that no checklist could be made: wrong usage or config.
	Run func(ctx context.Context, call *Call) (Result, error)
	// Uses and NotYet are key paths of the config as config.Keys has them, or beginnings of such: what the verb reads, and
	// what it would need but this version does not do. A config that sets one of the latter is refused.
	Uses, NotYet []string
}

// Result is what a call of a verb came to.
type Result struct {
	Checklist checklist.Checklist
	// Outputs are by the names that action.yml declares, and say what came of the call. Steering are those that the steps after
	// it decide by: one that GitHub would drop is an error.
	Outputs, Steering map[string]string
	// Document is printed in place of the checklist, when there is one.
	Document *Document
}

// Verdict returns the document's verdict, or the checklist's.
func (r Result) Verdict() checklist.Verdict {
	if r.Document != nil {
		return r.Document.Verdict
	}
	return r.Checklist.Verdict()
}

// Document is what a command prints that has more, or less, to say than a checklist.
type Document struct {
	Verdict checklist.Verdict
	// Text is for people, Value is encoded for machines.
	Text  string
	Value any
	// Print prints for people in place of Text, in the style of the terminal or the log. It returns the error of the writer.
	Print func(w io.Writer, style checklist.Style) error
	// SARIF returns what is encoded for code scanning; version is the program's. A command whose declaration has that format
	// sets it.
	SARIF func(version string) any
	// Markdown is added to the summary of a job. Like Annotations it is asked for where it is shown; nil means that there is none.
	Markdown func() string
	// Annotations mark lines on GitHub, by paths below the repository's root.
	Annotations func() []runner.Annotation
}

// Progress is shown while something lasts.
type Progress interface {
	Advance(done, total int64, detail string)
	// Done takes it away.
	Done()
}

// Call is one call of a verb: what was asked, and what the verb may use of the place where it runs.
type Call struct {
	Verb   *Verb
	Inputs runner.Inputs
	// Directory is where relative paths of inputs begin.
	Directory string
	Getenv    func(string) string
	// Lookup resolves the ${NAME}s of the config.
	Lookup config.Lookup
	// Config is the config once it is read; a caller that read it before gives it here, and it is not read again.
	Config *config.Config
	// Release is what the caller promotes: a folder or migrations that are another by now are refused. Nil pins nothing.
	Release *history.Release
	// Locked tells that the caller holds the environment's lock.
	Locked bool
	// Mask keeps a value out of everything that is printed or written; Redact returns text without what was masked.
	Mask   func(string)
	Redact func(string) string
	Now    func() time.Time
	// IdentityToken returns a new token of the job's identity for an audience; an error where there is none.
	IdentityToken func(ctx context.Context, audience string) (string, error)
	// Progress begins to show that something lasts.
	Progress func(title string) Progress
	// Show prints a checklist for people, at once; Say prints a paragraph.
	Show func(checklist.Checklist)
	Say  func(text string)
	// Ask puts a yes-or-no question to the person at the terminal; without one it is an error.
	Ask func(ctx context.Context, question string) (bool, error)
	// CanAsk tells whether there is a person to ask.
	CanAsk bool
	// Run calls another verb.
	Run func(ctx context.Context, request Request) (Result, error)
}

// Request asks for a call of a verb.
type Request struct {
	Verb string
	// Directory is where relative paths of the inputs begin.
	Directory string
	// Given are the inputs by name.
	Given map[string]string
	// Lookup resolves the ${NAME}s of the config.
	Lookup config.Lookup
	// Config, Release and Locked are those of Call.
	Config  *config.Config
	Release *history.Release
	Locked  bool
}

// Checklist returns an empty checklist for the call.
func (c *Call) Checklist() checklist.Checklist {
	return checklist.Checklist{
		Verb: c.Verb.Name, Command: c.Inputs.Command(), Environment: c.Inputs.String("environment"),
		DryRun: c.Inputs.Bool("dry-run"), Started: c.Now().UTC(), Items: []checklist.Item{},
	}
}

// Refuse returns an error when the environment's part of the config sets a key that the verb needs and this version does
// not do: nothing is accepted and then ignored.
func (v *Verb) Refuse(c *config.Config, environment string) error {
	for _, key := range v.NotYet {
		key = strings.Replace(key, "environments.*", "environments."+environment, 1)
		if found := c.KeysSet(key); len(found) > 0 {
			return c.Refuse(found[0], notYet, "remove it, or wait for a version whose CHANGELOG names it")
		}
	}
	deploy := c.Environments[environment].Deploy
	if deploy != nil && deploy.Compose != nil && deploy.Compose.Strategy != "recreate" && v.Covers("environments.*.deploy.compose.strategy") {
		return c.Refuse("environments."+environment+".deploy.compose.strategy", notYet, "say strategy: recreate")
	}
	return nil
}

const notYet = "this version of airlock cannot do it yet"

// Covers tells whether the verb uses or refuses a key path of config.Keys.
func (v *Verb) Covers(key string) bool {
	return slices.ContainsFunc(slices.Concat(v.Uses, v.NotYet), func(covered string) bool {
		rest, ok := strings.CutPrefix(key, covered)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}
