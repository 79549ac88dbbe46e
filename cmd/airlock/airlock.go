package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// airlock is one run of the program, with all that it has of the outside.
type airlock struct {
	verbs     []*verb.Verb
	options   runner.Options
	directory string
	getenv    func(string) string
	lookupEnv func(string) (string, bool)
	now       func() time.Time
	signals   chan os.Signal

	// format is how the result is printed, one of the runner's.
	format string
	runner *runner.Runner
}

// main runs what the arguments ask for, and returns the exit code.
func (a *airlock) main(ctx context.Context, arguments []string) int {
	choice, err := a.parse(arguments)
	if choice == nil && err == nil {
		return 0
	}
	a.format = wantedFormat(choice, arguments)
	a.options.JSON, a.options.Commands = a.format != runner.FormatText, a.format == runner.FormatGitHub
	a.runner = runner.New(a.options)
	var result verb.Result
	if err == nil {
		result, err = a.call(ctx, choice)
	}
	code := a.print(result, err)
	if err := a.runner.Close(); err != nil && code == 0 {
		return 1
	}
	return code
}

// call runs the chosen verb until it ends or is interrupted.
func (a *airlock) call(ctx context.Context, choice *chosen) (result verb.Result, err error) {
	given, err := a.inputs(choice)
	if err != nil {
		return result, err
	}
	lookup, err := a.variables()
	if err != nil {
		return result, err
	}
	// What is still running when the time is up must not write a result that is being printed.
	done := make(chan verb.Result, 1)
	err = runner.Interruptible(ctx, runner.Grace, a.signals, func(ctx context.Context) error {
		result, err := a.run(ctx, verb.Request{Verb: choice.verb.Name, Directory: a.directory, Given: given, Lookup: lookup})
		done <- result
		if err == nil && ctx.Err() != nil && !good(result.Verdict()) {
			return context.Cause(ctx)
		}
		return err
	})
	select {
	case result = <-done:
	default:
	}
	return result, err
}

// inputs joins what a composite action passes with the flags, which count first.
func (a *airlock) inputs(choice *chosen) (map[string]string, error) {
	given := map[string]string{}
	if passed := a.getenv("AIRLOCK_INPUTS"); passed != "" {
		var err error
		if given, err = runner.InputsFromJSON(passed); err != nil {
			return nil, err
		}
	}
	maps.Copy(given, choice.given)
	return given, nil
}

// variables returns where the ${NAME}s of the config come from: AIRLOCK_ENV, whose values are all secret, and on a laptop
// the process environment after it.
func (a *airlock) variables() (config.Lookup, error) {
	secret, err := config.ParseDotenv(a.getenv("AIRLOCK_ENV"))
	if err != nil {
		return nil, fmt.Errorf("AIRLOCK_ENV: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(secret)) {
		a.runner.Mask(secret[name])
	}
	return func(name string) (string, bool) {
		if value, ok := secret[name]; ok {
			return value, true
		}
		if a.runner.OnGitHub() {
			return "", false
		}
		return a.lookupEnv(name)
	}, nil
}

// run calls a verb by name: it is how the program and the commands that call verbs do it.
func (a *airlock) run(ctx context.Context, request verb.Request) (verb.Result, error) {
	place := slices.IndexFunc(a.verbs, func(v *verb.Verb) bool { return v.Name == request.Verb })
	if place < 0 {
		return verb.Result{}, problem.Wrong("", "there is no verb %q", request.Verb)
	}
	v := a.verbs[place]
	declaration, err := runner.ParseDeclaration(v.ActionYAML)
	if err != nil {
		return verb.Result{}, err
	}
	inputs, err := declaration.Inputs(request.Given)
	if err != nil {
		return verb.Result{}, err
	}
	result, err := v.Run(ctx, &verb.Call{
		Verb: v, Inputs: inputs, Directory: request.Directory, Getenv: a.getenv, Lookup: request.Lookup, Now: a.now,
		Config: request.Config, Release: request.Release, Locked: request.Locked, Mask: a.runner.Mask, Redact: a.runner.Redact,
		IdentityToken: a.runner.IdentityToken,
		Progress:      func(title string) verb.Progress { return a.runner.Progress(title) },
		Show:          a.show, Say: a.say, Ask: a.runner.Ask, CanAsk: a.runner.CanAsk(), Run: a.run,
	})
	// What a page or a database answers may hold a secret, and callers write it into files.
	for i := range result.Checklist.Items {
		item := &result.Checklist.Items[i]
		item.Title, item.Evidence, item.Hint = a.runner.Redact(item.Title), a.runner.Redact(item.Evidence), a.runner.Redact(item.Hint)
	}
	return result, err
}
