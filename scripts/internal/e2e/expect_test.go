//go:build e2e

package e2e_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// expect compares how the run ended, and looks for secrets in what people saw of it.
func (s *scenario) expect(t *testing.T, got outcome, succeeded bool, jobs map[string]string) {
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
func (s *scenario) expectServed(t *testing.T, sandbox, production served) {
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
func (s *scenario) expectRecords(t *testing.T, sandbox, production []string) {
	t.Helper()
	for name, want := range map[string][]string{"sandbox": sandbox, "production": production} {
		if difference := cmp.Diff(want, s.promotions(name)); difference != "" {
			t.Errorf("the promotions into %s (-want +got):\n%s", name, difference)
		}
	}
}

// expectSnapshots compares how many snapshots RDS has.
func (s *scenario) expectSnapshots(t *testing.T, sandbox, production int) {
	t.Helper()
	for name, want := range map[string]int{"sandbox": sandbox, "production": production} {
		if got := s.snapshots(t, name); len(got) != want {
			t.Errorf("the snapshots of %s are %v, want %d", name, got, want)
		}
	}
}
