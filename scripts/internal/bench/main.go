// Command bench measures airlock beside the goose CLI and squawk, its fingerprints and rehearsals beside SQL, its start, and its memory,
// and says which targets are met, also of what was measured in a runner. It is run by scripts/bench, which builds the programs and starts PostgreSQL.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// The exit codes: a target that is missed is not the same as a benchmark that could not run.
const (
	exitMet    = 0
	exitMissed = 1
	exitBroken = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run measures what the arguments ask for, prints it, and returns the exit code.
func run(ctx context.Context, arguments []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	airlock, goose, squawk := flags.String("airlock", "", "the airlock `program`"), flags.String("goose", "", "the goose `program`"), flags.String("squawk", "", "the squawk `program`")
	runs, files := flags.Int("runs", 7, "how often each program of a comparison runs"), flags.Int("files", 1000, "how many small migrations there are")
	scale, only := flags.Int("scale", pgbenchScale, "the scale of the pgbench database"), flags.String("only", "", "measure one `part`: commands, rehearsal, fingerprint or review")
	workflow := flags.String("workflow", "", "the `file` with what was measured in a runner")
	asJSON := flags.Bool("json", false, "print one JSON document")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		return exitMet
	} else if err != nil {
		return exitBroken
	}
	results, err := measure(ctx, bench{airlock: *airlock, goose: *goose, squawk: *squawk, runs: *runs, files: *files, corpus: min(*files, corpusFiles), scale: *scale, only: *only, say: func(format string, values ...any) {
		fmt.Fprintf(stderr, "measuring "+format+"\n", values...)
	}}, getenv("AIRLOCK_TEST_POSTGRES"))
	if err == nil {
		var more []result
		more, err = readWorkflow(*workflow)
		results = append(results, more...)
	}
	if err == nil {
		err = printResults(stdout, results, fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), *runs, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return exitBroken
	}
	if !met(results) {
		return exitMissed
	}
	return exitMet
}

// measure runs the benchmark in a folder of its own.
func measure(ctx context.Context, b bench, cluster string) ([]result, error) {
	if b.airlock == "" || b.goose == "" || b.squawk == "" || cluster == "" || b.runs < 1 || b.files < 1 || b.scale < 1 {
		return nil, fmt.Errorf("three programs, AIRLOCK_TEST_POSTGRES, and at least one run, one file and a scale of one are needed: scripts/bench sees to it")
	}
	folder, err := os.MkdirTemp("", "airlock-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	b.folder = folder
	b.places = []place{{title: "SQLite", folder: folder}, {title: "PostgreSQL", cluster: cluster}}
	err = b.all(ctx)
	return b.results, err
}
