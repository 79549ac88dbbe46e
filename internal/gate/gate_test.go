package gate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func release(label string) history.Release {
	return history.Release{Label: label, Commit: strings.Repeat(label[1:], 40), Image: "sha256:" + strings.Repeat(label[1:], 64), Migrations: label}
}

func promoted(label string, state history.State) history.Promotion {
	return history.Promotion{ID: "id-" + label, Task: history.Promote, Environment: "production", Release: release(label),
		Statuses: []history.Status{{State: state}}}
}

// answer is what a gate said: a verdict, and a part of its evidence or error.
type answer struct {
	verdict checklist.Verdict
	text    string
}

// hold compares what a gate returned with what is wanted, and that every no says what to do next.
func hold(t *testing.T, result checklist.Result, err error, want answer) {
	t.Helper()
	got := answer{result.Verdict, result.Evidence}
	if err != nil {
		got = answer{checklist.Fail, err.Error()}
		if problem.KindOf(err) == problem.Inconclusive {
			got.verdict = checklist.Inconclusive
		}
		if problem.Hint(err) == "" {
			t.Errorf("no hint for %v", err)
		}
	}
	if got.verdict != want.verdict || !strings.Contains(got.text, want.text) {
		t.Errorf("got %s %q, want %s with %q", got.verdict, got.text, want.verdict, want.text)
	}
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	result, err := gate.Freeze("")
	hold(t, result, err, answer{checklist.Pass, "no freeze"})
	result, err = gate.Freeze("Black Friday")
	hold(t, result, err, answer{checklist.Fail, "frozen: Black Friday"})
}

func TestHalfDone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		promotions []history.Promotion
		want       answer
	}{
		"none":              {nil, answer{checklist.Pass, "nothing is half done"}},
		"ended":             {[]history.Promotion{promoted("v1", history.Success)}, answer{checklist.Pass, "nothing is half done"}},
		"an older in error": {[]history.Promotion{promoted("v1", history.Error)}, answer{checklist.Warn, "v2 goes forward from v1"}},
		"an older begun":    {[]history.Promotion{promoted("v1", history.InProgress)}, answer{checklist.Fail, "the promotion of v1"}},
		"a rollback":        {[]history.Promotion{{Task: history.Rollback, Release: release("v2")}}, answer{checklist.Fail, "the rollback that was begun"}},
		"the same release":  {[]history.Promotion{promoted("v2", history.InProgress)}, answer{checklist.Pass, "goes on with promotion id-v2"}},
		"the same in error": {[]history.Promotion{promoted("v2", history.Error)}, answer{checklist.Pass, "goes on with promotion id-v2"}},
		"another release":   {[]history.Promotion{promoted("v3", history.InProgress)}, answer{checklist.Fail, "the promotion of v3"}},
		"another in error":  {[]history.Promotion{promoted("v3", history.Error)}, answer{checklist.Fail, "did not come to an end"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := gate.HalfDone(t.Context(), commits{}, test.promotions, release("v2"))
			hold(t, result, err, test.want)
		})
	}
}

func TestSandboxProof(t *testing.T) {
	t.Parallel()
	order := []string{"sandbox", "staging", "production"}
	for environment, want := range map[string]string{"sandbox": "", "staging": "sandbox", "production": "staging", "development": ""} {
		if got := gate.Before(order, environment); got != want {
			t.Errorf("before %s: got %q, want %q", environment, got, want)
		}
	}
	result, err := gate.SandboxProof("", nil, release("v2"))
	hold(t, result, err, answer{checklist.Skip, "first environment"})
	result, err = gate.SandboxProof("sandbox", nil, release("v2"))
	hold(t, result, err, answer{checklist.Fail, "no proof that v2 works in sandbox"})
	result, err = gate.SandboxProof("sandbox", []history.Promotion{promoted("v2", history.Failure)}, release("v2"))
	hold(t, result, err, answer{checklist.Fail, "no proof"})
	result, err = gate.SandboxProof("sandbox", []history.Promotion{promoted("v2", history.Success)}, release("v2"))
	hold(t, result, err, answer{checklist.Pass, "id-v2"})
}

// commits is an order of commits by their first digit.
type commits struct{ err error }

