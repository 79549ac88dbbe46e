package checklist_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestTheWorstItemDecides(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		items      []checklist.Verdict
		want       checklist.Verdict
		wantFailed bool
	}{
		"nothing was checked":          {nil, checklist.Inconclusive, true},
		"only skips":                   {[]checklist.Verdict{checklist.Skip, checklist.Skip}, checklist.Skip, false},
		"pass beats skip":              {[]checklist.Verdict{checklist.Skip, checklist.Pass}, checklist.Pass, false},
		"warn beats pass":              {[]checklist.Verdict{checklist.Warn, checklist.Pass}, checklist.Warn, false},
		"inconclusive beats warn":      {[]checklist.Verdict{checklist.Inconclusive, checklist.Warn}, checklist.Inconclusive, true},
		"fail beats inconclusive":      {[]checklist.Verdict{checklist.Fail, checklist.Inconclusive}, checklist.Fail, true},
		"an unknown verdict is a fail": {[]checklist.Verdict{checklist.Pass, "PASS"}, checklist.Fail, true},
		"an empty verdict is a fail":   {[]checklist.Verdict{checklist.Pass, ""}, checklist.Fail, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var list checklist.Checklist
			for _, verdict := range test.items {
				list.Items = append(list.Items, checklist.Item{Verdict: verdict})
			}
			if got := list.Verdict(); got != test.want {
				t.Errorf("verdict: got %q, want %q", got, test.want)
			}
			if got := list.Failed(); got != test.wantFailed {
				t.Errorf("failed: got %t, want %t", got, test.wantFailed)
			}
		})
	}
}

func TestDoRecordsWhatTheItemFound(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	tests := map[string]struct {
		result  checklist.Result
		err     error
		want    checklist.Item
		wantErr error
	}{
		"a pass": {
			result: checklist.Passed("12 tables"),
			want:   checklist.Item{Verdict: checklist.Pass, Evidence: "12 tables"},
		},
		"a skip": {
			result: checklist.Skipped("already applied"),
			want:   checklist.Item{Verdict: checklist.Skip, Evidence: "already applied"},
		},
		"a problem fails and gives its hint": {
			err:     problem.New("Look at the log", "copy table heroes: %w", broken),
			want:    checklist.Item{Verdict: checklist.Fail, Evidence: "copy table heroes: broken pipe", Hint: "Look at the log"},
			wantErr: broken,
		},
		"what could not be answered is inconclusive": {
			err:     problem.Unknown("Try again", "ask the host: %w", broken),
			want:    checklist.Item{Verdict: checklist.Inconclusive, Evidence: "ask the host: broken pipe", Hint: "Try again"},
			wantErr: broken,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var list checklist.Checklist
			err := list.Do(context.Background(), "look", "Look", func(context.Context) (checklist.Result, error) {
				return test.result, test.err
			})
			if !errors.Is(err, test.wantErr) {
				t.Errorf("error: got %v, want %v", err, test.wantErr)
			}
			test.want.ID, test.want.Title = "look", "Look"
			ignored := cmpopts.IgnoreFields(checklist.Item{}, "Milliseconds")
			if diff := cmp.Diff([]checklist.Item{test.want}, list.Items, ignored); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
		})
	}
}
