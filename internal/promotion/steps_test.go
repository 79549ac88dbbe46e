package promotion_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/promotion"
)

// recorded adds a record to the history, as it was left in a state.
func (s *stage) recorded(t *testing.T, record history.Promotion, state history.State) {
	t.Helper()
	record.Environment = "production"
	record, err := s.promoter.History.Create(t.Context(), record)
	if err == nil {
		err = s.promoter.History.Mark(t.Context(), record.ID, history.Status{State: state})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) count(t *testing.T) int {
	t.Helper()
	promotions, err := s.promoter.History.List(t.Context(), "production")
	if err != nil {
		t.Fatal(err)
	}
	return len(promotions)
}

func TestOpen(t *testing.T) {
	t.Parallel()
	v1, v2, v3 := release("v1"), release("v2"), release("v3")
	tests := map[string]struct {
		given func(*testing.T, *stage)
		// served and goesOn are what is wanted; so is the record: what it leads back to, and how many there are after it.
		served, goesOn bool
		from           *history.Release
		fromSchema     int64
		records        int
	}{
		"the first":                {given: func(*testing.T, *stage) {}, fromSchema: 5, records: 1},
		"after another":            {given: func(t *testing.T, s *stage) { s.served(t, "v1") }, from: &v1, fromSchema: 5, records: 2},
		"served already":           {given: func(t *testing.T, s *stage) { s.served(t, "v2") }, served: true, records: 1},
		"served by the record":     {given: func(t *testing.T, s *stage) { s.served(t, "v2"); s.serving = v1.Image }, from: &v2, fromSchema: 5, records: 2},
		"served on another schema": {given: func(t *testing.T, s *stage) { s.served(t, "v2"); s.schema = 4 }, from: &v2, fromSchema: 4, records: 2},
		"gone on with": {given: func(t *testing.T, s *stage) {
			s.served(t, "v1")
			s.recorded(t, history.Promotion{Task: history.Promote, Release: v2, From: &v1, FromSchema: 3}, history.InProgress)
		}, goesOn: true, from: &v1, fromSchema: 3, records: 2},
		"gone on with by another name": {given: func(t *testing.T, s *stage) {
			renamed := v2
			renamed.Label, renamed.Commit = "two", "c"
			s.recorded(t, history.Promotion{Task: history.Promote, Release: renamed, FromSchema: 3}, history.Error)
		}, goesOn: true, fromSchema: 3, records: 1},
		"what failed is begun anew": {given: func(t *testing.T, s *stage) {
			s.recorded(t, history.Promotion{Task: history.Promote, Release: v2, FromSchema: 3}, history.Failure)
		}, fromSchema: 5, records: 2},
		"forward from what is unsettled": {given: func(t *testing.T, s *stage) {
			s.served(t, "v1")
			s.recorded(t, history.Promotion{Task: history.Promote, Release: v3, From: &v1, FromSchema: 3}, history.Error)
		}, from: &v1, fromSchema: 3, records: 3},
		"a rollback to it is no promotion of it": {given: func(t *testing.T, s *stage) {
			s.served(t, "v3")
			s.recorded(t, history.Promotion{Task: history.Rollback, Release: v2, From: &v3, FromSchema: 7}, history.Error)
		}, from: &v3, fromSchema: 7, records: 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			test.given(t, s)
			before, newest := s.count(t), s.newest(t)
			looked, err := s.promoter.Look(t.Context())
			if err != nil || looked.Served != test.served || looked.GoesOn != test.goesOn || (looked.Record.ID != "") != test.goesOn {
				t.Errorf("Look: got %+v, %v", looked, err)
			}
			if diff := cmp.Diff(newest, s.newest(t)); diff != "" || s.count(t) != before {
				t.Errorf("Look wrote something (-before +after):\n%s", diff)
			}

			opened, err := s.promoter.Open(t.Context())
			if err != nil || opened.Served != test.served || opened.GoesOn != test.goesOn {
				t.Fatalf("Open: got %+v, %v", opened, err)
			}
			if got := s.count(t); got != test.records {
				t.Errorf("got %d records, want %d", got, test.records)
			}
			if test.served {
				return
			}
			got := s.newest(t)
			if got.ID != opened.Record.ID || got.State() != history.InProgress || !got.Release.Same(v2) {
				t.Errorf("the newest record is %+v, opened was %s", got, opened.Record.ID)
			}
			if diff := cmp.Diff(test.from, got.From, cmpopts.IgnoreFields(history.Release{}, "Label", "Commit")); diff != "" || got.FromSchema != test.fromSchema {
				t.Errorf("from schema %d, want %d, and (-want +got):\n%s", got.FromSchema, test.fromSchema, diff)
			}
		})
	}
}

