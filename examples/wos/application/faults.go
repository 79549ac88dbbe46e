package application

import (
	"math"
	"net/http"
	"sync/atomic"
	"time"
)

// never is an unhealthyAfter that does not come.
const never time.Duration = -1

// faultSettings are the faults that the environment switched on.
type faultSettings struct {
	slow           time.Duration
	failingShare   float64
	unhealthyAfter time.Duration
	panicOnStart   bool
}

// faults counts the page requests since the start, so that which of them fail is no matter of chance.
type faults struct {
	settings faultSettings
	started  time.Time
	requests atomic.Uint64
}

func newFaults(settings faultSettings, started time.Time) *faults {
	return &faults{settings: settings, started: started}
}

// fails reports whether request number n, counted from 1, is one of the failing share, which is spread evenly.
func (f *faults) fails(n uint64) bool {
	// A share such as 0.3 has no exact binary form: the small addition keeps the tenth request's 3 from being 2.9999.
	passed := func(n uint64) float64 { return math.Floor(float64(n)*f.settings.failingShare + 1e-9) }
	return passed(n) > passed(n-1)
}

// unhealthy reports whether the application pretends to be unhealthy at the time now.
func (f *faults) unhealthy(now time.Time) bool {
	return f.settings.unhealthyAfter != never && now.Sub(f.started) >= f.settings.unhealthyAfter
}

// pageFaults applies the faults to one page: later, and some of them broken.
func (a *application) pageFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.faults.settings.slow > 0 {
			select {
			case <-time.After(a.faults.settings.slow):
			case <-r.Context().Done():
				w.WriteHeader(visitorLeft)
				return
			}
		}
		if a.faults.fails(a.faults.requests.Add(1)) {
			a.problem(w, r, http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}
