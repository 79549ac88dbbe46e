package watch

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/probe"
)

// fake is a probe that answers its n-th look, from zero, as it is told.
type fake struct {
	name  string
	count atomic.Int64
	look  func(ctx context.Context, n int64) probe.Look
}

func (f *fake) Name() string { return f.name }

func (f *fake) Look(ctx context.Context) probe.Look { return f.look(ctx, f.count.Add(1)-1) }

// answering takes ten milliseconds and gives the verdict that a function of the look's number says.
func answering(name string, verdict func(n int64) checklist.Verdict) *fake {
	return &fake{name: name, look: func(_ context.Context, n int64) probe.Look {
		time.Sleep(10 * time.Millisecond)
		return probe.Look{Name: name, Verdict: verdict(n), Evidence: fmt.Sprintf("look %d", n), Took: 10 * time.Millisecond}
	}}
}

func every(nth int64, verdict checklist.Verdict) func(int64) checklist.Verdict {
	return func(n int64) checklist.Verdict {
		if n%nth == nth-1 {
			return verdict
		}
		return checklist.Pass
	}
}

var plan = Plan{For: 30 * time.Minute, Every: 5 * time.Second}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		probe    *fake
		verdict  checklist.Verdict
		evidence string
		looks    int
	}{
		"all pass":             {answering("p", every(1000, checklist.Fail)), checklist.Pass, "361 looks, none failed", 361},
		"a few failures":       {answering("p", every(25, checklist.Fail)), checklist.Pass, "361 looks, 14 failed", 361},
		"warnings":             {answering("p", every(2, checklist.Warn)), checklist.Pass, "361 looks, none failed", 361},
		"too many failures":    {answering("p", every(15, checklist.Fail)), checklist.Fail, "p failed 24 of 361 looks, more than 5 %: look 359", 361},
		"never two in a row":   {answering("p", every(2, checklist.Fail)), checklist.Fail, "p failed 180 of 361 looks, more than 5 %: look 359", 361},
		"at once":              {answering("p", every(1, checklist.Fail)), checklist.Fail, "p failed 3 looks in a row: look 2", 3},
		"often unknown":        {answering("p", every(3, checklist.Inconclusive)), checklist.Pass, "241 looks, none failed", 241},
		"never known":          {answering("p", every(1, checklist.Inconclusive)), checklist.Inconclusive, "p made 0 looks, at least 181 are needed: look 360", 0},
		"skipped is not known": {answering("p", every(1, checklist.Skip)), checklist.Inconclusive, "p made 0 looks, at least 181 are needed: look 360", 0},
		"after a while": {answering("p", func(n int64) checklist.Verdict {
			if n >= 100 {
				return checklist.Fail
			}
			return checklist.Pass
		}), checklist.Fail, "p failed 3 looks in a row: look 102", 103},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), []probe.Probe{answering("good", every(1000, checklist.Fail)), test.probe}, plan, nil)
				// The good probe beside it has its own looks.
				evidence := strings.Replace(got.Evidence, fmt.Sprint(got.Probes[0].Looks+got.Probes[1].Looks, " looks,"), fmt.Sprint(got.Probes[1].Looks, " looks,"), 1)
				if got.Verdict != test.verdict || evidence != test.evidence || got.Probes[1].Looks != test.looks {
					t.Errorf("got %s %q with %d looks, want %s %q with %d", got.Verdict, evidence, got.Probes[1].Looks, test.verdict, test.evidence, test.looks)
				}
			})
		})
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rising := &fake{name: "rising", look: func(_ context.Context, n int64) probe.Look {
			took := time.Duration(n+1) * time.Millisecond
			verdict := checklist.Pass
			if n == 50 {
				verdict = checklist.Fail
			}
			return probe.Look{Verdict: verdict, Evidence: fmt.Sprint("look ", n), Took: took}
		}}
		got := Run(t.Context(), []probe.Probe{rising}, Plan{For: 99 * time.Second, Every: time.Second}, nil)
		want := Result{Verdict: checklist.Pass, Evidence: "100 looks, 1 failed", Took: 99 * time.Second, Probes: []Summary{{
			Name: "rising", Looks: 100, Failures: 1, Median: 50 * time.Millisecond, Percentile95: 95 * time.Millisecond, LastFailure: "look 50",
		}}}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Error(difference)
		}
	})
}

