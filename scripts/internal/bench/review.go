package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The targets of a look at migrations: the ratio beside squawk is of median wall-clock times, a whole look at one file is in
// milliseconds, memory in megabytes. The JSON document has more to carry than squawk's: each migration's way back, locks and
// claims.
const (
	reviewTarget       = 1.0
	reviewJSONTarget   = 1.5
	reviewOneTarget    = 30
	reviewMemoryTarget = 200
)

// foundSomething is the exit code of airlock and of squawk when they did their work and object to what they saw.
const foundSomething = 1

// review compares a look at a whole history of migrations with squawk's, in the form for people and in that for machines, and
// measures what a look at one file costs.
func (b *bench) review(ctx context.Context) error {
	history, one := filepath.Join(b.folder, "history"), filepath.Join(b.folder, "one")
	if err := writeCorpus(history, b.corpus); err != nil {
		return err
	}
	if err := writeCorpus(one, 1); err != nil {
		return err
	}
	if err := b.analysesAll(ctx, history); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(history, "*.sql"))
	if err != nil {
		return err
	}
	for _, form := range []struct {
		name            string
		target          float64
		airlock, squawk []string
	}{
		{"as text", reviewTarget, nil, nil},
		{"as JSON", reviewJSONTarget, []string{"--output", "json"}, []string{"--reporter", "json"}},
	} {
		item := fmt.Sprintf("migrate review, %d files, %s", len(files), form.name)
		b.say("%s", item)
		taken, err := alternate(b.runs,
			func() (sample, error) { return b.reviewCall(history, form.airlock...).run(ctx) },
			func() (sample, error) {
				return program{path: b.squawk, arguments: append(files[:len(files):len(files)], form.squawk...), directory: b.folder, exit: foundSomething}.run(ctx)
			})
		if err != nil {
			return err
		}
		b.results = append(b.results, compare(besideSquawk, item, form.target, taken[0], taken[1]))
		b.results = append(b.results, limitMemory(item, reviewMemoryTarget, largest(taken[0])))
	}
	b.say("migrate review, one file")
	taken, err := alternate(b.runs, func() (sample, error) { return b.reviewCall(one).run(ctx) })
	if err != nil {
		return err
	}
	b.results = append(b.results, limitWhole("migrate review, one file", reviewOneTarget, taken[0]))
	return nil
}

// reviewCall is a look at a folder.
func (b *bench) reviewCall(folder string, more ...string) program {
	call := program{path: b.airlock, arguments: append([]string{"migrate", "review", "--dir", folder}, more...), directory: b.folder}
	if filepath.Base(folder) == "history" {
		call.exit = foundSomething
	}
	return call
}

// analysesAll makes sure that airlock reads all there is: a program that does less is faster.
func (b *bench) analysesAll(ctx context.Context, folder string) error {
	command := exec.CommandContext(ctx, b.airlock, "migrate", "review", "--dir", folder, "--output", "json")
	command.Dir, command.Env, command.Stderr = b.folder, environment(), os.Stderr
	var out bytes.Buffer
	command.Stdout = &out
	// The exit code says that there are findings, as there should be.
	_ = command.Run()
	var document struct {
		Migrations []struct{}
		Coverage   struct{ Statements, Analysed int }
	}
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		return fmt.Errorf("migrate review printed no JSON document: %w", err)
	}
	if seen := document.Coverage; len(document.Migrations) != b.corpus || seen.Analysed < b.corpus || seen.Analysed != seen.Statements {
		return fmt.Errorf("migrate review analysed %d of %d statements in %d of %d files", seen.Analysed, seen.Statements, len(document.Migrations), b.corpus)
	}
	return nil
}

// largest returns the sample that took the most memory.
func largest(samples []sample) sample {
	most := samples[0]
	for _, one := range samples {
		if one.memory > most.memory {
			most = one
		}
	}
	return most
}
