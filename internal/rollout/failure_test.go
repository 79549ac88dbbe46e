package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// wants fails the test unless err says all of texts and carries a hint.
func wants(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one that says %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got error %q, want it to say %q", err, text)
		}
	}
	if problem.Hint(err) == "" {
		t.Errorf("error %q has no hint", err)
	}
}

func TestPortInUseChangesNothing(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	version := place(t, process, "v1", "")
	stranger, err := net.Listen("tcp", process.address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	_, port, _ := net.SplitHostPort(process.address)
	wants(t, process.Serve(t.Context(), version.Image, nil), "port "+port+" is in use by another program")
	if got := labels(t, process); got != "!" {
		t.Errorf("got state %q, want none", got)
	}
}

func TestProcessThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	good, bad := place(t, process, "v1", ""), place(t, process, "v2", "exit")
	serve(t, process, good)
	err := process.Serve(t.Context(), bad.Image, nil)
	wants(t, err, "v2 ended before it accepted connections", "cannot start:  [31mno such table")
	if strings.Contains(err.Error(), "canary-password") || !strings.Contains(err.Error(), "settings: ***") {
		t.Errorf("the error shows a secret: %v", err)
	}
	if got, want := labels(t, process), "v2<v1!"; got != want {
		t.Errorf("got state %q, want %q", got, want)
	}
	serve(t, process, good)
	if got, want := labels(t, process), "v1"; got != want {
		t.Errorf("after going back: got state %q, want %q", got, want)
	}
}

func TestProgramThatIsMissing(t *testing.T) {
	t.Parallel()
	process := given(t, func(o *Options) { o.Command = []string{"./missing"} })
	wants(t, process.Serve(t.Context(), place(t, process, "v1", "").Image, nil), "ended before it accepted", "missing")
}

func TestProcessThatNeverListens(t *testing.T) {
	t.Parallel()
	process := given(t, func(o *Options) { o.StartTimeout = 300 * time.Millisecond })
	version := place(t, process, "v1", "silent")
	wants(t, process.Serve(t.Context(), version.Image, nil), "did not accept connections", "within 300ms", "still runs")
	if got, want := labels(t, process), "v1"; got != want {
		t.Errorf("got state %q, want %q", got, want)
	}
}

func TestInterruptedWhileStarting(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	version := place(t, process, "v1", "silent")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	err := process.Serve(ctx, version.Image, nil)
	wants(t, err, "interrupted while version v1 was starting")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error inside", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestProcessThatIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	process := given(t, func(o *Options) { o.StopTimeout = 200 * time.Millisecond })
	stubborn, next := place(t, process, "v1", "stubborn"), place(t, process, "v2", "")
	serve(t, process, stubborn)
	serve(t, process, next)
	if got, want := get(t, process, "/"), "v2"; got != want {
		t.Errorf("got page %q, want %q", got, want)
	}
}

func TestTwoDeployersAtOnce(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	version := place(t, process, "v1", "")
	lock, err := process.lock(t.Context(), lockWait)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, process.Serve(t.Context(), version.Image, nil), fmt.Sprintf("another airlock (process %d) is deploying", os.Getpid()))
	_, err = process.Place(t.Context(), source(t, "v2", ""), Version{}, nil)
	wants(t, err, "another airlock")
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	serve(t, process, version)
}

func TestRecycledNumberIsNotKilled(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	version := place(t, process, "v1", "")
	serve(t, process, version)
	if err := process.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Given a stranger whose number is the one in app.pid.
	stranger := exec.Command("sleep", "60")
	stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stranger.Process.Kill(); stranger.Wait() })
	content := fmt.Sprintf("%d %s\n", stranger.Process.Pid, version.Image)
	if err := os.WriteFile(process.path("app.pid"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := labels(t, process), "v1!"; got != want {
		t.Errorf("got state %q, want %q", got, want)
	}
	if err := process.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	serve(t, process, version)
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	}
}

func TestCorruptedStateIsAnError(t *testing.T) {
	t.Parallel()
	image := "sha256:" + strings.Repeat("0", 64)
	for name, content := range map[string]string{
		"empty": "", "half": `{"served": [{"image": "sha256:`, "no version": `{"served": []}`, "null": "null",
		"unknown key": `{"served": [{"image": "` + image + `"}], "more": 1}`, "two": `{"served": [{"image": "` + image + `"}]} {}`,
		"path": `{"served": [{"image": "../../etc"}]}`, "large": `{"served": [` + strings.Repeat(" ", maximumRecordBytes) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			process := given(t, nil)
			version := place(t, process, "v1", "")
			if err := os.WriteFile(process.path("state.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := process.State(t.Context())
			wants(t, err, "state.json cannot be read")
			if problem.KindOf(err) != problem.Inconclusive {
				t.Errorf("got kind %v, want inconclusive", problem.KindOf(err))
			}
			wants(t, process.Serve(t.Context(), version.Image, nil), "state.json cannot be read")
		})
	}
}

