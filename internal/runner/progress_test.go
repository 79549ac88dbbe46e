package runner_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// The clock in these tests is that of synctest: time passes at once when everybody waits.

func TestALiveLineIsDrawnAndErased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := terminal(t, nil)
		p.Mask("s3cret")
		progress := p.Progress("Copy")
		progress.Advance(42, 100, "heroes\x1b[2J s3cret")
		pass(150 * time.Millisecond)
		progress.Advance(1, 0, "")
		pass(2 * time.Second)
		progress.Advance(300, 100, strings.Repeat("日", 50))
		pass(100 * time.Millisecond)
		progress.Done()
		progress.Done()
		want := "\rCopy 42% (0s) heroes␛[2J ***\x1b[K" +
			"\rCopy (0s)\x1b[K" + "\rCopy (1s)\x1b[K" + "\rCopy (2s)\x1b[K" +
			"\rCopy 100% (2s) 日日日日日日日日日日日日日日日日日日日日日…\x1b[K" +
			"\r\x1b[K"
		if diff := cmp.Diff(want, p.err.String()); diff != "" {
			t.Errorf("drawn (-want +got):\n%s", diff)
		}
	})
}

// pass lets time go by and everybody who waited for it finish.
func pass(duration time.Duration) {
	time.Sleep(duration)
	synctest.Wait()
}

func TestALiveLineIsRedrawnAtMostTenTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := terminal(t, nil)
		progress := p.Progress("Copy")
		for done := range int64(1000) {
			progress.Advance(done, 1000, fmt.Sprint(done))
			pass(time.Millisecond)
		}
		progress.Done()
		if got := strings.Count(p.err.String(), "Copy"); got < 9 || got > 10 {
			t.Errorf("drawn %d times in a second, want 10", got)
		}
	})
}

func TestTextAndALiveLineDoNotMix(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var screen strings.Builder
		p := terminal(t, func(o *runner.Options) { o.Stdout, o.Stderr = &screen, &screen })
		first := p.Progress("Copy")
		pass(50 * time.Millisecond)
		second := p.Progress("Watch")
		pass(100 * time.Millisecond)
		fmt.Fprintln(p.Out(), "a whole line")
		pass(100 * time.Millisecond)
		fmt.Fprint(p.Err(), "half a")
		pass(100 * time.Millisecond)
		fmt.Fprintln(p.Err(), " line")
		pass(100 * time.Millisecond)
		first.Done()
		pass(100 * time.Millisecond)
		second.Done()
		copyLine, watchLine := "\rCopy (0s)\x1b[K", "\rWatch (0s)\x1b[K"
		erased := "\r\x1b[K"
		want := copyLine + erased + "a whole line\n" + copyLine + erased + "half a line\n" + copyLine + erased + watchLine + erased
		if diff := cmp.Diff(want, screen.String()); diff != "" {
			t.Errorf("screen (-want +got):\n%s", diff)
		}
	})
}

func TestALogGetsALineNowAndThen(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(*testing.T) (place, func() string){
		"on GitHub": func(t *testing.T) (place, func() string) {
			p := github(t, nil)
			return p, p.out.String
		},
		"in a log": func(t *testing.T) (place, func() string) {
			p := newPlace(t, nil, nil)
			return p, p.err.String
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, log := where(t)
				progress := p.Progress("::error::Copy")
				progress.Advance(10, 100, "heroes")
				pass(7 * time.Second)
				progress.Advance(34, 100, "")
				pass(5 * time.Second)
				progress.Advance(35, 100, "\n::error::profiles")
				pass(3 * time.Second)
				progress.Advance(36, 100, "skins")
				pass(20 * time.Second)
				progress.Done()
				pass(time.Minute)
				want := `: :error::Copy: 10%, heroes (5s)
: :error::Copy: 35%, : :error::profiles (13s)
: :error::Copy: 36%, skins (28s)
`
				if diff := cmp.Diff(want, log()); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestShortWorkAndJSONLeaveNoLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		short := github(t, nil)
		progress := short.Progress("Copy")
		pass(4 * time.Second)
		progress.Done()

		document := terminal(t, func(o *runner.Options) { o.JSON = true })
		silent := document.Progress("Copy")
		silent.Advance(1, 2, "x")
		pass(time.Hour)
		silent.Done()

		if got := short.out.String() + short.err.String() + document.out.String() + document.err.String(); got != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestProgressIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := terminal(t, func(o *runner.Options) { o.Stdout, o.Stderr = io.Discard, io.Discard })
		progress := p.Progress("Copy")
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for done := range int64(50) {
					progress.Advance(done, 50, "x")
					fmt.Fprintln(p.Out(), done)
					p.Mask(fmt.Sprintf("secret %d", done))
					time.Sleep(10 * time.Millisecond)
				}
				progress.Done()
			})
		}
		group.Wait()
		p.close(t)
	})
}
