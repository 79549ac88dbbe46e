package gate_test

import (
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/history"
)

// pushed is a run that dora's push started, dispatched one that rita started by hand.
func pushed() githubapi.Run {
	return githubapi.Run{ID: 7261, Event: "push", Actor: "dora", TriggeringActor: "dora"}
}

func dispatched() githubapi.Run {
	return githubapi.Run{ID: 7262, Event: "workflow_dispatch", Actor: "rita", TriggeringActor: "rita"}
}

func by(user, comment string) githubapi.Approval {
	return githubapi.Approval{Environments: []string{"production"}, State: "approved", User: user, Comment: comment}
}

func TestApproved(t *testing.T) {
	t.Parallel()
	again := pushed()
	again.TriggeringActor = "rita"
	again.Attempt = 2
	rejected, pending, elsewhere, both := by("rita", ""), by("rita", ""), by("rita", ""), by("rita", "")
	rejected.State, pending.State, elsewhere.Environments = "rejected", "pending", []string{"staging"}
	both.Environments = []string{"staging", "PRODUCTION"}
	tests := map[string]struct {
		run       githubapi.Run
		allowSelf bool
		approvals []githubapi.Approval
		want      answer
	}{
		"nobody":                               {pushed(), false, nil, answer{checklist.Fail, "nobody approved this run for production"}},
		"rejected":                             {pushed(), false, []githubapi.Approval{rejected}, answer{checklist.Fail, "nobody approved"}},
		"pending":                              {pushed(), false, []githubapi.Approval{pending}, answer{checklist.Fail, "nobody approved"}},
		"another environment":                  {pushed(), false, []githubapi.Approval{elsewhere}, answer{checklist.Fail, "nobody approved"}},
		"approved":                             {pushed(), false, []githubapi.Approval{by("rita", "")}, answer{checklist.Pass, "approved by rita"}},
		"with others, in other case":           {pushed(), false, []githubapi.Approval{both}, answer{checklist.Pass, "approved by rita"}},
		"several":                              {pushed(), false, []githubapi.Approval{rejected, by("rita", "now it is good"), by("tom", "")}, answer{checklist.Pass, `approved by rita: "now it is good", tom`}},
		"by who pushed":                        {pushed(), false, []githubapi.Approval{by("Dora", "")}, answer{checklist.Fail, "production was approved by Dora, who started the run"}},
		"by who ran it again":                  {again, false, []githubapi.Approval{by("rita", "")}, answer{checklist.Fail, "approved by rita, who started the run"}},
		"by who pushed what another ran again": {again, false, []githubapi.Approval{by("dora", "")}, answer{checklist.Fail, "approved by dora, who started the run"}},
		"by who ran it again, and by another":  {again, false, []githubapi.Approval{by("rita", ""), by("tom", "")}, answer{checklist.Warn, "approved by tom"}},
		"by oneself, which the config does not mind": {pushed(), true, []githubapi.Approval{by("dora", "")}, answer{checklist.Pass, "approved by dora"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := askedOfProduction()
			asked.PreventSelfReview = !test.allowSelf
			result, err := gate.Approved(asked, "production", test.run, test.approvals)
			hold(t, result, err, test.want)
		})
	}
}

// What the approver wrote is one line of text, bounded, with nothing in it that a terminal would obey.
func TestACommentIsText(t *testing.T) {
	t.Parallel()
	for comment, want := range map[string]string{
		"`rm -rf ~` $(id)":            "approved by rita: \"`rm -rf ~` $(id)\"",
		"\x1b[31mred\x1b]0;title\x07": `approved by rita: "\x1b[31mred\x1b]0;title\a"`,
		"fine\n::error::no\r\n## h1":  `approved by rita: "fine\n::error::no\r\n## h1"`,
		`she said "yes"`:              `approved by rita: "she said \"yes\""`,
		"\u202etxt.exe":               `approved by rita: "\u202etxt.exe"`,
		strings.Repeat("ü", 1000):     `approved by rita: "` + strings.Repeat("ü", 300) + `"`,
	} {
		result, err := gate.Approved(askedOfProduction(), "production", pushed(), []githubapi.Approval{by("rita", comment)})
		if err != nil || result.Evidence != want {
			t.Errorf("%q: got %q, %v, want %q", comment, result.Evidence, err, want)
		}
	}
}

func askedOfDispatch() gate.Asked {
	return gate.Asked{By: gate.ByDispatch, Reviewers: []string{"Rita", "tom"}, PreventSelfReview: true}
}

