//go:build e2e

package e2e_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
)

func rolledBackByWorkflow(t *testing.T) {
	s := newScenario(t, options{})
	s.first(t)
	s.commit(t, "The second release", 8)
	s.expect(t, s.release(t, 7002, image(t, "v2", features), "v2", nil), true, both())
	back := func(run int64) outcome {
		t.Helper()
		inputs := map[string]string{"environment": "production"}
		ended := s.start(t, trigger{event: "workflow_dispatch", workflow: "rollback.yml", run: run, inputs: inputs}, "", "")
		s.expect(t, ended, true, map[string]string{"rollback/plan": "success", "rollback/rollback": "success"})
		s.expectServed(t, served{"v2", 8}, served{"v1", 8})
		s.expectRecords(t,
			[]string{"promote v1: in_progress success inactive", "promote v2: in_progress success"},
			[]string{"promote v1: in_progress success inactive", "promote v2: in_progress success inactive", "roll back to v1: in_progress success"})
		return ended
	}
	back(7003)
	containers := s.containers(t)
	expectText(t, back(7004), "the last thing that was done here is a rollback already")
	if now := s.containers(t); now["production"] != containers["production"] {
		t.Errorf("production serves by the container %s, and did by %s", now["production"], containers["production"])
	}
	for _, deployment := range s.github.State().Deployments {
		if strings.HasPrefix(deployment.Description, "roll back") && deployment.Task != "airlock:rollback" {
			t.Errorf("a rollback is recorded as %s", deployment.Task)
		}
	}
}

// interruptWatch returns what interrupts the watch of an environment's job as soon as it looks.
func (s *scenario) interruptWatch(t testing.TB, job, environment string) func(line) {
	var once sync.Once
	return func(next line) {
		if next.job() == job && next.main() && next.StepID[0] == "watch" && strings.Contains(next.Message, "Run Main") {
			once.Do(func() { go s.interrupt(t, "verify", func() bool { return s.lookedAt(t, environment) }) })
		}
	}
}

// lookedAt tells whether Airlock is connected to an environment's database, which it is from its first look at the data.
func (s *scenario) lookedAt(t testing.TB, environment string) bool {
	connection, err := pgx.Connect(t.Context(), s.places[environment].database)
	if err != nil {
		t.Error(err)
		return true
	}
	defer connection.Close(t.Context())
	var looks int
	const asked = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'airlock'"
	if err := connection.QueryRow(t.Context(), asked).Scan(&looks); err != nil {
		t.Error(err)
	}
	return looks > 0
}

func cancelled(t *testing.T) {
	s := newScenario(t, options{})
	s.first(t)
	s.commit(t, "The release that a person cancels", 8)
	second := image(t, "v2", features)
	jobs := map[string]string{"promote/plan": "success", "first/promote": "failure", "first/recover": "success"}

	var complete atomic.Bool
	var once sync.Once
	unfinished := awsapitest.Fault{Rewrite: func(body string) string {
		if complete.Load() {
			return body
		}
		if s.aws.Calls("CreateDBSnapshot") == 3 { // Two were of the first release.
			once.Do(func() { go s.interrupt(t, "snapshot", func() bool { return true }) })
		}
		return awsapitest.Status("creating", "10").Rewrite(body)
	}}
	s.aws.Fail("CreateDBSnapshot", awsapitest.Status("creating", ""))
	for range 100 {
		s.aws.Fail("DescribeDBSnapshots", unfinished)
	}
	ended := s.release(t, 7002, second, "v2", nil)
	s.expect(t, ended, false, jobs)
	expectText(t, ended, "exit status 130", "cancelled at snapshot")
	s.expectServed(t, served{"v1", 5}, served{"v1", 5})
	sandbox := []string{"promote v1: in_progress success", "promote v2: in_progress failure"}
	s.expectRecords(t, sandbox, []string{"promote v1: in_progress success"})

	complete.Store(true)
	ended = s.release(t, 7003, second, "v2", s.interruptWatch(t, "first/promote", "sandbox"))
	s.expect(t, ended, false, jobs)
	expectText(t, ended, "exit status 130", "cancelled at watch", "v1 by the image way")
	if got := ended.steps["first/promote/rollback"]; got != "success" {
		t.Errorf("the step rollback is %q, want a success", got)
	}
	s.expectServed(t, served{"v1", 8}, served{"v1", 5})
	s.expectRecords(t, append(sandbox, "promote v2: in_progress error failure"), []string{"promote v1: in_progress success"})
}
