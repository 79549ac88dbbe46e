//go:build e2e

// Package e2e runs Airlock's own workflows, as a repository calls them, in a runner on this machine: against real
// PostgreSQL databases, a real docker engine, a stand-in for AWS and one for GitHub. scripts/e2e starts all of it.
package e2e_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

const features = "FEATURES=motto,guilds"

// both are the jobs of a release that came through.
func both() map[string]string {
	return map[string]string{"promote/plan": "success", "first/promote": "success", "second/promote": "success"}
}

// first promotes the first release into both environments, which every later one starts from.
func (s *scenario) first(t testing.TB) outcome {
	t.Helper()
	s.commit(t, "The first release", 5)
	ended := s.release(t, 7001, image(t, "v1"), "v1", nil)
	s.expect(t, ended, true, both())
	s.expectServed(t, served{"v1", 5}, served{"v1", 5})
	return ended
}

func TestWorkflows(t *testing.T) {
	for _, one := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"a release is promoted to production", promoted},
		{"a release that fails in sandbox is taken back there and never reaches production", stoppedInSandbox},
		{"a release that fails in production is taken back there", rolledBackInProduction},
		{"an environment that is not protected is refused before anything is touched", notProtected},
		{"a runner that is lost in production leaves a record that is closed and the next run finishes", runnerLost},
		{"the same run again does nothing twice", again},
		{"a release without proof from sandbox is refused in production", noProof},
		{"production is rolled back by its workflow", rolledBackByWorkflow},
		{"a promotion that a person cancels is taken back", cancelled},
		{"evidence is shown by those who can only read", evidenceShown},
		{"production is approved by starting a run with the digest", approvedByDispatch},
		{"text from outside is shown and never obeyed", hostileText},
		{"GitHub and AWS fail for a moment", failingForAMoment},
		{"a token that may not write deployments is refused", tokenTooWeak},
		{"a binary that was changed on its way is not run", tampered},
		{"a pull request with a dangerous migration is blocked, acknowledged and passed", reviewed},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.test(t)
		})
	}
}

func promoted(t *testing.T) {
	s := newScenario(t, options{build: true})
	ended := s.first(t)
	s.expectRecords(t, []string{"promote v1: in_progress success"}, []string{"promote v1: in_progress success"})
	s.expectSnapshots(t, 1, 1)
	s.expectReports(t, 7001, "sandbox", "production")
	// What the rehearsal found of the example's migrations is in the job's summary, and comes to the next environment.
	for _, part := range []string{"Rehearsal of migrations", "way back&#58; 5 proven", "00001&#95;create&#95;users&#46;sql"} {
		if summary := ended.summaries["first/promote"]; !strings.Contains(summary, part) {
			t.Errorf("the summary of sandbox does not say %q:\n%s", part, summary)
		}
	}
}

func stoppedInSandbox(t *testing.T) {
	s := newScenario(t, options{})
	s.first(t)
	s.commit(t, "A release that turns unhealthy", 8)
	ended := s.release(t, 7002, image(t, "v2", features, "FAULT_UNHEALTHY_AFTER=2s"), "v2", nil)
	s.expect(t, ended, false, map[string]string{"promote/plan": "success", "first/promote": "failure", "first/recover": "success"})
	s.expectServed(t, served{"v1", 8}, served{"v1", 5})
	s.expectRecords(t,
		[]string{"promote v1: in_progress success", "promote v2: in_progress error failure"},
		[]string{"promote v1: in_progress success"})
	s.expectSnapshots(t, 2, 1)
}

func rolledBackInProduction(t *testing.T) {
	s := newScenario(t, options{})
	s.first(t)
	s.commit(t, "A release that turns unhealthy in production", 8)
	ended := s.release(t, 7002, image(t, "v2", features, "FAULT_UNHEALTHY_AFTER=2s", "FAULT_ONLY_IN=production"), "v2", nil)
	s.expect(t, ended, false, map[string]string{
		"promote/plan": "success", "first/promote": "success", "second/promote": "failure", "second/recover": "success",
	})
	s.expectServed(t, served{"v2", 8}, served{"v1", 8})
	s.expectRecords(t,
		[]string{"promote v1: in_progress success inactive", "promote v2: in_progress success"},
		[]string{"promote v1: in_progress success", "promote v2: in_progress error failure"})
	s.expectSnapshots(t, 2, 2)
}

