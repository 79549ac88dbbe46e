package rollout

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// commanded is the same host with another command in the config.
func commanded(t *testing.T, process *Process, command ...string) *Process {
	t.Helper()
	options := process.options
	options.Command = command
	other, err := NewProcess(options)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// The second version renames its program; the first one has no program of that name.
func TestGoingBackTakesTheCommandBack(t *testing.T) {
	t.Parallel()
	first := given(t, nil)
	second := commanded(t, first, "./server", "--fast")
	v1 := place(t, first, "v1", "")
	serve(t, first, v1)
	folder := source(t, "v2", "")
	if err := os.Rename(filepath.Join(folder, "app"), filepath.Join(folder, "server")); err != nil {
		t.Fatal(err)
	}
	v2, err := second.Place(t.Context(), folder, Version{Label: "v2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, second, v2)
	serve(t, second, v1)
	if got, state := get(t, second, "/"), labels(t, second); got != "v1" || state != "v1" {
		t.Errorf("got page %q and state %q, want v1", got, state)
	}
}

func TestAnotherCommandRestarts(t *testing.T) {
	t.Parallel()
	first := given(t, nil)
	folder := source(t, "v1", "")
	second := commanded(t, first, "./app", "--fast")
	pids := map[int]bool{}
	for _, step := range []struct {
		process *Process
		wantPID int
	}{{first, 1}, {first, 1}, {second, 2}, {second, 2}} {
		version, err := step.process.Place(t.Context(), folder, Version{Label: "v1"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := labels(t, step.process) == "v1", len(pids) == step.wantPID; got != want {
			t.Errorf("placed: got running %t, want %t", got, want)
		}
		serve(t, step.process, version)
		found, err := step.process.running()
		if err != nil {
			t.Fatal(err)
		}
		if pids[found.pid] = true; len(pids) != step.wantPID {
			t.Errorf("got %d processes, want %d", len(pids), step.wantPID)
		}
	}
}

// Between the versions nothing serves: an interrupt must not make that last.
func TestInterruptedWhileTheOldVersionStops(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	old, next := place(t, process, "v1", "lingering"), place(t, process, "v2", "")
	serve(t, process, old)
	ctx, cancel := context.WithCancel(t.Context())
	err := process.Serve(ctx, next.Image, interrupter{"stopping the version before", func() {
		time.AfterFunc(20*time.Millisecond, cancel) // The old version takes 150 ms to stop.
	}})
	wants(t, err, "interrupted while version v2 was starting; it is the current version")
	if err := process.ready(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if got, page := labels(t, process), get(t, process, "/"); got != "v2<v1" || page != "v2" {
		t.Errorf("got state %q and page %q, want v2", got, page)
	}
}

func TestInterruptedBeforeTheOldVersionStops(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	old, next := place(t, process, "v1", ""), place(t, process, "v2", "")
	serve(t, process, old)
	ctx, cancel := context.WithCancel(t.Context())
	err := process.Serve(ctx, next.Image, interrupter{"stopping the version before", cancel})
	wants(t, err, "what was served is left as it is")
	if page := get(t, process, "/"); page != "v1" {
		t.Errorf("got page %q, want v1", page)
	}
}

// interrupter is a progress that interrupts at a text.
type interrupter struct {
	text   string
	cancel func()
}

func (i interrupter) Advance(_, _ int64, detail string) {
	if strings.HasPrefix(detail, i.text) {
		i.cancel()
	}
}

func TestOutlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, interrupt := context.WithCancel(t.Context())
		ctx, cancel := outlive(parent, 6*time.Second)
		defer cancel()
		time.Sleep(time.Hour)
		interrupt()
		began := time.Now()
		<-ctx.Done()
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("it ended after %s", took)
		}
	})
}
