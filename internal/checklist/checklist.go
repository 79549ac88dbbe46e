// Package checklist holds the ordered items that a verb ran, their verdicts, and how they print.
package checklist

import (
	"context"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Verdict is what came of an item or of a whole checklist.
type Verdict string

// The verdicts. Inconclusive is never a pass.
const (
	Pass         Verdict = "pass"
	Warn         Verdict = "warn"
	Fail         Verdict = "fail"
	Skip         Verdict = "skip"
	Inconclusive Verdict = "inconclusive"
)

// severity orders verdicts: the worst item decides the verdict of its checklist.
func (v Verdict) severity() int {
	switch v {
	case Skip:
		return 0
	case Pass:
		return 1
	case Warn:
		return 2
	case Inconclusive:
		return 3
	default:
		return 4
	}
}

// Item is one line of a checklist.
type Item struct {
	// ID is stable and made of lower-case words joined by hyphens, for machines.
	ID string `json:"id"`
	// Title is what a person reads.
	Title   string  `json:"title"`
	Verdict Verdict `json:"verdict"`
	// Evidence says what the verdict rests on, in one line of text; it is data from outside and never markup.
	Evidence string `json:"evidence,omitempty"`
	// Hint says what to do next when the verdict is not pass.
	Hint string `json:"hint,omitempty"`
	// Milliseconds is how long the item took.
	Milliseconds int64 `json:"milliseconds"`
}

// Checklist is what one call of a verb did.
type Checklist struct {
	// Verb and Command name the call, such as "migrate" and "up".
	Verb    string `json:"verb"`
	Command string `json:"command,omitempty"`
	// Environment is empty for a verb that ran without one.
	Environment string `json:"environment,omitempty"`
	// Release is a short name of what is promoted; it may be empty.
	Release string    `json:"release,omitempty"`
	DryRun  bool      `json:"dryRun,omitempty"`
	Started time.Time `json:"started"`
	Items   []Item    `json:"items"`
}

// Verdict returns the worst verdict of the items, and Inconclusive when there are none: a checklist that looked at
// nothing has shown nothing.
func (c *Checklist) Verdict() Verdict {
	if len(c.Items) == 0 {
		return Inconclusive
	}
	worst := Skip
	for _, item := range c.Items {
		if item.Verdict.severity() > worst.severity() {
			worst = item.Verdict.known()
		}
	}
	return worst
}

// Failed tells whether the checklist must stop what comes after it.
func (c *Checklist) Failed() bool {
	verdict := c.Verdict()
	return verdict == Fail || verdict == Inconclusive
}

// Result is what the function behind an item found out.
type Result struct {
	Verdict  Verdict
	Evidence string
	Hint     string
}

// Passed returns a passing result with its evidence.
func Passed(evidence string) Result { return Result{Verdict: Pass, Evidence: evidence} }

// Skipped returns a result that says why nothing was done.
func Skipped(evidence string) Result { return Result{Verdict: Skip, Evidence: evidence} }

// Do runs one item and appends it. An error becomes the verdict fail, or inconclusive when its kind says so, with the
// error's text as evidence and its hint; the error is returned so that a verb can stop there.
func (c *Checklist) Do(ctx context.Context, id, title string, run func(context.Context) (Result, error)) error {
	started := time.Now()
	result, err := run(ctx)
	if err != nil {
		result = Result{Verdict: Fail, Evidence: err.Error(), Hint: problem.Hint(err)}
		if problem.KindOf(err) == problem.Inconclusive {
			result.Verdict = Inconclusive
		}
	}
	c.Items = append(c.Items, Item{
		ID: id, Title: title, Verdict: result.Verdict, Evidence: result.Evidence, Hint: result.Hint,
		Milliseconds: time.Since(started).Milliseconds(),
	})
	return err
}

// Failure appends an item that could not even begin. A problem of usage is returned instead: it is no finding about the
// system that was looked at.
func (c *Checklist) Failure(ctx context.Context, id, title string, err error) error {
	if problem.KindOf(err) == problem.Usage {
		return err
	}
	_ = c.Do(ctx, id, title, func(context.Context) (Result, error) { return Result{}, err })
	return nil
}