func TestHangingLookFails(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(context.Context){
		"listens to its context": func(ctx context.Context) { <-ctx.Done() },
		"does not listen":        func(context.Context) { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stuck := &fake{name: "stuck", look: func(ctx context.Context, _ int64) probe.Look {
					hang(ctx)
					return probe.Look{Verdict: checklist.Inconclusive}
				}}
				got := Run(t.Context(), []probe.Probe{stuck}, plan, nil)
				if want := "stuck failed 3 looks in a row: no answer within 10s"; got.Verdict != checklist.Fail || got.Evidence != want {
					t.Errorf("got %s %q", got.Verdict, got.Evidence)
				}
				// Rounds at 0, 10 and 20 s: the moments between were missed, not made up for.
				if want := 30 * time.Second; got.Took != want {
					t.Errorf("took %s, want %s", got.Took, want)
				}
				// A bubble must not end before its goroutines do.
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestRoundsNeverPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		var moments []time.Duration
		started := time.Now()
		slow := &fake{name: "slow", look: func(context.Context, int64) probe.Look {
			moments = append(moments, time.Since(started))
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(2500 * time.Millisecond)
			return probe.Look{Verdict: checklist.Pass}
		}}
		got := Run(t.Context(), []probe.Probe{slow}, Plan{For: 9 * time.Second, Every: time.Second, Minimum: 4}, nil)
		want := []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second}
		if difference := cmp.Diff(want, moments); difference != "" || most.Load() != 1 || got.Verdict != checklist.Pass {
			t.Errorf("got %s %q, %d at once: %s", got.Verdict, got.Evidence, most.Load(), difference)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var probes []probe.Probe
		for i := range 10 {
			probes = append(probes, answering(fmt.Sprint(i), every(1000, checklist.Fail)))
		}
		got := Run(t.Context(), probes, Plan{For: 0, Every: time.Second, Concurrency: 4}, nil)
		if want := 30 * time.Millisecond; got.Took != want || got.Verdict != checklist.Pass {
			t.Errorf("got %s in %s, want %s", got.Verdict, got.Took, want)
		}
	})
}

func TestInterruptedIsInconclusive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		got := Run(ctx, []probe.Probe{answering("p", every(2, checklist.Fail))}, plan, nil)
		if want := "interrupted after 7s of 30m0s"; got.Verdict != checklist.Inconclusive || got.Evidence != want || got.Took != 7*time.Second {
			t.Errorf("got %s %q after %s", got.Verdict, got.Evidence, got.Took)
		}
	})
}

func TestPlansThatCannotBeCarriedOut(t *testing.T) {
	t.Parallel()
	one := []probe.Probe{answering("p", every(2, checklist.Fail))}
	for name, test := range map[string]struct {
		probes []probe.Probe
		plan   Plan
	}{
		"no probe": {nil, plan}, "no every": {one, Plan{For: time.Second}}, "negative": {one, Plan{For: -1, Every: 1}},
		"too many looks": {one, Plan{For: time.Hour, Every: 1}},
	} {
		if got := Run(t.Context(), test.probes, test.plan, nil); got.Verdict != checklist.Inconclusive {
			t.Errorf("%s: got %s", name, got.Verdict)
		}
	}
}

// rounds remembers what it is told.
type rounds []string

func (r *rounds) Advance(done, total int64, detail string) {
	*r = append(*r, fmt.Sprintf("%d/%d %s", done, total, detail))
}

func TestRealPages(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" && asked.Add(1) > 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	var probes []probe.Probe
	for _, path := range []string{"/good", "/bad"} {
		page, err := probe.NewHTTP(probe.HTTPOptions{Base: server.URL, Path: path})
		if err != nil {
			t.Fatal(err)
		}
		probes = append(probes, page)
	}
	progress := &rounds{}
	got := Run(t.Context(), probes, Plan{For: time.Minute, Every: 20 * time.Millisecond}, progress)
	if want := "GET /bad failed 3 looks in a row: wanted 200, got 500"; got.Verdict != checklist.Fail || got.Evidence != want {
		t.Errorf("got %s %q", got.Verdict, got.Evidence)
	}
	if len(*progress) != 4 || !strings.HasSuffix((*progress)[3], "/3001 3 failed") {
		t.Errorf("got progress %v", *progress)
	}
	if got.Probes[0].Failures != 0 || got.Probes[0].Median <= 0 {
		t.Errorf("got %+v", got.Probes[0])
	}
}
