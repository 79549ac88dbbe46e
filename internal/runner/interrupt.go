package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Grace is how long a verb may tidy up after an interrupt. GitHub sends SIGINT to the step's process, SIGTERM after 7.5
// seconds and kills it 2.5 seconds later (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation):
// seven seconds leave time to say what is left to do.
const Grace = 7 * time.Second

// Interrupted is the cause of a context that a signal cancelled.
type Interrupted struct{ Signal os.Signal }

// Error names the signal.
func (i *Interrupted) Error() string { return "interrupted by " + signalName(i.Signal) }

// Unfinished tells that a verb did not return in time after an interrupt, so that what it began may be half done.
type Unfinished struct {
	// Cause is the first signal.
	Cause *Interrupted
	// After is how long the verb had.
	After time.Duration
}

// Error names the signal and the time.
func (u *Unfinished) Error() string {
	return fmt.Sprintf("%v and not finished after %s", u.Cause, u.After.Round(time.Millisecond))
}

// Unwrap returns the interrupt.
func (u *Unfinished) Unwrap() error { return u.Cause }

// Interruptible calls run with a context that the first signal cancels, with an Interrupted as its cause. From then on run
// has the time of grace to return; if it does not, or if a person sends SIGINT once more, Interruptible returns an
// Unfinished at once and run goes on alone: the program must end.
//
// An error that run returns after a signal wraps the Interrupted too; nil means that run succeeded all the same.
//
// Only SIGINT cuts the grace short, and only as the second SIGINT: the SIGTERM that follows GitHub's SIGINT, or a supervisor's,
// says that the end is near, which the grace allows for already.
func Interruptible(ctx context.Context, grace time.Duration, signals <-chan os.Signal, run func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	returned := make(chan error, 1)
	go func() { returned <- run(ctx) }()

	var first os.Signal
	select {
	case err := <-returned:
		return err
	case first = <-signals:
	}
	interrupted := &Interrupted{Signal: first}
	cancel(interrupted)

	started := time.Now()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	impatient := first == syscall.SIGINT
	for {
		select {
		case err := <-returned:
			if err != nil && !errors.Is(err, interrupted) {
				err = fmt.Errorf("%w: %w", interrupted, err)
			}
			return err
		case <-timer.C:
			return &Unfinished{Cause: interrupted, After: time.Since(started)}
		case next := <-signals:
			if next == syscall.SIGINT && impatient {
				return &Unfinished{Cause: interrupted, After: time.Since(started)}
			}
			impatient = impatient || next == syscall.SIGINT
		}
	}
}

// signalName returns the name that people know from kill, where the standard library has only a description.
func signalName(signal os.Signal) string {
	switch signal {
	case syscall.SIGINT:
		return "SIGINT"
	case syscall.SIGTERM:
		return "SIGTERM"
	}
	return signal.String()
}
