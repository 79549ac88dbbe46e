package application

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFailingShareIsExactAndSpreadEvenly(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]int{0: 0, 0.01: 10, 0.1: 100, 0.3: 300, 0.5: 500, 0.999: 999, 1: 1000} {
		f := newFaults(faultSettings{failingShare: share}, time.Now())
		got := 0
		for n := uint64(1); n <= 1000; n++ {
			if f.fails(n) {
				got++
			}
		}
		if got != want {
			t.Errorf("a share of %g: got %d of 1000, want %d", share, got, want)
		}
	}
}

func TestFailingShareBreaksPagesOnly(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, map[string]string{"FAULT_FAILING_SHARE": "0.5"})
	var got []int
	for range 4 {
		answer, _ := s.get("/heroes")
		got = append(got, answer.StatusCode)
		for _, path := range []string{"/healthz", "/_stcore/health", "/version"} {
			if answer, _ := s.get(path); answer.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d", path, answer.StatusCode)
			}
		}
	}
	if diff := cmp.Diff([]int{200, 500, 200, 500}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestSlowPagesAreLater(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, map[string]string{"FAULT_SLOW": "120ms"})
	started := time.Now()
	if answer, _ := s.get("/login"); answer.StatusCode != http.StatusOK || time.Since(started) < 120*time.Millisecond {
		t.Errorf("got %d after %s", answer.StatusCode, time.Since(started))
	}
}

func TestUnhealthyAfterATime(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, map[string]string{"FAULT_UNHEALTHY_AFTER": "5s"})
	started := s.app.faults.started
	for after, want := range map[time.Duration]bool{0: false, 4999 * time.Millisecond: false, 5 * time.Second: true, time.Hour: true} {
		if got := s.app.faults.unhealthy(started.Add(after)); got != want {
			t.Errorf("after %s: got %t, want %t", after, got, want)
		}
	}
	at := onSQLite(t, map[string]string{"FAULT_UNHEALTHY_AFTER": "0s"})
	answer, body := at.get("/healthz")
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, `"reason":"FAULT_UNHEALTHY_AFTER has passed"`) {
		t.Errorf("got %d %s", answer.StatusCode, body)
	}
	if answer, _ := at.get("/"); answer.StatusCode != http.StatusOK {
		t.Errorf("the page: got %d", answer.StatusCode)
	}
}

func TestFaultsOnlyInOneEnvironment(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]int{"sandbox": 200, "production": 500} {
		s := onSQLite(t, map[string]string{
			"ENVIRONMENT": environment, "SECRET_KEY": "a long enough secret key", "FAULT_ONLY_IN": "production", "FAULT_FAILING_SHARE": "1",
		})
		if answer, _ := s.get("/"); answer.StatusCode != want {
			t.Errorf("in %s: got %d, want %d", environment, answer.StatusCode, want)
		}
	}
}