func notProtected(t *testing.T) {
	s := newScenario(t, options{})
	s.github.Change(func(state *githubapitest.State) {
		state.Environments["production"] = githubapi.Environment{Name: "production", Branches: githubapi.AnyBranch}
	})
	s.commit(t, "The first release", 5)
	ended := s.release(t, 7001, image(t, "v1"), "v1", nil)
	s.expect(t, ended, false, map[string]string{"promote/plan": "failure"})
	expectText(t, ended, "the environment production has no required reviewers")
	s.expectUntouched(t)
}

func runnerLost(t *testing.T) {
	s := newScenario(t, options{})
	s.first(t)
	s.commit(t, "The release whose runner is lost", 8)
	second := image(t, "v2", features)
	var once sync.Once
	ended := s.release(t, 7002, second, "v2", func(next line) {
		// The schema and the application are new already, and nothing has been verified.
		if next.job() == "second/promote" && next.main() && next.StepID[0] == "watch" && strings.Contains(next.Message, "Run Main") {
			once.Do(func() { go s.lose(t) })
		}
	})
	s.expect(t, ended, false, map[string]string{
		"promote/plan": "success", "first/promote": "success", "second/promote": "failure", "second/recover": "success",
	})
	// Neither the step in which it was lost nor the one that always runs came to an end on that machine.
	for _, id := range []string{"watch", "close"} {
		if got := ended.steps["second/promote/"+id]; got != "failure" {
			t.Errorf("the step %s on the lost machine is %q, want a failure", id, got)
		}
	}
	s.expectServed(t, served{"v2", 8}, served{"v2", 8})
	s.expectRecords(t,
		[]string{"promote v1: in_progress success inactive", "promote v2: in_progress success"},
		[]string{"promote v1: in_progress success", "promote v2: in_progress error"})
	s.expect(t, s.release(t, 7003, second, "v2", nil), true, both())
	s.expectServed(t, served{"v2", 8}, served{"v2", 8})
	s.expectRecords(t,
		[]string{"promote v1: in_progress success inactive", "promote v2: in_progress success"},
		[]string{"promote v1: in_progress success inactive", "promote v2: in_progress error in_progress success"})
	s.expectSnapshots(t, 2, 2)
}

func again(t *testing.T) {
	s := newScenario(t, options{})
	s.commit(t, "The first release", 5)
	first := image(t, "v1")
	s.expect(t, s.release(t, 7001, first, "v1", nil), true, both())
	containers := s.containers(t)
	for _, run := range []int64{7001, 7002} {
		s.expect(t, s.release(t, run, first, "v1", nil), true, both())
	}
	s.expectServed(t, served{"v1", 5}, served{"v1", 5})
	s.expectRecords(t, []string{"promote v1: in_progress success"}, []string{"promote v1: in_progress success"})
	s.expectSnapshots(t, 1, 1)
	if difference := cmp.Diff(containers, s.containers(t)); difference != "" {
		t.Errorf("the containers (-before +after):\n%s", difference)
	}
}

func noProof(t *testing.T) {
	s := newScenario(t, options{})
	s.commit(t, "The first release", 5)
	ended := s.start(t, trigger{event: "workflow_dispatch", workflow: "straight.yml", run: 7001}, image(t, "v1"), "v1")
	s.expect(t, ended, false, map[string]string{
		"planned/plan": "success", "first/promote": "success", "production/promote": "failure", "production/recover": "success",
	})
	expectText(t, ended, "there is no proof that v1 works in sandbox")
	s.expectUntouched(t)
}
