package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ports below those that the kernel gives to outgoing connections: one of these would take a listener's port away.
var ports atomic.Int32

func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+(int32(os.Getpid())*37+ports.Add(1))%10000)
		if listener, err := net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// given returns a process with its own directory and port; nothing of it runs when the test has ended.
func given(t *testing.T, change func(*Options)) *Process {
	t.Helper()
	settings := options(filepath.Join(t.TempDir(), "host"), freeAddress(t))
	if change != nil {
		change(&settings)
	}
	process, err := NewProcess(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if lives, err := held(process.path("running.lock")); lives || err != nil {
			t.Errorf("something still runs: %v, %v", lives, err)
		}
	})
	return process
}

// source returns the folder of a release.
func source(t *testing.T, version, behaviour string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"app": "#!/bin/sh\nexec \"$BINARY\"\n", "version.txt": version, "behaviour.txt": behaviour, "migrations/1.sql": "select 1;",
	} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(folder, "app"), 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func place(t *testing.T, process *Process, label, behaviour string) Version {
	t.Helper()
	version, err := process.Place(t.Context(), source(t, label, behaviour), Version{Label: label}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func serve(t *testing.T, process *Process, version Version) {
	t.Helper()
	if err := process.Serve(t.Context(), version.Image, nil); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, process *Process, path string) string {
	t.Helper()
	return fetch(t, process.options.URL+path)
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// labels describes a state: "current<previous", and "!" when nothing runs.
func labels(t *testing.T, process *Process) string {
	t.Helper()
	return stateOf(t, process)
}

func stateOf(t *testing.T, host interface {
	State(context.Context) (State, error)
}) string {
	t.Helper()
	state, err := host.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	if state.Current != nil {
		text = state.Current.Label
	}
	if state.Previous != nil {
		text += "<" + state.Previous.Label
	}
	if !state.Running {
		text += "!"
	}
	return text
}

func TestServeForwardAndBack(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	if got := labels(t, process); got != "!" {
		t.Errorf("before anything: got state %q", got)
	}
	if err := process.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	versions := map[string]Version{}
	for _, label := range []string{"v1", "v2", "v3"} {
		versions[label] = place(t, process, label, "")
	}
	for _, step := range []struct{ serve, want string }{
		{"v1", "v1"}, {"v2", "v2<v1"}, {"v3", "v3<v2"}, {"v3", "v3<v2"},
		{"v2", "v2<v1"}, {"v2", "v2<v1"}, {"v3", "v3<v2"}, {"v2", "v2<v1"}, {"v1", "v1"},
	} {
		serve(t, process, versions[step.serve])
		if got := labels(t, process); got != step.want {
			t.Errorf("after %s: got state %q, want %q", step.serve, got, step.want)
		}
		if got := get(t, process, "/"); got != step.serve {
			t.Errorf("after %s: got page %q", step.serve, got)
		}
	}
	if err := process.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := labels(t, process); got != "v1!" {
		t.Errorf("after stop: got state %q", got)
	}
}

func TestServingTwiceLeavesTheProcessAlone(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	version := place(t, process, "v1", "")
	serve(t, process, version)
	before, err := process.running()
	if err != nil {
		t.Fatal(err)
	}
	serve(t, process, version)
	after, err := process.running()
	if err != nil || after.pid != before.pid {
		t.Errorf("got process %v after %v, %v", after, before, err)
	}
}

func TestSameFilesUnderANewLabel(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	folder := source(t, "same", "")
	version, err := process.Place(t.Context(), folder, Version{Label: "v1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, process, version)
	serve(t, process, place(t, process, "v2", ""))
	again, err := process.Place(t.Context(), folder, Version{Label: "v3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, process, again)
	if got, want := labels(t, process), "v3<v2"; got != want {
		t.Errorf("a revert is a step forward: got %q, want %q", got, want)
	}
}

func TestEnvironmentIsOnlyWhatWasGiven(t *testing.T) {
	t.Parallel()
	process := given(t, func(o *Options) {
		o.LookupEnv = func(name string) (string, bool) {
			if name == "PATH" {
				return os.LookupEnv(name)
			}
			return "", false
		}
	})
	serve(t, process, place(t, process, "v1", ""))
	var got []string
	for name := range strings.Lines(get(t, process, "/environment")) {
		// A shell may export its own folder and depth.
		if name = strings.TrimSpace(name); !slices.Contains([]string{"PWD", "OLDPWD", "SHLVL", "_"}, name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	want := []string{"ADDRESS", "BINARY", "DATABASE_URL", "PATH", "ROLLOUT_TEST_ROLE"}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
}

func TestNothingIsReadableByOthers(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	serve(t, process, place(t, process, "v1", ""))
	err := filepath.WalkDir(process.options.Directory, func(path string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := found.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// picture is all that should be the same after an undisturbed and after an interrupted run.
func picture(t *testing.T, process *Process) []string {
	t.Helper()
	record, err := os.ReadFile(process.path("state.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{string(record), labels(t, process), get(t, process, "/")}
	entries, err := os.ReadDir(process.path("releases"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	return got
}

func TestKilledDeployerRunAgain(t *testing.T) {
	t.Parallel()
	first, second := source(t, "v1", "lingering"), source(t, "v2", "slow")
	prepared := func(t *testing.T) (*Process, *exec.Cmd) {
		process := given(t, nil)
		version, err := process.Place(t.Context(), first, Version{Label: "v1"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		serve(t, process, version)
		command := exec.Command(process.options.Environment["BINARY"])
		command.Env = []string{"ROLLOUT_TEST_ROLE=deployer", "DIRECTORY=" + process.options.Directory,
			"ADDRESS=" + process.address, "SOURCE=" + second, "PATH=" + os.Getenv("PATH")}
		return process, command
	}
	undisturbed, command := prepared(t)
	started := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	took := time.Since(started)
	want := picture(t, undisturbed)
	for seed := range uint64(10) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			process, command := prepared(t)
			// A stratum for each seed, so that the ten moments cover the run.
			moment := took * time.Duration(1000*seed+rand.New(rand.NewPCG(seed, 1)).Uint64N(1000)) / 10_000
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(moment)
			command.Process.Kill()
			command.Wait()
			if err := deploy(process, second); err != nil {
				t.Fatalf("killed after %s: %v", moment, err)
			}
			if difference := cmp.Diff(want, picture(t, process)); difference != "" {
				t.Errorf("killed after %s: %s", moment, difference)
			}
		})
	}
}
