package runner_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// sent is a signal and the time before it.
type sent struct {
	after  time.Duration
	signal os.Signal
}

func TestInterruptible(t *testing.T) {
	t.Parallel()
	errHalf := errors.New("half done")
	tests := map[string]struct {
		// tidying is how long run needs after it was cancelled, and result what it then returns.
		tidying time.Duration
		result  error
		signals []sent
		// wantAfter counts from the first signal.
		wantAfter      time.Duration
		wantUnfinished bool
		wantText       string
	}{
		"it tidies up in time": {
			tidying: 3 * time.Second, result: errHalf, signals: []sent{{time.Second, syscall.SIGTERM}},
			wantAfter: 3 * time.Second, wantText: "interrupted by SIGTERM: half done",
		},
		"it succeeds all the same": {
			tidying: 3 * time.Second, signals: []sent{{time.Second, syscall.SIGINT}},
			wantAfter: 3 * time.Second,
		},
		"it takes too long": {
			tidying: time.Hour, signals: []sent{{time.Second, syscall.SIGINT}},
			wantAfter: runner.Grace, wantUnfinished: true, wantText: "interrupted by SIGINT and not finished after 7s",
		},
		"a person is impatient": {
			tidying: 5 * time.Second, signals: []sent{{time.Second, syscall.SIGINT}, {2 * time.Second, syscall.SIGINT}},
			wantAfter: 2 * time.Second, wantUnfinished: true, wantText: "interrupted by SIGINT and not finished after 2s",
		},
		"a supervisor follows up": {
			tidying: 6 * time.Second, result: errHalf,
			signals:   []sent{{time.Second, syscall.SIGINT}, {2 * time.Second, syscall.SIGTERM}, {time.Second, syscall.SIGTERM}},
			wantAfter: 6 * time.Second, wantText: "interrupted by SIGINT: half done",
		},
		"a person follows a supervisor, twice": {
			tidying: 6 * time.Second,
			signals: []sent{{time.Second, syscall.SIGTERM}, {time.Second, syscall.SIGINT}, {time.Second, syscall.SIGINT}},

			wantAfter: 2 * time.Second, wantUnfinished: true, wantText: "interrupted by SIGTERM and not finished after 2s",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				signals := make(chan os.Signal, 3)
				started := time.Now()
				go func() {
					for _, next := range test.signals {
						time.Sleep(next.after)
						signals <- next.signal
					}
				}()

				err := runner.Interruptible(context.Background(), runner.Grace, signals, func(ctx context.Context) error {
					<-ctx.Done()
					var cause *runner.Interrupted
					if !errors.As(context.Cause(ctx), &cause) || cause.Signal != test.signals[0].signal {
						t.Errorf("cause: got %v, want %v", context.Cause(ctx), test.signals[0].signal)
					}
					time.Sleep(test.tidying)
					return test.result
				})

				if got := time.Since(started) - test.signals[0].after; got != test.wantAfter {
					t.Errorf("returned after %s, want %s", got, test.wantAfter)
				}
				time.Sleep(test.tidying) // A bubble ends when all in it have.
				if test.wantText == "" {
					if err != nil {
						t.Errorf("got %v", err)
					}
					return
				}
				if err == nil || err.Error() != test.wantText {
					t.Fatalf("got %v, want %s", err, test.wantText)
				}
				var unfinished *runner.Unfinished
				if got := errors.As(err, &unfinished); got != test.wantUnfinished {
					t.Errorf("unfinished: got %t, want %t", got, test.wantUnfinished)
				}
				var interrupted *runner.Interrupted
				if !errors.As(err, &interrupted) || !errors.Is(err, test.result) && test.result != nil {
					t.Errorf("%v hides its causes", err)
				}
			})
		})
	}
}

func TestWithoutASignalTheErrorComesAsItIs(t *testing.T) {
	t.Parallel()
	want := errors.New("failed")
	got := runner.Interruptible(context.Background(), runner.Grace, nil, func(context.Context) error { return want })
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
