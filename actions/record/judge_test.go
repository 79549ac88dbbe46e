package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/promotion"
)

// steps are the steps of a job that all passed, as GitHub lists them: those without an id have one that it made up. changes
// are put over them; what is empty is taken out.
func steps(t testing.TB, changes map[string]string) string {
	t.Helper()
	all := map[string]json.RawMessage{}
	passed := map[string]string{"__actions_checkout": "{}", "0": `{"outputs": {}, "conclusion": "success", "outcome": "success"}`,
		"open": `{"outcome": "success", "outputs": {"goes-on": "false", "promotion": "1"}}`}
	for _, step := range promotion.Order() {
		passed[step.ID()] = oneStep("success", "pass", "")
	}
	maps.Copy(passed, changes)
	for id, one := range passed {
		if one != "" {
			all[id] = json.RawMessage(one)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// oneStep is one step as GitHub has it; conclusion is what continue-on-error would make of the outcome, and does not count.
func oneStep(outcome, verdict, reason string) string {
	return fmt.Sprintf(`{"outcome": %q, "conclusion": "success", "outputs": {"verdict": %q, "reason": %q}}`, outcome, verdict, reason)
}

// judged is an ending in the words of the tests: where it stopped, why, and whether something may have been changed.
type judged struct {
	at, reason         string
	verdict            checklist.Verdict
	changed, cancelled bool
}

func words(came ending) judged {
	if came.stop == nil {
		return judged{cancelled: came.cancelled}
	}
	return judged{came.stop.Step.ID(), came.stop.Reason, came.stop.Verdict, came.stop.Changed, came.cancelled}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const untold = ": it failed, and its log says why"
	goesOn := `{"outcome": "success", "outputs": {"goes-on": "true"}}`
	skips := func(from string, first string) map[string]string {
		changes, reached := map[string]string{}, false
		for _, step := range promotion.Order() {
			if reached {
				changes[step.ID()] = `{"outcome": "skipped", "outputs": {}}`
			}
			if step.ID() == from {
				changes[from], reached = first, true
			}
		}
		return changes
	}
	with := func(changes map[string]string, id, one string) map[string]string { changes[id] = one; return changes }
	tests := map[string]struct {
		changes map[string]string
		watch   bool
		want    judged
	}{
		"all passed":                          {nil, true, judged{}},
		"all passed, and nobody watches":      {map[string]string{"watch": `{"outcome": "skipped"}`}, false, judged{}},
		"what happens after a pass is passed": {map[string]string{"close": oneStep("failure", "", ""), "report": oneStep("cancelled", "", "")}, true, judged{}},
		"preflight is not asked again":        {map[string]string{"preflight": oneStep("failure", "fail", "")}, true, judged{}},
		"a warning":                           {map[string]string{"verify": oneStep("success", "warn", "")}, true, judged{}},

		"snapshot fails":          {skips("snapshot", oneStep("failure", "fail", "no room")), true, judged{"snapshot", "snapshot: no room", checklist.Fail, false, false}},
		"migrate fails":           {skips("migrate", oneStep("failure", "fail", "locked")), true, judged{"migrate", "migrate: locked", checklist.Fail, true, false}},
		"deploy fails":            {skips("deploy", oneStep("failure", "fail", "")), true, judged{"deploy", "deploy" + untold, checklist.Fail, true, false}},
		"verify fails":            {skips("verify", oneStep("failure", "fail", "500")), true, judged{"verify", "verify: 500", checklist.Fail, true, false}},
		"watch fails":             {skips("watch", oneStep("failure", "fail", "slow")), true, judged{"watch", "watch: slow", checklist.Fail, true, false}},
		"watch is not ours":       {skips("watch", oneStep("failure", "fail", "slow")), false, judged{}},
		"verify cannot tell":      {skips("verify", oneStep("failure", "inconclusive", "no answer")), true, judged{"verify", "verify: no answer", checklist.Inconclusive, true, false}},
		"snapshot cannot tell":    {skips("snapshot", oneStep("failure", "inconclusive", "")), true, judged{"snapshot", "snapshot" + untold, checklist.Inconclusive, false, false}},
		"a verdict nobody knows":  {skips("verify", oneStep("failure", "excellent", "")), true, judged{"verify", "verify" + untold, checklist.Fail, true, false}},
		"a failure without words": {skips("deploy", `{"outcome": "failure"}`), true, judged{"deploy", "deploy" + untold, checklist.Fail, true, false}},

		"cancelled at snapshot":     {skips("snapshot", oneStep("cancelled", "", "")), true, judged{"snapshot", "cancelled at snapshot", checklist.Fail, false, true}},
		"rehearsal fails":           {skips("rehearse", oneStep("failure", "fail", "no such table")), true, judged{"rehearse", "rehearse: no such table", checklist.Fail, false, false}},
		"rehearsal fails, in place": {skips("rehearse", oneStep("failure", "fail", "no such table")), true, judged{"rehearse", "rehearse: no such table", checklist.Fail, true, false}},

		"cancelled at migrate":   {skips("migrate", oneStep("cancelled", "", "")), true, judged{"migrate", "cancelled at migrate", checklist.Fail, true, true}},
		"cancelled at verify":    {skips("verify", oneStep("cancelled", "", "")), true, judged{"verify", "cancelled at verify", checklist.Fail, true, true}},
		"cancelled at watch":     {skips("watch", oneStep("cancelled", "", "")), true, judged{"watch", "cancelled at watch", checklist.Fail, true, true}},
		"cancelled in between":   {skips("migrate", `{"outcome": "skipped", "outputs": {}}`), true, judged{"migrate", "cancelled at migrate", checklist.Fail, false, true}},
		"skipped after a change": {skips("verify", `{"outcome": "skipped", "outputs": {}}`), true, judged{"verify", "cancelled at verify", checklist.Fail, true, true}},
		"the watch was skipped":  {map[string]string{"watch": `{"outcome": "skipped"}`}, true, judged{"watch", "cancelled at watch", checklist.Fail, true, true}},
		"a step is missing":      {map[string]string{"snapshot": "", "rehearse": "", "migrate": "", "deploy": "", "verify": "", "watch": ""}, true, judged{"snapshot", "cancelled at snapshot", checklist.Fail, false, true}},
		"a step is null":         {skips("deploy", "null"), true, judged{"deploy", "cancelled at deploy", checklist.Fail, true, true}},
		// Nobody can say that nothing was changed when a later step did.
		"one is missing, and later ones ran": {map[string]string{"snapshot": ""}, true, judged{"snapshot", "cancelled at snapshot", checklist.Fail, true, true}},

		"an earlier run may have changed something": {with(skips("snapshot", oneStep("failure", "fail", "no room")), "open", goesOn), true, judged{"snapshot", "snapshot: no room", checklist.Fail, true, false}},
		"goes on is the word true and no other":     {with(skips("snapshot", oneStep("failure", "fail", "no room")), "open", `{"outputs": {"goes-on": "yes"}}`), true, judged{"snapshot", "snapshot: no room", checklist.Fail, false, false}},
		"and all passed":                            {map[string]string{"open": goesOn}, true, judged{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			came, err := judge(steps(t, test.changes), promotion.Promoter{Watch: test.watch, RehearsesInPlace: strings.HasSuffix(name, "in place")})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, words(came), cmp.AllowUnexported(judged{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJudgeRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		kind problem.Kind
		part string
	}{
		"nothing":                      {"", problem.Usage, "how the steps ended cannot be read"},
		"no JSON":                      {"{{", problem.Usage, "how the steps ended cannot be read"},
		"two documents":                {"{} {}", problem.Usage, "how the steps ended cannot be read"},
		"a list":                       {"[]", problem.Usage, "how the steps ended cannot be read"},
		"a step that is text":          {`{"open": "success"}`, problem.Usage, "how the steps ended cannot be read"},
		"an output that is not text":   {`{"open": {"outcome": "success", "outputs": {"goes-on": true}}}`, problem.Usage, "how the steps ended cannot be read"},
		"deep":                         {strings.Repeat("[", 100_000), problem.Usage, "how the steps ended cannot be read"},
		"null":                         {"null", problem.Usage, "do not have the one that opened the record"},
		"no step":                      {"{}", problem.Usage, "do not have the one that opened the record"},
		"another's steps":              {`{"build": {"outcome": "success", "outputs": {}}}`, problem.Usage, "do not have the one that opened the record"},
		"an outcome of a later GitHub": {steps(t, map[string]string{"deploy": oneStep("neutral\n::error::x", "", "")}), problem.Inconclusive, `the step deploy ended as "neutral\n::error::x", which this version does not know`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := judge(test.text, promotion.Promoter{Watch: true})
			if err == nil || problem.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.part) || problem.Hint(err) == "" {
				t.Errorf("got %v (kind %d, hint %q), want %q of kind %d", err, problem.KindOf(err), problem.Hint(err), test.part, test.kind)
			}
		})
	}
}

// As much as an environment variable holds on Linux (MAX_ARG_STRLEN, execve(2)).
func TestJudgeReadsWhateverFitsIntoAVariable(t *testing.T) {
	t.Parallel()
	text := steps(t, map[string]string{"deploy": oneStep("failure", "fail", strings.Repeat("x", 128<<10))})
	came, err := judge(text, promotion.Promoter{Watch: true})
	if err != nil || len(text) < 128<<10 || words(came).at != "deploy" {
		t.Errorf("got %.100v, %v", words(came), err)
	}
}

// Whatever the steps say: a promotion is only finished when each step of the order passed, and nothing is called unchanged
// that a step could have changed.
func FuzzJudge(f *testing.F) {
	for _, changes := range []map[string]string{nil, {"deploy": oneStep("failure", "fail", "x")}, {"verify": ""}, {"migrate": `{"Outcome": "skipped"}`}, {"open": "null"}} {
		f.Add(steps(f, changes), true)
		f.Add(steps(f, changes), false)
	}
	f.Add(`{"open":{},"open":{"outputs":{"goes-on":"true"}}}`, true)
	f.Fuzz(func(t *testing.T, text string, watch bool) {
		came, err := judge(text, promotion.Promoter{Watch: watch})
		if err != nil {
			return
		}
		var all map[string]struct{ Outcome string }
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatalf("what cannot be read was judged: %v", err)
		}
		for _, step := range promotion.Order()[1:] {
			outcome := all[step.ID()].Outcome
			if came.stop == nil && outcome != success && (!step.Watch || watch) {
				t.Errorf("finished, and %s ended as %q", step.ID(), outcome)
			}
			if came.stop != nil && !came.stop.Changed && step.Changes && outcome != skipped && outcome != "" {
				t.Errorf("unchanged, and %s ended as %q", step.ID(), outcome)
			}
		}
		if came.stop != nil && came.stop.Reason == "" {
			t.Error("it stopped, and nobody says why")
		}
	})
}
