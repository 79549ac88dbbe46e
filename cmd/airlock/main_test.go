package main

import (
	"flag"
	"os"
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
	testscript.Main(m, map[string]func(){"airlock": main})
}
