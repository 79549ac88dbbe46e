package probe_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/probe"
)

// starting passes from its nth look on.
type starting struct {
	passesFrom, looks int
}

func (s *starting) Name() string { return "starting" }

func (s *starting) Look(context.Context) probe.Look {
	s.looks++
	if s.looks < s.passesFrom {
		return probe.Look{Name: s.Name(), Verdict: checklist.Fail}
	}
	return probe.Look{Name: s.Name(), Verdict: checklist.Pass}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	const never = 1 << 30
	for name, test := range map[string]struct {
		within, interrupted time.Duration
		passesFrom          int
		wantLooks           int
		want                checklist.Verdict
		wantTook            time.Duration
	}{
		"passes at once":           {within: time.Minute, passesFrom: 1, wantLooks: 1, want: checklist.Pass},
		"one look":                 {passesFrom: 2, wantLooks: 1, want: checklist.Fail},
		"passes later":             {within: time.Minute, passesFrom: 5, wantLooks: 5, want: checklist.Pass, wantTook: time.Second},
		"never":                    {within: 2100 * time.Millisecond, passesFrom: never, wantLooks: 9, want: checklist.Fail, wantTook: 2100 * time.Millisecond},
		"the end is a look's time": {within: time.Second, passesFrom: never, wantLooks: 4, want: checklist.Fail, wantTook: time.Second},
		"interrupted":              {within: time.Minute, interrupted: 600 * time.Millisecond, passesFrom: never, wantLooks: 3, want: checklist.Fail, wantTook: 600 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.interrupted > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.interrupted)
					defer cancel()
				}
				p := &starting{passesFrom: test.passesFrom}
				began := time.Now()
				looks := probe.Settle(ctx, []probe.Probe{p, &starting{}}, test.within)
				if len(looks) != 2 || looks[0].Verdict != test.want || looks[1].Verdict != checklist.Pass {
					t.Errorf("got %+v, want %s and pass", looks, test.want)
				}
				if took := time.Since(began); p.looks != test.wantLooks || took != test.wantTook {
					t.Errorf("got %d looks in %s, want %d in %s", p.looks, took, test.wantLooks, test.wantTook)
				}
			})
		})
	}
}
