package promotion_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/promotion"
)

var errBroken = errors.New("cannot run")

func release(label string) history.Release {
	return history.Release{Label: label, Image: "sha256:" + strings.Repeat(label[1:], 64), Migrations: label, Schema: 5}
}

// stage is a promotion whose verbs answer as the test says, on a real history.
type stage struct {
	promoter promotion.Promoter
	// verdicts are by "verb command"; a verb that is not among them passes. The verdict "error" is an error.
	verdicts map[string]checklist.Verdict
	ran      []string
	schema   int64
	serving  string
	cancel   context.CancelFunc
	cancelAt string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{verdicts: map[string]checklist.Verdict{}, schema: 5, serving: release("v2").Image}
	s.promoter = promotion.Promoter{
		History:     history.NewFile(filepath.Join(t.TempDir(), "history.jsonl"), time.Now),
		Environment: "production", Release: release("v2"), Watch: true,
		Schema:  func(context.Context) (int64, error) { return s.schema, nil },
		Serving: func(context.Context) (string, error) { return s.serving, nil },
		Run:     s.run,
	}
	return s
}

func (s *stage) run(_ context.Context, step promotion.Step) (checklist.Checklist, error) {
	name := strings.TrimSpace(step.Verb + " " + step.Command)
	s.ran = append(s.ran, name)
	if s.cancelAt == name {
		s.cancel()
	}
	verdict, known := s.verdicts[name]
	if verdict == "error" {
		return checklist.Checklist{}, errBroken
	}
	if !known {
		verdict = checklist.Pass
	}
	return checklist.Checklist{Items: []checklist.Item{{Title: "an item", Verdict: verdict, Evidence: "as the test says"}}}, nil
}

// served makes the history say that a release is served.
func (s *stage) served(t *testing.T, label string) {
	t.Helper()
	record, err := s.promoter.History.Create(t.Context(), history.Promotion{Task: history.Promote, Environment: "production", Release: release(label)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.promoter.History.Mark(t.Context(), record.ID, history.Status{State: history.Success}); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) newest(t *testing.T) *history.Promotion {
	t.Helper()
	promotions, err := s.promoter.History.List(t.Context(), "production")
	if err != nil {
		t.Fatal(err)
	}
	if len(promotions) == 0 {
		return nil
	}
	return &promotions[0]
}

const allSteps = "preflight check, snapshot create, migrate rehearse, migrate up, deploy, verify once, verify watch"

func TestPromote(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		change   func(*stage)
		verdicts map[string]checklist.Verdict
		want     promotion.Outcome
		ran      string
		state    history.State // of the record; empty when none was begun
	}{
		{name: "all passes", want: promotion.Promoted, ran: allSteps, state: history.Success},
		{name: "warnings pass", verdicts: map[string]checklist.Verdict{"preflight check": checklist.Warn}, want: promotion.Promoted, ran: allSteps, state: history.Success},
		{name: "no watch is asked for", change: func(s *stage) { s.promoter.Watch = false }, want: promotion.Promoted,
			ran: "preflight check, snapshot create, migrate rehearse, migrate up, deploy, verify once", state: history.Success},
		{name: "a gate says no", verdicts: map[string]checklist.Verdict{"preflight check": checklist.Fail}, want: promotion.Refused, ran: "preflight check"},
		{name: "a gate does not know", verdicts: map[string]checklist.Verdict{"preflight check": checklist.Inconclusive}, want: promotion.Refused, ran: "preflight check"},
		{name: "no snapshot", verdicts: map[string]checklist.Verdict{"snapshot create": checklist.Fail}, want: promotion.Unchanged,
			ran: "preflight check, snapshot create", state: history.Failure},
		{name: "the rehearsal fails on its copy", verdicts: map[string]checklist.Verdict{"migrate rehearse": checklist.Fail}, want: promotion.Unchanged,
			ran: "preflight check, snapshot create, migrate rehearse", state: history.Failure},
		{name: "the rehearsal fails in place", change: func(s *stage) { s.promoter.RehearsesInPlace = true }, verdicts: map[string]checklist.Verdict{"migrate rehearse": checklist.Fail},
			want: promotion.RolledBack, ran: "preflight check, snapshot create, migrate rehearse, rollback run", state: history.Error},
		{name: "a failed migration left nothing", verdicts: map[string]checklist.Verdict{"migrate up": checklist.Fail, "rollback run": checklist.Skip}, want: promotion.Unchanged,
			ran: "preflight check, snapshot create, migrate rehearse, migrate up, rollback run", state: history.Error},
		{name: "something else is served at the end", change: func(s *stage) { s.serving = release("v3").Image }, want: promotion.Stopped, ran: allSteps, state: history.Error},
		{name: "a migration fails", verdicts: map[string]checklist.Verdict{"migrate up": checklist.Fail}, want: promotion.RolledBack,
			ran: "preflight check, snapshot create, migrate rehearse, migrate up, rollback run", state: history.Error},
		{name: "a verb cannot run", verdicts: map[string]checklist.Verdict{"deploy": "error"}, want: promotion.RolledBack,
			ran: "preflight check, snapshot create, migrate rehearse, migrate up, deploy, rollback run", state: history.Error},
		{name: "the watch fails", verdicts: map[string]checklist.Verdict{"verify watch": checklist.Fail}, want: promotion.RolledBack, ran: allSteps + ", rollback run", state: history.Error},
		{name: "the watch cannot tell", verdicts: map[string]checklist.Verdict{"verify watch": checklist.Inconclusive}, want: promotion.Stopped, ran: allSteps, state: history.Error},
		{name: "the watch cannot tell, and that is not to stay", change: func(s *stage) { s.promoter.RollBackInconclusive = true },
			verdicts: map[string]checklist.Verdict{"verify watch": checklist.Inconclusive}, want: promotion.RolledBack, ran: allSteps + ", rollback run", state: history.Error},
		{name: "a deployment that cannot tell is rolled back", verdicts: map[string]checklist.Verdict{"deploy": checklist.Inconclusive}, want: promotion.RolledBack,
			ran: "preflight check, snapshot create, migrate rehearse, migrate up, deploy, rollback run", state: history.Error},
		{name: "the way back fails too", verdicts: map[string]checklist.Verdict{"deploy": checklist.Fail, "rollback run": checklist.Fail}, want: promotion.Broken,
			ran: "preflight check, snapshot create, migrate rehearse, migrate up, deploy, rollback run", state: history.Error},
		{name: "a dry run", change: func(s *stage) { s.promoter.DryRun = true }, want: promotion.Planned, ran: "preflight check, snapshot create, migrate rehearse, migrate up, deploy"},
		{name: "a dry run that could not", change: func(s *stage) { s.promoter.DryRun = true }, verdicts: map[string]checklist.Verdict{"migrate up": checklist.Fail},
			want: promotion.Refused, ran: "preflight check, snapshot create, migrate rehearse, migrate up"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if test.verdicts != nil {
				s.verdicts = test.verdicts
			}
			if test.change != nil {
				test.change(s)
			}
			outcome, _, err := s.promoter.Promote(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if outcome != test.want {
				t.Errorf("got outcome %q, want %q", outcome, test.want)
			}
			if diff := cmp.Diff(test.ran, strings.Join(s.ran, ", ")); diff != "" {
				t.Errorf("ran (-want +got):\n%s", diff)
			}
			var state history.State
			if record := s.newest(t); record != nil {
				state = record.State()
			}
			if state != test.state {
				t.Errorf("the record ends as %q, want %q", state, test.state)
			}
		})
	}
}

func TestPromoteWhatIsServedVerifiesIt(t *testing.T) {
	t.Parallel()
	for verdict, want := range map[checklist.Verdict]promotion.Outcome{checklist.Pass: promotion.AlreadyServed, checklist.Fail: promotion.Unchanged} {
		s := newStage(t)
		s.served(t, "v2")
		s.verdicts["verify once"] = verdict
		outcome, record, err := s.promoter.Promote(t.Context())
		if err != nil || outcome != want || record != nil {
			t.Errorf("got %q with record %v, %v; want %q without", outcome, record, err, want)
		}
		if got := strings.Join(s.ran, ", "); got != "preflight check, verify once" {
			t.Errorf("ran %s", got)
		}
	}
}

// What the record says is not enough: a database that was restored, or a process that died, is promoted into again.
func TestPromoteWhatIsOnlyRecordedAsServed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stage){
		"the schema is older": func(s *stage) { s.schema = 3 },
		"nothing serves at first": func(s *stage) {
			s.serving = ""
			inner := s.promoter.Run
			s.promoter.Run = func(ctx context.Context, step promotion.Step) (checklist.Checklist, error) {
				if step.Verb == "deploy" {
					s.serving = release("v2").Image
				}
				return inner(ctx, step)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.served(t, "v2")
			change(s)
			outcome, _, err := s.promoter.Promote(t.Context())
			if err != nil || outcome != promotion.Promoted || strings.Join(s.ran, ", ") != allSteps {
				t.Errorf("got %q after %q, %v", outcome, s.ran, err)
			}
		})
	}
}

