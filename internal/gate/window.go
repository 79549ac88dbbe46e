package gate

import (
	"fmt"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// MaintenanceWindow is the time of day in which an environment may be changed.
type MaintenanceWindow struct {
	// From and To are times of day as durations since midnight, on the clocks of Location. A window whose end is not
	// after its beginning ends on the next day.
	From, To time.Duration
	Location *time.Location
	// Outside is what happens at other times: "fail", "wait" or "warn".
	Outside string
}

// Next returns the window that is open at now, or else the next one.
func (w MaintenanceWindow) Next(now time.Time) (opens, closes time.Time) {
	local := now.In(w.Location)
	// The window that began yesterday may still be open. On the day when clocks change a window can be empty or begin
	// later than its hour; three days always hold one that is not.
	for day := -1; ; day++ {
		opens, closes = w.on(local, day)
		if closes.After(now) && closes.After(opens) {
			return opens, closes
		}
	}
}

// on returns the window that begins on the day that many days after that of local.
func (w MaintenanceWindow) on(local time.Time, day int) (opens, closes time.Time) {
	at := func(day int, clock time.Duration) time.Time {
		moment := time.Date(local.Year(), local.Month(), local.Day()+day, int(clock/time.Hour), int(clock%time.Hour/time.Minute), 0, 0, w.Location)
		shown := time.Duration(moment.Hour())*time.Hour + time.Duration(moment.Minute())*time.Minute
		// On the day when clocks go forward an hour is missing, and time.Date may answer with the one before it.
		return moment.Add(max(clock-shown, 0))
	}
	end := day
	if w.To <= w.From {
		end++
	}
	return at(day, w.From), at(end, w.To)
}

// Window requires that now lies in the window, when there is one. wait is how long until it opens when the window says
// that outside of it one waits; it is zero otherwise.
func Window(window *MaintenanceWindow, now time.Time) (result checklist.Result, wait time.Duration, err error) {
	if window == nil {
		return checklist.Passed("no maintenance window is set"), 0, nil
	}
	opens, closes := window.Next(now)
	format := "Mon 2006-01-02 15:04 MST"
	if !now.Before(opens) {
		return checklist.Passed("open until " + closes.In(window.Location).Format(format)), 0, nil
	}
	next := fmt.Sprintf("outside the maintenance window; the next one opens on %s, in %s",
		opens.Format(format), opens.Sub(now).Round(time.Minute))
	switch window.Outside {
	case "warn":
		return checklist.Result{Verdict: checklist.Warn, Evidence: next, Hint: "tell the users: this is not the quiet time"}, 0, nil
	case "wait":
		return checklist.Passed("waited for the maintenance window"), opens.Sub(now), nil
	}
	return checklist.Result{}, 0, problem.New("run it then; `airlock window next` prints the next windows", "%s", next)
}
