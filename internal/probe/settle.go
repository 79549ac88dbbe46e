package probe

import (
	"context"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// settleEvery is the time between two looks at a system that has not settled.
const settleEvery = 250 * time.Millisecond

// Settle looks through all probes until every one of them passes, and returns the last look of each, in the order of the
// probes. It looks once at least, and not again when the time or the context is over; a look that has begun may end later.
func Settle(ctx context.Context, probes []Probe, within time.Duration) []Look {
	until := time.Now().Add(within)
	bounded, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for {
		var looks []Look
		for _, p := range probes {
			// Not bounded: a look that is cut short would say less than the one before it.
			looks = append(looks, p.Look(ctx))
		}
		settled := !slices.ContainsFunc(looks, func(look Look) bool { return look.Verdict != checklist.Pass })
		if settled || bounded.Err() != nil {
			return looks
		}
		select {
		case <-bounded.Done():
			return looks
		case <-time.After(settleEvery):
		}
		// Both may be ready at once.
		if bounded.Err() != nil || !time.Now().Before(until) {
			return looks
		}
	}
}