// The way back leads past an unsettled promotion to what was served well.
func TestPromoteForwardFromAnUnsettledOne(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.served(t, "v1")
	s.promoter.Release = release("v3")
	s.verdicts["deploy"], s.verdicts["rollback run"] = checklist.Fail, checklist.Fail
	if outcome, _, err := s.promoter.Promote(t.Context()); err != nil || outcome != promotion.Broken {
		t.Fatalf("got %q, %v", outcome, err)
	}
	s.promoter.Release, s.verdicts, s.schema, s.serving = release("v4"), nil, 9, release("v4").Image
	outcome, record, err := s.promoter.Promote(t.Context())
	if err != nil || outcome != promotion.Promoted {
		t.Fatalf("got %q, %v", outcome, err)
	}
	if record.From.Label != "v1" || record.FromSchema != 5 {
		t.Errorf("got a way back to %s at schema %d, want v1 at 5", record.From.Label, record.FromSchema)
	}
}

// A run that was interrupted leaves its record open, and the next run of the same release goes on with the very same one.
func TestInterruptedPromotionIsGoneOnWith(t *testing.T) {
	t.Parallel()
	for step := range strings.SplitSeq(allSteps, ", ") {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.served(t, "v1")
			var ctx context.Context
			ctx, s.cancel = context.WithCancel(t.Context())
			s.cancelAt = step
			s.verdicts[step] = checklist.Fail // What is cancelled fails.
			outcome, _, err := s.promoter.Promote(ctx)
			if err != nil || outcome != promotion.Interrupted {
				t.Fatalf("got %q, %v", outcome, err)
			}
			before := s.newest(t)

			s.cancelAt, s.verdicts = "", nil
			outcome, record, err := s.promoter.Promote(t.Context())
			if err != nil || outcome != promotion.Promoted {
				t.Fatalf("the second run: got %q, %v", outcome, err)
			}
			if step != "preflight check" && record.ID != before.ID {
				t.Errorf("the second run began a promotion of its own")
			}
			if got := s.newest(t); got.From == nil || got.From.Label != "v1" || got.FromSchema != 5 || got.State() != history.Success {
				t.Errorf("got record %+v", got)
			}
		})
	}
}
