// Package probe takes one look at the running system.
package probe

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// defaultWithin bounds a look whose options do not.
const defaultWithin = 5 * time.Second

// excerptRunes bounds what a look quotes from outside.
const excerptRunes = 200

// Look is what a probe saw.
type Look struct {
	Name string
	// Verdict is pass or fail, and inconclusive when the question could not be asked.
	Verdict checklist.Verdict
	// Evidence is one line of text; it is data from outside and never markup.
	Evidence string
	Took     time.Duration
}

// Probe can look any number of times, also at the same time.
type Probe interface {
	Name() string
	Look(ctx context.Context) Look
}

// take times one look and bounds it: one that is not done in time fails, and one whose caller gave up says nothing.
func take(ctx context.Context, name string, within time.Duration, look func(context.Context) (checklist.Verdict, string)) Look {
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	started := time.Now()
	verdict, evidence := look(bounded)
	took := time.Since(started)
	switch {
	case ctx.Err() != nil:
		verdict, evidence = checklist.Inconclusive, "interrupted after "+milliseconds(took)
	case bounded.Err() != nil:
		if verdict != checklist.Inconclusive {
			verdict = checklist.Fail
		}
		evidence = "no complete answer within " + milliseconds(within)
	case verdict == checklist.Pass:
		evidence += " in " + milliseconds(took)
	}
	return Look{Name: name, Verdict: verdict, Evidence: evidence, Took: took}
}

func milliseconds(duration time.Duration) string {
	return fmt.Sprintf("%d ms", duration.Milliseconds())
}

// excerpt makes one bounded line of text from outside, without control characters.
func excerpt(text string) string {
	runes := []rune(text[:min(len(text), 16*excerptRunes)])
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = ' '
		}
	}
	runes = []rune(strings.Join(strings.Fields(string(runes)), " "))
	if len(runes) > excerptRunes {
		return string(runes[:excerptRunes]) + "…"
	}
	return string(runes)
}