// What is not known is no reason to open a record, and none to say that there is nothing to do.
func TestOpenNothingOnWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stage){
		"the schema": func(s *stage) { s.promoter.Schema = func(context.Context) (int64, error) { return 0, errBroken } },
		"the host":   func(s *stage) { s.promoter.Serving = func(context.Context) (string, error) { return "", errBroken } },
	} {
		s := newStage(t)
		s.served(t, "v2")
		change(s)
		if _, err := s.promoter.Open(t.Context()); !errors.Is(err, errBroken) || s.count(t) != 1 {
			t.Errorf("%s: got %v and %d records", name, err, s.count(t))
		}
	}
}

func TestFinish(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		serving string
		err     error
		want    promotion.Outcome
		state   history.State
		text    string
	}{
		"it is served":          {serving: release("v2").Image, want: promotion.Promoted, state: history.Success, text: "verified"},
		"another is":            {serving: release("v3").Image, want: promotion.Stopped, state: history.Error, text: "something else is served at the end: another deployment came in between"},
		"nothing is":            {want: promotion.Stopped, state: history.Error, text: "something else is served at the end: another deployment came in between"},
		"the host says nothing": {err: errBroken, want: promotion.Stopped, state: history.Error, text: "what is served at the end is not known: cannot run"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			opened, err := s.promoter.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.promoter.Serving = func(context.Context) (string, error) { return test.serving, test.err }
			outcome, err := s.promoter.Finish(t.Context(), opened.Record)
			s.settled(t, err, test.state, test.text)
			if outcome != test.want {
				t.Errorf("got %q, want %q", outcome, test.want)
			}
		})
	}
}

// settled compares the last status of the newest record with what is wanted.
func (s *stage) settled(t *testing.T, err error, state history.State, text string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	statuses := s.newest(t).Statuses
	if last := statuses[len(statuses)-1]; last.State != state || last.Description != text {
		t.Errorf("got %s %q, want %s %q", last.State, last.Description, state, text)
	}
}

func TestAFinishThatIsInterruptedLeavesTheRecordOpen(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	opened, err := s.promoter.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.promoter.Serving = func(ctx context.Context) (string, error) { cancel(); return "", ctx.Err() }
	if outcome, err := s.promoter.Finish(ctx, opened.Record); err != nil || outcome != promotion.Interrupted {
		t.Errorf("got %q, %v", outcome, err)
	}
	if state := s.newest(t).State(); state != history.InProgress {
		t.Errorf("the record is %s", state)
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	deploy, verify := promotion.Step{Verb: "deploy"}, promotion.Step{Verb: "verify"}
	type want struct {
		outcome promotion.Outcome
		back    bool
		state   history.State
		text    string
	}
	left := want{promotion.Unchanged, false, history.Failure, "why; nothing was changed"}
	back := want{promotion.Broken, true, history.Error, "why"}
	stays := want{promotion.Stopped, false, history.Error, "why; the release stays in place"}
	tests := map[string]struct {
		step    promotion.Step
		verdict checklist.Verdict
		changed bool
		// rollback is that what cannot be told does not stay.
		rollback bool
		want     want
	}{
		"nothing changed":                 {deploy, checklist.Fail, false, false, left},
		"nothing changed, not known":      {deploy, checklist.Inconclusive, false, false, left},
		"changed":                         {deploy, checklist.Fail, true, false, back},
		"changed, not known":              {deploy, checklist.Inconclusive, true, false, back},
		"verify":                          {verify, checklist.Fail, true, false, back},
		"verify cannot tell":              {verify, checklist.Inconclusive, true, false, stays},
		"verify cannot tell, and is back": {verify, checklist.Inconclusive, true, true, back},
		"verify fails, and is back":       {verify, checklist.Fail, true, true, back},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.promoter.RollBackInconclusive = test.rollback
			opened, err := s.promoter.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stop := promotion.Stop{Step: test.step, Verdict: test.verdict, Reason: "why", Changed: test.changed}
			outcome, back, err := s.promoter.Settle(t.Context(), opened.Record, stop)
			s.settled(t, err, test.want.state, test.want.text)
			if outcome != test.want.outcome || back != test.want.back {
				t.Errorf("got %q and back %v, want %q and %v", outcome, back, test.want.outcome, test.want.back)
			}
		})
	}
}
