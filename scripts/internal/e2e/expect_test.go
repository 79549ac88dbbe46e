//go:build e2e

package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// expect compares how the run ended, and looks for secrets in what people saw of it.
func (s *scenario) expect(t testing.TB, got outcome, succeeded bool, jobs map[string]string) {
	t.Helper()
	if got.succeeded != succeeded {
		t.Errorf("the run succeeded: %t, want %t", got.succeeded, succeeded)
	}
	if difference := cmp.Diff(jobs, got.jobs); difference != "" {
		t.Errorf("the jobs (-want +got):\n%s", difference)
	}
	for what, secret := range s.secrets(t) {
		if strings.Contains(got.text, secret) {
			t.Errorf("the log shows %s", what)
		}
	}
	for _, request := range s.github.Requests() {
		for what, secret := range s.secrets(t) {
			if strings.Contains(string(request.Body), secret) {
				t.Errorf("%s %s tells GitHub %s", request.Method, request.Path, what)
			}
		}
	}
	if t.Failed() {
		t.FailNow() // What comes after only says the same in other words.
	}
}

// expectServed compares what the applications of sandbox and production say of themselves, and with that the schemas of
// their databases. Nothing served has no schema to compare with.
func (s *scenario) expectServed(t testing.TB, sandbox, production served) {
	t.Helper()
	for name, want := range map[string]served{"sandbox": sandbox, "production": production} {
		if schema := s.schema(t, name); schema != want.Schema {
			t.Errorf("goose's table of %s is at %d, want %d", name, schema, want.Schema)
		}
		if got := s.served(t, name); got != want {
			t.Errorf("%s serves %+v, want %+v", name, got, want)
		}
	}
}

// expectRecords compares the records of promotions that GitHub has.
func (s *scenario) expectRecords(t testing.TB, sandbox, production []string) {
	t.Helper()
	for name, want := range map[string][]string{"sandbox": sandbox, "production": production} {
		if difference := cmp.Diff(want, s.promotions(name)); difference != "" {
			t.Errorf("the promotions into %s (-want +got):\n%s", name, difference)
		}
	}
}

// expectSnapshots compares how many snapshots RDS has.
func (s *scenario) expectSnapshots(t testing.TB, sandbox, production int) {
	t.Helper()
	for name, want := range map[string]int{"sandbox": sandbox, "production": production} {
		if got := s.snapshots(t, name); len(got) != want {
			t.Errorf("the snapshots of %s are %v, want %d", name, got, want)
		}
	}
}

// expectReports sees that each verb of a promotion left its checklist in the artifact of its environment.
func (s *scenario) expectReports(t testing.TB, run int64, environments ...string) {
	t.Helper()
	want := []string{
		"01-preflight-check.json: preflight check", "02-record-open.json: record open", "03-snapshot-create.json: snapshot create",
		"04-migrate-rehearse.json: migrate rehearse", "05-migrate-up.json: migrate up", "06-deploy.json: deploy", "07-verify-once.json: verify once",
		"08-verify-watch.json: verify watch", "09-record-close.json: record close",
	}
	for _, name := range environments {
		folder := filepath.Join(s.folder, "artifacts", strconv.FormatInt(run, 10), "airlock-"+name+"-1")
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range entries {
			var report checklist.Checklist
			if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, entry.Name()))), &report); err != nil {
				t.Fatal(err)
			}
			if report.Environment != name || len(report.Items) == 0 || report.Failed() {
				t.Errorf("%s of %s: %+v", entry.Name(), name, report)
			}
			got = append(got, strings.TrimSpace(entry.Name()+": "+report.Verb+" "+report.Command))
		}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("the reports of %s (-want +got):\n%s", name, difference)
		}
	}
}

// expectText sees that people can read something in the log.
func expectText(t testing.TB, ended outcome, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(ended.text, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// expectUntouched sees that nothing was done to any environment, and nothing recorded.
func (s *scenario) expectUntouched(t testing.TB) {
	t.Helper()
	s.expectServed(t, served{}, served{})
	s.expectRecords(t, nil, nil)
	s.expectSnapshots(t, 0, 0)
}