func TestMissingStateOfARunningProcess(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	serve(t, process, place(t, process, "v1", ""))
	if err := os.Remove(process.path("state.json")); err != nil {
		t.Fatal(err)
	}
	_, err := process.State(t.Context())
	wants(t, err, "state.json is missing")
}

func TestLostNumberOfARunningProcess(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	version, next := place(t, process, "v1", ""), place(t, process, "v2", "")
	serve(t, process, version)
	content, err := os.ReadFile(process.path("app.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(process.path("app.pid")); err != nil {
		t.Fatal(err)
	}
	wants(t, process.Serve(t.Context(), next.Image, nil), "app.pid cannot be read")
	wants(t, process.Stop(t.Context()), "app.pid cannot be read")
	if got, want := labels(t, process), "v1!"; got != want {
		t.Errorf("got state %q, want %q", got, want)
	}
	if err := os.WriteFile(process.path("app.pid"), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReleaseThatChangedAfterPlacing(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	good, changed := place(t, process, "v1", ""), source(t, "v2", "")
	serve(t, process, good)
	version, err := process.Place(t.Context(), changed, Version{Label: "v2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(process.folder(version.Image), "version.txt"), []byte("v9"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, process.Serve(t.Context(), version.Image, nil), "v2 changed after it was placed")
	if got, want := labels(t, process), "v1"; got != want {
		t.Errorf("got state %q, want %q", got, want)
	}
	if _, err := process.Place(t.Context(), changed, version, nil); err != nil {
		t.Fatal(err)
	}
	if err := process.Check(t.Context(), version.Image); err != nil {
		t.Errorf("placing again did not repair it: %v", err)
	}
}

func TestPreviousWhoseReleaseIsGone(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	first := place(t, process, "v1", "")
	serve(t, process, first)
	serve(t, process, place(t, process, "v2", ""))
	if err := remove(process.folder(first.Image)); err != nil {
		t.Fatal(err)
	}
	if got, want := labels(t, process), "v2"; got != want {
		t.Errorf("got state %q, want %q", got, want)
	}
	wants(t, process.Serve(t.Context(), first.Image, nil), "is not in")
}

func TestWayThatLedToTheCurrentVersion(t *testing.T) {
	t.Parallel()
	version := func(text string) Version { return Version{Image: text[:1], Label: text[1:]} }
	way := func(text string) (s served) {
		for _, field := range strings.Fields(text) {
			s = append(s, version(field))
		}
		return s
	}
	for _, test := range []struct{ name, before, serve, want string }{
		{"first", "", "A1", "A1"}, {"forward", "A1 B2", "C3", "A1 B2 C3"}, {"again", "A1 B2", "B2", "A1 B2"},
		{"back", "A1 B2 C3", "B2", "A1 B2"}, {"back twice", "A1 B2 C3", "A1", "A1"},
		{"same files, new label", "A1 B2", "B3", "A1 B3"}, {"a revert", "A1 B2", "A3", "A1 B2 A3"},
	} {
		before := way(test.before)
		got := before.with(version(test.serve))
		if difference := cmp.Diff(way(test.want), got); difference != "" {
			t.Errorf("%s: %s", test.name, difference)
		}
		if difference := cmp.Diff(way(test.before), before); difference != "" {
			t.Errorf("%s changed its input: %s", test.name, difference)
		}
	}
}

func FuzzServed(f *testing.F) {
	encoded, err := json.Marshal(record{served{{Image: "sha256:" + strings.Repeat("a", 64), Label: "v1"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Add([]byte(`{"served":[{"image":"sha256:../../../etc"}]}`))
	directory := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		process := &Process{shelf: shelf{directory: directory}}
		if err := os.WriteFile(process.path("state.json"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		way, err := process.readServed()
		if err == nil && len(way) == 0 {
			t.Error("an empty way was accepted")
		}
		for _, version := range way {
			if folder := process.folder(version.Image); filepath.Dir(folder) != process.path("releases") {
				t.Errorf("image %q leads to %s", version.Image, folder)
			}
		}
	})
}
