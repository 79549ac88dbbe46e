package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/randomchaoslabs/airlock/internal/command/demo"
)

var update = flag.Bool("update", false, "write what is printed into the golden files and scripts instead of comparing it")

// TestMain makes the test binary be airlock too, when a script calls it by that name: what the tests run is what main is.
func TestMain(m *testing.M) {
	if demo.IsApplication(os.Getenv) {
		main()
	}
	// The race detector makes every program sleep for a second before it exits, and tests call hundreds.
	// https://go.dev/doc/articles/race_detector#Options
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	cobra.EnableCommandSorting = false
	testscript.Main(programs{m}, map[string]func(){"airlock": main})
}

// instrumented is the variable with the PATH in which airlock is this test binary.
const instrumented = "AIRLOCK_TEST_INSTRUMENTED"

// programs runs the tests beside an airlock without the race detector, which most of the hundreds of calls take: the detector
// makes each of them several times as slow. The scripts in each call this test binary, with it, on SQLite.
type programs struct{ *testing.M }

// Run implements testscript.TestingM.
func (p programs) Run() int {
	search := os.Getenv("PATH")
	if raced {
		folder, err := os.MkdirTemp("", "airlock-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		if output, err := exec.Command("go", "build", "-o", folder, ".").CombinedOutput(); err != nil {
			panic(string(output))
		}
		search = folder + string(os.PathListSeparator) + search
	}
	if err := errors.Join(os.Setenv(instrumented, os.Getenv("PATH")), os.Setenv("PATH", search)); err != nil {
		panic(err)
	}
	return p.M.Run()
}
