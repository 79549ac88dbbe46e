// Package watch takes many looks at the running system and judges them together.
package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/probe"
)

const (
	// inARow is how many looks of one probe must fail one after the other to end the watch at once.
	inARow = 3
	// allowedPercent of a probe's looks may fail: the alarm threshold for the error rate.
	allowedPercent     = 5
	defaultTimeout     = 10 * time.Second
	defaultConcurrency = 8
	// maximumRounds bounds what a watch remembers: a day of looks every second.
	maximumRounds = 100_000
)

// Plan says how long and how often to look.
type Plan struct {
	// For and Every make one round of looks at once, and then one each Every until For has passed, For included. A
	// round that takes longer than Every skips the moments that it missed.
	For, Every time.Duration
	// Timeout ends one look, which then has failed; 10 s when zero.
	Timeout time.Duration
	// Minimum is how many looks each probe must make for an answer; half of the planned ones when zero.
	Minimum int
	// Concurrency is how many looks of a round run at the same time; 8 when zero.
	Concurrency int
}

// Result is what all looks together say.
type Result struct {
	// Verdict is fail when a probe failed, else inconclusive when one looked too rarely, else pass.
	Verdict checklist.Verdict
	// Evidence says in one line what the verdict rests on.
	Evidence string
	Took     time.Duration
	// Probes are in the order of the call.
	Probes []Summary
}

// Summary is what the looks of one probe say.
type Summary struct {
	Name string
	// Looks counts those that passed or failed; Failures are among them.
	Looks, Failures int
	// Unknown counts looks that could not be made.
	Unknown int
	// Median and Percentile95 are of the durations of all Looks (nearest rank); zero without any.
	Median, Percentile95 time.Duration
	// LastFailure is the evidence of the last look that failed, or else of the last that could not be made.
	LastFailure string
}

// Progress is told after each round: done and total are rounds.
type Progress interface {
	Advance(done, total int64, detail string)
}

// tally collects the looks of one probe.
type tally struct {
	summary   Summary
	durations []time.Duration
	row       int
}

func (t *tally) add(look probe.Look) {
	switch look.Verdict {
	case checklist.Pass, checklist.Warn:
		t.row = 0
	case checklist.Fail:
		t.row++
		t.summary.Failures++
		t.summary.LastFailure = look.Evidence
	default:
		t.summary.Unknown++
		if t.summary.Failures == 0 {
			t.summary.LastFailure = look.Evidence
		}
		return
	}
	t.summary.Looks++
	t.durations = append(t.durations, look.Took)
}

// Run looks until the plan is done, a probe has failed three looks in a row, or ctx ends; the last is inconclusive, as
// is a plan that cannot be carried out.
func Run(ctx context.Context, probes []probe.Probe, plan Plan, progress Progress) Result {
	started := time.Now()
	if len(probes) == 0 || plan.For < 0 || plan.Every <= 0 || plan.For/plan.Every >= maximumRounds || plan.Timeout < 0 || plan.Concurrency < 0 {
		return Result{Verdict: checklist.Inconclusive, Evidence: fmt.Sprintf("%d probes cannot look every %s for %s", len(probes), plan.Every, plan.For)}
	}
	total := int64(plan.For/plan.Every) + 1
	if plan.Timeout == 0 {
		plan.Timeout = defaultTimeout
	}
	if plan.Concurrency == 0 {
		plan.Concurrency = defaultConcurrency
	}
	if plan.Minimum <= 0 {
		plan.Minimum = int(total+1) / 2
	}
	tallies := make([]tally, len(probes))
	for i, each := range probes {
		tallies[i].summary.Name = each.Name()
	}
	for moment := int64(0); moment < total; {
		round(ctx, probes, tallies, plan)
		if ctx.Err() != nil {
			break
		}
		// Rounded up: a moment that passed during the round is skipped.
		moment = max(moment+1, int64((time.Since(started)+plan.Every-1)/plan.Every))
		if progress != nil {
			progress.Advance(min(moment, total), total, detail(tallies))
		}
		if slices.ContainsFunc(tallies, func(t tally) bool { return t.row >= inARow }) {
			break
		}
		if moment < total {
			sleep(ctx, time.Until(started.Add(time.Duration(moment)*plan.Every)))
		}
	}
	return judge(tallies, plan, time.Since(started), ctx.Err() != nil)
}