func (c commits) IsAncestor(_ context.Context, ancestor, descendant string) (bool, error) {
	return ancestor <= descendant, c.err
}

func TestDescends(t *testing.T) {
	t.Parallel()
	v1, v2 := release("v1"), release("v2")
	nameless := release("v1")
	nameless.Commit = ""
	unknown := problem.Unknown("fetch it", "no such commit")
	tests := map[string]struct {
		served  *history.Release
		release history.Release
		err     error
		want    answer
	}{
		"nothing served":    {nil, v2, nil, answer{checklist.Pass, "nothing is served"}},
		"newer":             {&v1, v2, nil, answer{checklist.Pass, "contains 111111111111"}},
		"the same":          {&v2, v2, nil, answer{checklist.Pass, "contains"}},
		"older":             {&v2, v1, nil, answer{checklist.Fail, "does not contain what is served"}},
		"no commit":         {&nameless, v2, nil, answer{checklist.Inconclusive, "has no commit"}},
		"git does not know": {&v1, v2, unknown, answer{checklist.Inconclusive, "no such commit"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := gate.Descends(t.Context(), commits{test.err}, test.served, test.release)
			hold(t, result, err, test.want)
		})
	}
}

func TestPreviousVersion(t *testing.T) {
	t.Parallel()
	v1, v2, v3 := release("v1").Image, release("v2").Image, release("v3").Image
	served := []history.Promotion{promoted("v1", history.Success)}
	halfDone := append([]history.Promotion{promoted("v2", history.InProgress)}, served...)
	gone := problem.New("place it again", "its folder is gone")
	tests := map[string]struct {
		host       gate.Host
		promotions []history.Promotion
		want       answer
	}{
		"first release":                      {gate.Host{}, nil, answer{checklist.Warn, "nothing was served before"}},
		"first release, stopped before":      {gate.Host{Image: v3}, nil, answer{checklist.Warn, "nothing was served before"}},
		"first release, gone on with":        {gate.Host{v2, true, nil}, []history.Promotion{promoted("v2", history.InProgress)}, answer{checklist.Warn, "nothing was served before"}},
		"something that nobody recorded":     {gate.Host{v3, true, nil}, nil, answer{checklist.Fail, "the record knows of no promotion"}},
		"as recorded":                        {gate.Host{v1, true, nil}, served, answer{checklist.Pass, "v1 (sha256:111111111111) is on the host"}},
		"as recorded, and ended by itself":   {gate.Host{v1, false, nil}, served, answer{checklist.Warn, "the host serves nothing now"}},
		"not as recorded":                    {gate.Host{v3, true, nil}, served, answer{checklist.Fail, "the host serves sha256:333333333333, and the record says v1"}},
		"recorded and gone":                  {gate.Host{}, served, answer{checklist.Fail, "the host serves nothing"}},
		"gone on with after its deployment":  {gate.Host{v2, true, nil}, halfDone, answer{checklist.Pass, "v1"}},
		"gone on with before its deployment": {gate.Host{v1, true, nil}, halfDone, answer{checklist.Pass, "v1"}},
		"left by one that was gone forward from": {gate.Host{v2, true, nil}, append([]history.Promotion{promoted("v3", history.Failure), promoted("v2", history.Error)}, served...),
			answer{checklist.Pass, "v1"}},
		"left by one that is undone": {gate.Host{v3, true, nil}, append([]history.Promotion{promoted("v3", history.Failure), promoted("v2", history.Error)}, served...),
			answer{checklist.Fail, "the record says v1"}},
		"cannot be served again": {gate.Host{v1, true, gone}, served, answer{checklist.Fail, "its folder is gone"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := gate.PreviousVersion(test.host, test.promotions)
			hold(t, result, err, test.want)
		})
	}
}

