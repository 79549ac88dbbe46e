// Airlock takes a release from a merge to production the way a careful release manager would. The verbs live in actions,
// the commands that have no action in internal/command; here one is picked, run and printed.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/randomchaoslabs/airlock/actions/deploy"
	"github.com/randomchaoslabs/airlock/actions/migrate"
	"github.com/randomchaoslabs/airlock/actions/preflight"
	"github.com/randomchaoslabs/airlock/actions/record"
	"github.com/randomchaoslabs/airlock/actions/rollback"
	"github.com/randomchaoslabs/airlock/actions/snapshot"
	"github.com/randomchaoslabs/airlock/actions/verify"
	"github.com/randomchaoslabs/airlock/internal/command/config"
	"github.com/randomchaoslabs/airlock/internal/command/demo"
	"github.com/randomchaoslabs/airlock/internal/command/promote"
	"github.com/randomchaoslabs/airlock/internal/command/version"
	"github.com/randomchaoslabs/airlock/internal/command/window"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// number is the version of a release, set by the linker.
var number string

// softMemoryLimit is where garbage is collected eagerly, in bytes.
const softMemoryLimit = 120 << 20

func main() {
	if demo.IsApplication(os.Getenv) {
		os.Exit(demo.ServeApplication(os.Getenv, os.Stderr))
	}
	// Most calls live for less than a second, and a review makes many small things: collecting them later takes a fifth off its
	// time. What lasts stays small by the limit.
	debug.SetGCPercent(1000)
	debug.SetMemoryLimit(softMemoryLimit)
	cobra.EnableCommandSorting = false // The help has the order of a promotion.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	directory, err := os.Getwd()
	if err != nil {
		directory = "."
	}
	a := &airlock{
		verbs: verbs(), options: runner.DetectOptions(os.Stdin, os.Stdout, os.Stderr, os.Getenv), directory: directory,
		getenv: os.Getenv, lookupEnv: os.LookupEnv, now: time.Now, signals: signals,
	}
	os.Exit(a.main(context.Background(), os.Args[1:]))
}

// verbs returns what can be called, in the order of the help.
func verbs() []*verb.Verb {
	return []*verb.Verb{
		preflight.Verb(), snapshot.Verb(), migrate.Verb(), deploy.Verb(), verify.Verb(), rollback.Verb(), record.Verb(),
		promote.Verb(), demo.Verb(), config.Verb(), window.Verb(), version.Verb(number),
	}
}