// round lets every probe look once and waits for them.
func round(ctx context.Context, probes []probe.Probe, tallies []tally, plan Plan) {
	if ctx.Err() != nil {
		return
	}
	places := make(chan struct{}, plan.Concurrency)
	var group sync.WaitGroup
	for i, each := range probes {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if look, ok := lookOnce(ctx, each, plan.Timeout); ok {
				tallies[i].add(look)
			}
		})
	}
	group.Wait()
}

// lookOnce is not ok when ctx ended first: a look that was cut short by us says nothing.
func lookOnce(ctx context.Context, each probe.Probe, timeout time.Duration) (probe.Look, bool) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// With room for the answer, so that a probe that does not listen to its context ends when it likes.
	answer := make(chan probe.Look, 1)
	go func() { answer <- each.Look(bounded) }()
	select {
	case look := <-answer:
		if bounded.Err() == nil {
			return look, true
		}
	case <-bounded.Done():
	}
	return probe.Look{
		Name: each.Name(), Verdict: checklist.Fail, Took: timeout, Evidence: fmt.Sprintf("no answer within %s", timeout),
	}, ctx.Err() == nil
}

func sleep(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}

func detail(tallies []tally) string {
	failures := 0
	for _, t := range tallies {
		failures += t.summary.Failures
	}
	switch failures {
	case 0:
		return "none failed"
	case 1:
		return "1 failed"
	}
	return fmt.Sprintf("%d failed", failures)
}

// judge lets a failure count more than a doubt, and a doubt more than a pass.
func judge(tallies []tally, plan Plan, took time.Duration, interrupted bool) Result {
	result := Result{Verdict: checklist.Pass, Took: took}
	say := func(verdict checklist.Verdict, format string, arguments ...any) {
		if result.Verdict == checklist.Pass || (verdict == checklist.Fail && result.Verdict != checklist.Fail) {
			result.Verdict, result.Evidence = verdict, fmt.Sprintf(format, arguments...)
		}
	}
	looks := 0
	for _, t := range tallies {
		slices.Sort(t.durations)
		t.summary.Median, t.summary.Percentile95 = rank(t.durations, 50), rank(t.durations, 95)
		result.Probes = append(result.Probes, t.summary)
		s := t.summary
		looks += s.Looks
		switch {
		case t.row >= inARow:
			say(checklist.Fail, "%s failed %d looks in a row: %s", s.Name, t.row, s.LastFailure)
		case interrupted:
			say(checklist.Inconclusive, "interrupted after %s of %s", took.Round(time.Millisecond), plan.For)
		case s.Failures*100 > s.Looks*allowedPercent:
			say(checklist.Fail, "%s failed %d of %d looks, more than %d %%: %s", s.Name, s.Failures, s.Looks, allowedPercent, s.LastFailure)
		case s.Looks < plan.Minimum && s.LastFailure != "":
			say(checklist.Inconclusive, "%s made %d looks, at least %d are needed: %s", s.Name, s.Looks, plan.Minimum, s.LastFailure)
		case s.Looks < plan.Minimum:
			say(checklist.Inconclusive, "%s made %d looks, at least %d are needed", s.Name, s.Looks, plan.Minimum)
		}
	}
	if result.Verdict == checklist.Pass {
		result.Evidence = fmt.Sprintf("%d looks, %s", looks, detail(tallies))
	}
	return result
}

// rank returns the nearest-rank percentile of sorted durations.
func rank(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}