func newYork(t *testing.T) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestWindowNext(t *testing.T) {
	t.Parallel()
	night := gate.MaintenanceWindow{From: 2 * time.Hour, To: 4 * time.Hour, Location: newYork(t)}
	late := gate.MaintenanceWindow{From: 23 * time.Hour, To: time.Hour + 30*time.Minute, Location: time.UTC}
	tests := []struct {
		name               string
		window             gate.MaintenanceWindow
		now, opens, closes string // RFC 3339
	}{
		{"before", night, "2026-11-22T06:59:00Z", "2026-11-22T07:00:00Z", "2026-11-22T09:00:00Z"},
		{"at its beginning", night, "2026-11-22T07:00:00Z", "2026-11-22T07:00:00Z", "2026-11-22T09:00:00Z"},
		{"at its end", night, "2026-11-22T09:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T09:00:00Z"},
		{"over midnight, after it", late, "2026-11-22T01:00:00Z", "2026-11-21T23:00:00Z", "2026-11-22T01:30:00Z"},
		{"over midnight, by day", late, "2026-11-22T12:00:00Z", "2026-11-22T23:00:00Z", "2026-11-23T01:30:00Z"},
		{"over the new year", late, "2026-12-31T12:00:00Z", "2026-12-31T23:00:00Z", "2027-01-01T01:30:00Z"},
		// 2027-03-14: clocks go from 02:00 EST to 03:00 EDT, and the window has one hour less.
		{"clocks go forward", night, "2027-03-14T05:00:00Z", "2027-03-14T07:00:00Z", "2027-03-14T08:00:00Z"},
		// 2026-11-01: clocks go from 02:00 EDT back to 01:00 EST.
		{"clocks go back", night, "2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z", "2026-11-01T09:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			opens, closes := test.window.Next(now)
			if got := opens.UTC().Format(time.RFC3339); got != test.opens {
				t.Errorf("opens: got %s, want %s", got, test.opens)
			}
			if got := closes.UTC().Format(time.RFC3339); got != test.closes {
				t.Errorf("closes: got %s, want %s", got, test.closes)
			}
		})
	}
}

// A window inside the hour that a day lacks is empty on that day: the next day's is the next one.
func TestWindowInTheMissingHour(t *testing.T) {
	t.Parallel()
	window := gate.MaintenanceWindow{From: 2 * time.Hour, To: 3 * time.Hour, Location: newYork(t)}
	opens, closes := window.Next(time.Date(2027, 3, 14, 5, 0, 0, 0, time.UTC))
	if want := time.Date(2027, 3, 15, 6, 0, 0, 0, time.UTC); !opens.Equal(want) || closes.Sub(opens) != time.Hour {
		t.Errorf("got a window from %s to %s, want one that opens at %s", opens, closes, want)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	inside, outside := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	window := func(policy string) *gate.MaintenanceWindow {
		return &gate.MaintenanceWindow{From: 2 * time.Hour, To: 4 * time.Hour, Location: time.UTC, Outside: policy}
	}
	tests := []struct {
		name   string
		window *gate.MaintenanceWindow
		now    time.Time
		want   answer
		wait   time.Duration
	}{
		{"none", nil, outside, answer{checklist.Pass, "no maintenance window"}, 0},
		{"inside", window("fail"), inside, answer{checklist.Pass, "open until Sun 2026-11-22 04:00 UTC"}, 0},
		{"outside, fail", window("fail"), outside, answer{checklist.Fail, "opens on Sun 2026-11-22 02:00 UTC, in 2h0m0s"}, 0},
		{"outside, warn", window("warn"), outside, answer{checklist.Warn, "outside the maintenance window"}, 0},
		{"outside, wait", window("wait"), outside, answer{checklist.Pass, "waited"}, 2 * time.Hour},
		{"outside, an unknown policy fails", window("?"), outside, answer{checklist.Fail, "outside"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, wait, err := gate.Window(test.window, test.now)
			hold(t, result, err, test.want)
			if wait != test.wait {
				t.Errorf("wait: got %s, want %s", wait, test.wait)
			}
		})
	}
}

// changes is a work tree that differs from its commit in the paths that it names.
type changes string

func (c changes) Changed(context.Context, ...string) (string, error) { return string(c), nil }

func TestCommitted(t *testing.T) {
	t.Parallel()
	result, err := gate.Committed(t.Context(), changes(""), "migrations")
	hold(t, result, err, answer{checklist.Pass, "no uncommitted change"})
	result, err = gate.Committed(t.Context(), changes(" M migrations/1.sql\n?? migrations/2.sql"), "migrations")
	hold(t, result, err, answer{checklist.Warn, "2 files differ from the commit"})
}
