package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

const snapshotAction = `name: snapshot
description: |
  Takes a snapshot
author: us
inputs:
  command:
    description: What to do
    type: choice
    options: [create, list, prune]
    help: {create: Take one, list: Show them, prune: Remove old ones}
    default: create
  environment:
    description: Where
    required: true
    example: production
  keep:
    description: How many to keep
    type: integer
    default: 10
    commands: [prune]
  wait: {description: How long to wait, type: duration, default: 30m}
  force: {description: Do it anyway, type: boolean, default: false}
  tags: {description: Tags, type: list, commands: [create, prune]}
  directory: {description: A folder, type: path}
outputs:
  snapshot:
    description: Its name
    value: ${{ steps.run.outputs.snapshot }}
runs:
  using: composite
`

func TestParseDeclarationKeepsTheOrder(t *testing.T) {
	t.Parallel()
	got, err := runner.ParseDeclaration([]byte(snapshotAction))
	if err != nil {
		t.Fatal(err)
	}
	want := runner.Declaration{
		Name: "snapshot", Description: "Takes a snapshot",
		AllInputs: []runner.Input{
			{Name: "command", Description: "What to do", Type: runner.TypeChoice, Options: []string{"create", "list", "prune"}, Default: "create",
				Help: map[string]string{"create": "Take one", "list": "Show them", "prune": "Remove old ones"}},
			{Name: "environment", Description: "Where", Required: true, Type: runner.TypeString, Example: "production"},
			{Name: "keep", Description: "How many to keep", Type: runner.TypeInteger, Default: "10", Commands: []string{"prune"}},
			{Name: "wait", Description: "How long to wait", Type: runner.TypeDuration, Default: "30m"},
			{Name: "force", Description: "Do it anyway", Type: runner.TypeBoolean, Default: "false"},
			{Name: "tags", Description: "Tags", Type: runner.TypeList, Commands: []string{"create", "prune"}},
			{Name: "directory", Description: "A folder", Type: runner.TypePath},
		},
		AllOutputs: []runner.Output{{Name: "snapshot", Description: "Its name", Value: "${{ steps.run.outputs.snapshot }}"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("declaration (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"create", "list", "prune"}, got.Commands()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestParseDeclarationRefusesContradictions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ inputs, want string }{
		"no description":              {"{a: {type: string}}", "no description"},
		"an unknown key":              {"{a: {description: d, typ: string}}", `unknown field "typ"`},
		"an unknown type":             {"{a: {description: d, type: text}}", `unknown type "text"`},
		"a choice without options":    {"{a: {description: d, type: choice}}", "needs options"},
		"options without a choice":    {"{a: {description: d, options: [x]}}", "only a choice"},
		"an option twice":             {"{a: {description: d, type: choice, options: [x, x]}}", `"x" is empty or there twice`},
		"a default that is no option": {"{a: {description: d, type: choice, options: [x], default: y}}", `"y" is none of x`},
		"a default of another type":   {"{a: {description: d, type: integer, default: many}}", `"many" is not a whole number`},
		"an example of another type":  {"{a: {description: d, type: duration, example: soon}}", `"soon" is not a duration`},
		"a default that cannot count": {"{a: {description: d, required: true, default: x}}", "required and has a default"},
		"an unknown command":          {"{command: {description: d, type: choice, options: [up], help: {up: Up}, default: up}, a: {description: d, commands: [down]}}", `unknown command "down"`},
		"commands without a command":  {"{a: {description: d, commands: [up]}}", `unknown command "up"`},
		"a command that is text":      {"{command: {description: d}}", "must be a choice"},
		"a command without help":      {"{command: {description: d, type: choice, options: [up], default: up}}", "what each command does"},
		"help for no option":          {"{a: {description: d, type: choice, options: [x], help: {y: Y}}}", `explains "y"`},
		"a command without default":   {"{command: {description: d, type: choice, options: [up]}}", "needs a default"},
		"a command of a command":      {"{command: {description: d, type: choice, options: [up], help: {up: Up}, default: up, commands: [up]}}", "belongs to every command"},
		"formats of no command":       {"{command: {description: d, type: choice, options: [up], help: {up: Up}, default: up, formats: {down: [sarif]}}}", `"down", which is no command`},
		"formats of an input":         {"{a: {description: d, type: choice, options: [x], formats: {x: [sarif]}}}", `"x", which is no command`},
		"an unknown format":           {"{command: {description: d, type: choice, options: [up], help: {up: Up}, default: up, formats: {up: [xml]}}}", `"xml", which is neither`},
		"an input twice":              {"{a: {description: d}, a: {description: d}}", "already defined"},
		"a name in capitals":          {"{Dry_Run: {description: d}}", `"Dry_Run" is no name`},
		"no mapping":                  {"[a]", "a mapping is needed"},
		"no YAML":                     {"{a", "read action.yml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := runner.ParseDeclaration([]byte("inputs: " + test.inputs + "\n"))
			wantWrong(t, err, test.want)
		})
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	declaration, err := runner.ParseDeclaration([]byte("inputs: {command: {description: d, type: choice, options: [up, review], help: {up: U, review: R}, default: up, formats: {review: [sarif, github]}}}"))
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{"": "text json", "up": "text json", "review": "text json sarif github"} {
		if got := strings.Join(declaration.Formats(command), " "); got != want {
			t.Errorf("%q: got %s, want %s", command, got, want)
		}
	}
	if got := strings.Join(runner.Declaration{}.Formats(""), " "); got != "text json" {
		t.Errorf("a verb without commands: got %s", got)
	}
}

func TestParseDeclarationRefusesAnOutputWithoutDescription(t *testing.T) {
	t.Parallel()
	_, err := runner.ParseDeclaration([]byte("outputs: {a: {value: x}}\n"))
	wantWrong(t, err, "no description")
}

func wantWrong(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got error %v, want one with %q", err, want)
	}
	if problem.KindOf(err) != problem.Usage {
		t.Errorf("the error %v is not a usage problem", err)
	}
}

func FuzzParseDeclaration(f *testing.F) {
	f.Add(snapshotAction)
	f.Add("inputs: &a {x: {description: d}}\noutputs: *a")
	f.Fuzz(func(t *testing.T, text string) {
		declaration, err := runner.ParseDeclaration([]byte(text))
		if err != nil {
			return
		}
		given := map[string]string{}
		for _, input := range declaration.AllInputs {
			given[input.Name] = input.Default
		}
		if _, err := declaration.Inputs(given); err != nil && !strings.Contains(err.Error(), "is missing") && !strings.Contains(err.Error(), "password") {
			t.Errorf("a declaration refuses its own defaults: %v\n%s", err, text)
		}
	})
}
