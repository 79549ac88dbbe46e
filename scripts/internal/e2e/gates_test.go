//go:build e2e

package e2e_test

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

// approvalLine is what the caller's config says of the approval of production.
const approvalLine = "approval: {by: environment, reviewers: [release-manager], branches: [main]}"

func evidenceShown(t *testing.T) {
	s := newScenario(t, options{})
	role := "arn:aws:iam::" + s.aws.Account + ":role/airlock-production-read"
	s.configure(t, []string{approvalLine, approvalLine + "\n    evidence: {environment: production-read, max-age: 12h, role: \"" + role + "\", secret: wos/production-read}"})
	password := s.reader(t, "production")
	asked := s.watchAWS(t)
	s.commit(t, "The first release", 5)
	first := image(t, "v1")

	// GitHub would make the environment of the job, open to every branch.
	ended := s.release(t, 7001, first, "v1", nil)
	s.expect(t, ended, false, map[string]string{"promote/plan": "failure"})
	expectText(t, ended, "there is no environment production-read on GitHub")

	s.github.Change(func(state *githubapitest.State) {
		state.Environments["production-read"] = githubapi.Environment{
			Name: "production-read", Branches: githubapi.CustomBranches, Patterns: []githubapi.Pattern{{Name: "main"}},
		}
	})
	ended = s.release(t, 7002, first, "v1", nil)
	s.expect(t, ended, true, map[string]string{
		"promote/plan": "success", "first/promote": "success", "second/evidence": "success", "second/promote": "success",
	})
	s.expectServed(t, served{"v1", 5}, served{"v1", 5})
	expectText(t, ended, "nothing changed since")
	if strings.Contains(ended.text, password) {
		t.Error("the log shows the reader's password")
	}
	if want := "5, from version 0&#58; 00001"; !strings.Contains(ended.summaries["second/evidence"], want) {
		t.Errorf("the evidence does not say %q:\n%s", want, ended.summaries["second/evidence"])
	}
	// What read the reader's secret read nothing else, and asked AWS for nothing that changes anything.
	roles := map[string]int{}
	reading := map[string][]string{}
	for _, call := range asked() {
		roles[call.role]++
		reading[call.key] = append(reading[call.key], strings.TrimSpace(call.action+" "+call.secret))
	}
	if roles[role] != 1 {
		t.Errorf("the reader's role was assumed %d times, want once", roles[role])
	}
	var readers [][]string
	for _, calls := range reading {
		if slices.Contains(calls, "GetSecretValue wos/production-read") {
			slices.Sort(calls)
			readers = append(readers, slices.Compact(calls))
		}
	}
	if difference := cmp.Diff([][]string{{"DescribeDBInstances", "GetSecretValue wos/production-read"}}, readers); difference != "" {
		t.Errorf("what was asked of AWS for the evidence (-want +got):\n%s", difference)
	}
}