func TestStartedBy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*gate.Asked, *githubapi.Run)
		want   answer
	}{
		"one of them":          {func(*gate.Asked, *githubapi.Run) {}, answer{checklist.Pass, "rita started this run"}},
		"a push":               {func(_ *gate.Asked, r *githubapi.Run) { r.Event = "push" }, answer{checklist.Fail, "this one was started by push"}},
		"a schedule":           {func(_ *gate.Asked, r *githubapi.Run) { r.Event = "schedule" }, answer{checklist.Fail, "this one was started by schedule"}},
		"somebody else":        {func(_ *gate.Asked, r *githubapi.Run) { r.Actor, r.TriggeringActor = "dora", "dora" }, answer{checklist.Fail, "dora may not approve production"}},
		"run again by a guest": {func(_ *gate.Asked, r *githubapi.Run) { r.TriggeringActor = "dora" }, answer{checklist.Fail, "dora may not approve production"}},
		"run again by one of them": {func(_ *gate.Asked, r *githubapi.Run) { r.Actor = "dora" },
			answer{checklist.Fail, "rita ran again what dora started"}},
		"run again by another of them": {func(_ *gate.Asked, r *githubapi.Run) { r.TriggeringActor = "tom" },
			answer{checklist.Fail, "tom ran again what rita started"}},
		"nobody is listed": {func(a *gate.Asked, _ *githubapi.Run) { a.Reviewers = nil }, answer{checklist.Fail, "nobody may approve production by starting a run"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, run := askedOfDispatch(), dispatched()
			test.change(&asked, &run)
			result, err := gate.StartedBy(asked, "production", run)
			hold(t, result, err, test.want)
			// Nobody approves by naming a digest who could not by starting the run.
			if err != nil {
				result, err = gate.Dispatched(asked, "production", run, "d1", "d1", "dora")
				hold(t, result, err, test.want)
			}
		})
	}
}

func TestDispatched(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("d", 64)
	tests := map[string]struct {
		approve, digest, promoter string
		allowSelf                 bool
		want                      answer
	}{
		"approved":                 {digest, digest, "dora", false, answer{checklist.Pass, "rita started this run and approves dddddddddddd, which is weaker"}},
		"another digest":           {strings.Repeat("e", 64), digest, "dora", false, answer{checklist.Fail, "what was approved is not what would be promoted into production"}},
		"a part of the digest":     {digest[:12], digest, "dora", false, answer{checklist.Fail, "what was approved is not"}},
		"no digest":                {"", digest, "dora", false, answer{checklist.Fail, "what was approved is not"}},
		"nothing to approve":       {"", "", "dora", false, answer{checklist.Inconclusive, "what is approved for production is not known"}},
		"their own":                {digest, digest, "RITA", false, answer{checklist.Fail, "rita promoted this release before, and may not approve it"}},
		"whose is not known":       {digest, digest, "", false, answer{checklist.Inconclusive, "whether rita approves a release of their own is not known"}},
		"their own, which is fine": {digest, digest, "rita", true, answer{checklist.Pass, "rita started this run"}},
		"whose does not matter":    {digest, digest, "", true, answer{checklist.Pass, "rita started this run"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := askedOfDispatch()
			asked.PreventSelfReview = !test.allowSelf
			result, err := gate.Dispatched(asked, "production", dispatched(), test.approve, test.digest, test.promoter)
			hold(t, result, err, test.want)
		})
	}
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	one, other := strings.Repeat("1", 64), strings.Repeat("2", 64)
	v1, v2, renamed := release("v1"), release("v2"), release("v1")
	renamed.Label = "one"
	for name, test := range map[string]struct {
		planned, now string
		after        history.Release
		want         answer
	}{
		"the same":            {one, one, v1, answer{checklist.Pass, "the plan's digest is 111111111111"}},
		"by another name":     {one, one, renamed, answer{checklist.Pass, "the plan's digest is"}},
		"another release":     {one, other, v2, answer{checklist.Fail, "the commit is 222222222222 and was 111111111111; the image is sha256:222222222222 and was sha256:111111111111; the migrations are others"}},
		"another environment": {one, other, v1, answer{checklist.Fail, "the config was changed since, or another release is served now"}},
		"not in the plan":     {"", one, v1, answer{checklist.Fail, "the plan says nothing about this environment"}},
		"nothing is no plan":  {"", "", v1, answer{checklist.Fail, "the plan says nothing"}},
		"nothing to plan for": {one, "", v1, answer{checklist.Fail, "it is not what was planned"}},
	} {
		result, err := gate.Unchanged(test.planned, test.now, v1, test.after)
		t.Run(name, func(t *testing.T) { hold(t, result, err, test.want) })
	}
}