// reader makes a user of an environment's database who can only read, and keeps how to sign in as wos/NAME-read. It
// returns the password.
func (s *scenario) reader(t testing.TB, name string) string {
	t.Helper()
	location, err := url.Parse(s.places[name].database)
	if err != nil {
		t.Fatal(err)
	}
	user, password := strings.TrimPrefix(location.Path, "/")+"_reader", "e2e-password-of-the-reader"
	connection, err := pgx.Connect(t.Context(), s.places[name].database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer connection.Close(context.Background())
		if _, err := connection.Exec(context.Background(), "drop role "+user); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range []string{"create role " + user + " login password '" + password + "'", "grant pg_read_all_data, pg_monitor to " + user} {
		if _, err := connection.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s.keepSecret(t, "wos/"+name+"-read", url.UserPassword(user, password))
	return password
}

func approvedByDispatch(t *testing.T) {
	s := newScenario(t, options{config: []string{approvalLine, "approval: {by: dispatch, reviewers: [release-manager], branches: [main]}"}})
	s.github.Change(func(state *githubapitest.State) {
		production := state.Environments["production"]
		production.Reviewers = nil
		state.Environments["production"] = production
	})
	commit := s.commit(t, "The first release", 5)
	first := image(t, "v1")
	ended := s.release(t, 7001, first, "v1", nil)
	s.expect(t, ended, true, map[string]string{"promote/plan": "success", "first/promote": "success"})
	s.expectServed(t, served{"v1", 5}, served{})
	digest := regexp.MustCompile(`release-manager starts this workflow by hand with approve: ([0-9a-f]{64})`).FindStringSubmatch(ended.text)
	if digest == nil || !strings.Contains(ended.summaries["promote/plan"], digest[1]) {
		t.Fatal("neither the log nor the summary says what to approve")
	}
	approve := func(run int64, actor string) outcome {
		return s.start(t, trigger{
			event: "workflow_dispatch", workflow: "by-hand.yml", run: run, actor: actor, inputs: map[string]string{"image": first, "approve": digest[1]},
		}, "", "")
	}

	ended = approve(7002, "octocat")
	s.expect(t, ended, false, map[string]string{
		"promote/plan": "success", "first/promote": "success", "second/promote": "failure", "second/recover": "success",
	})
	expectText(t, ended, "octocat may not approve production")
	s.expectServed(t, served{"v1", 5}, served{})

	ended = approve(7003, "release-manager")
	s.expect(t, ended, true, both())
	s.expectServed(t, served{"v1", 5}, served{"v1", 5})
	s.expectRecords(t, []string{"promote v1: in_progress success"}, []string{"promote " + commit[:12] + ": in_progress success"})
}

func tokenTooWeak(t *testing.T) {
	s := newScenario(t, options{})
	s.github.Change(func(state *githubapitest.State) {
		state.Tokens[githubapitest.Token]["deployments"] = "read"
	})
	s.commit(t, "The first release", 5)
	ended := s.release(t, 7001, image(t, "v1"), "v1", nil)
	s.expect(t, ended, false, map[string]string{"promote/plan": "success", "first/promote": "failure", "first/recover": "success"})
	expectText(t, ended, "deployments: write")
	s.expectUntouched(t)
}

func tampered(t *testing.T) {
	s := newScenario(t, options{})
	s.environment = append(s.environment, "E2E_TAMPERED=true")
	s.commit(t, "The first release", 5)
	ended := s.release(t, 7001, image(t, "v1"), "v1", nil)
	s.expect(t, ended, false, map[string]string{"promote/plan": "success", "first/promote": "failure", "first/recover": "failure"})
	expectText(t, ended, "The binary that the job plan handed on is not the one that it built")
	s.expectUntouched(t)
}

func failingForAMoment(t *testing.T) {
	s := newScenario(t, options{})
	s.github.Change(func(state *githubapitest.State) {
		state.Faults = []githubapitest.Fault{
			{Path: "/environments/", Times: 2, Status: 503},
			{Method: "GET", Path: "/deployments$", Status: 429, Header: map[string]string{"Retry-After": "1"}},
			{Method: "POST", Path: "/deployments$", Break: githubapitest.BreakAfter},
			{Method: "POST", Path: "/statuses$", Status: 502},
		}
	})
	s.aws.Fail("AssumeRoleWithWebIdentity", awsapitest.Fault{Code: "ServiceUnavailable", Message: "try again", Status: 503})
	s.aws.Fail("GetSecretValue", awsapitest.Fault{Lose: true})
	s.aws.Fail("CreateDBSnapshot", awsapitest.Fault{Code: "Throttling", Message: "Rate exceeded"})
	s.first(t)
	s.expectRecords(t, []string{"promote v1: in_progress success"}, []string{"promote v1: in_progress success"})
	s.expectSnapshots(t, 1, 1)
	if left := s.github.State().Faults; len(left) > 0 {
		t.Errorf("nobody met the faults %+v", left)
	}
	if calls := s.aws.Calls("CreateDBSnapshot"); calls != 3 {
		t.Errorf("snapshots were asked for %d times, want 3: two, and one that was throttled", calls)
	}
}
