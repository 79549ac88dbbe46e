package docs_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/actions/deploy"
	"github.com/randomchaoslabs/airlock/actions/migrate"
	"github.com/randomchaoslabs/airlock/actions/preflight"
	"github.com/randomchaoslabs/airlock/actions/record"
	"github.com/randomchaoslabs/airlock/actions/rollback"
	"github.com/randomchaoslabs/airlock/actions/snapshot"
	"github.com/randomchaoslabs/airlock/actions/verify"
	configcommand "github.com/randomchaoslabs/airlock/internal/command/config"
	"github.com/randomchaoslabs/airlock/internal/command/demo"
	"github.com/randomchaoslabs/airlock/internal/command/promote"
	"github.com/randomchaoslabs/airlock/internal/command/version"
	"github.com/randomchaoslabs/airlock/internal/command/window"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

var update = flag.Bool("update", false, "write the generated pages of docs/reference")

// actions are the verbs that have an action.yml, and verbs is all of them, in the order of the help.
func actions() []*verb.Verb {
	return []*verb.Verb{preflight.Verb(), snapshot.Verb(), migrate.Verb(), deploy.Verb(), verify.Verb(), rollback.Verb(), record.Verb()}
}

func verbs() []*verb.Verb {
	return append(actions(), promote.Verb(), demo.Verb(), configcommand.Verb(), window.Verb(), version.Verb(""))
}

func TestEveryVerbIsKnownHere(t *testing.T) {
	t.Parallel()
	var got, want []string
	for _, v := range verbs() {
		got = append(got, v.Name)
	}
	for _, folder := range []string{"actions", "internal/command"} {
		entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			want = append(want, entry.Name())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if difference := gocmp.Diff(want, got); difference != "" {
		t.Errorf("(-folders +verbs()):\n%s", difference)
	}
}

// TestReference holds the pages of docs/reference to the declarations and types that they are made of.
func TestReference(t *testing.T) {
	t.Parallel()
	generated := map[string]string{"README.md": indexPage(t), "config.md": configPage()}
	for _, v := range verbs() {
		generated[pageName(v)] = verbPage(t, v)
	}
	folder := filepath.Join(root, "docs", "reference")
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		// The schema is held to the types by the room config.
		if _, known := generated[entry.Name()]; !known && entry.Name() != "airlock.schema.json" {
			t.Errorf("docs/reference/%s is no longer made of anything: remove it", entry.Name())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(generated)) {
		path := filepath.Join(folder, name)
		if *update {
			if err := os.WriteFile(path, []byte(generated[name]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v: run go test ./internal/docs -update", err)
			continue
		}
		if difference := gocmp.Diff(string(content), generated[name]); difference != "" {
			t.Errorf("%s is not what it is made of: run go test ./internal/docs -update (-page +generated):\n%s", name, difference)
		}
	}
}

// pageName is the name of a verb's page; config.md is that of the file.
func pageName(v *verb.Verb) string {
	if v.Name == "config" {
		return "config-command.md"
	}
	return v.Name + ".md"
}

func declarationOf(t *testing.T, v *verb.Verb) runner.Declaration {
	t.Helper()
	declaration, err := runner.ParseDeclaration(v.ActionYAML)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return declaration
}

func isAction(v *verb.Verb) bool {
	return slices.ContainsFunc(actions(), func(action *verb.Verb) bool { return action.Name == v.Name })
}

func source(v *verb.Verb) string {
	if isAction(v) {
		return "actions/" + v.Name + "/action.yml"
	}
	return "internal/command/" + v.Name + "/command.yml"
}

func indexPage(t *testing.T) string {
	var out strings.Builder
	out.WriteString(generatedFrom("the action.yml and command.yml files"))
	out.WriteString("# Reference\n\n| page | what it is about |\n| --- | --- |\n")
	for _, v := range verbs() {
		row(&out, fmt.Sprintf("[airlock %s](%s)", v.Name, pageName(v)), declarationOf(t, v).Description)
	}
	row(&out, "[The config](config.md)", "Every key of `.github/airlock.yaml`")
	row(&out, "[airlock.schema.json](airlock.schema.json)", "The same as a JSON Schema, for editors")
	out.WriteString(`
The verbs ` + "`" + strings.Join(names(actions()), "`, `") + "`" + ` are actions too: their flags are the inputs of the action
by the same names, and an empty input counts as not given.

## Exit codes

| code | what it means |
| --- | --- |
| 0 | Everything passed, passed with warnings, or there was nothing to do |
| 1 | Something failed |
| 2 | Wrong usage or config |
| 3 | Inconclusive: what was asked could not be told, which is never a yes |
| 130 | Interrupted |
`)
	return out.String()
}

func names(verbs []*verb.Verb) []string {
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name)
	}
	return names
}

func verbPage(t *testing.T, v *verb.Verb) string {
	declaration := declarationOf(t, v)
	var out strings.Builder
	out.WriteString(generatedFrom(source(v)))
	fmt.Fprintf(&out, "# airlock %s\n\n%s.\n\n", v.Name, declaration.Description)
	usage := "airlock " + v.Name
	if commands := declaration.Commands(); len(commands) > 0 {
		usage += " [" + strings.Join(commands, "|") + "]"
	}
	fmt.Fprintf(&out, "`%s [flags]`, declared in [%s](../../%s)\n\n", usage, source(v), source(v))
	var flags []runner.Input
	for _, input := range declaration.AllInputs {
		if input.Name != "command" {
			flags = append(flags, input)
			continue
		}
		out.WriteString("## Commands\n\n| command | what it does |\n| --- | --- |\n")
		for _, name := range input.Options {
			title := "`" + name + "`"
			if name == input.Default {
				title += " (the default)"
			}
			row(&out, title, input.Help[name])
		}
		out.WriteString("\n")
	}
	out.WriteString("## Flags\n\n| flag | type | default | what it says |\n| --- | --- | --- | --- |\n")
	for _, input := range flags {
		row(&out, "`--"+input.Name+"`", string(input.Type), code(input.Default), describe(input))
	}
	row(&out, "`--output`", "choice", "`text`", formats(declaration))
	if len(declaration.AllOutputs) > 0 {
		out.WriteString("\n## Outputs of the action\n\n| output | what it holds |\n| --- | --- |\n")
		for _, output := range declaration.AllOutputs {
			row(&out, "`"+output.Name+"`", output.Description)
		}
	}
	keys(&out, "What it reads of the config", v.Uses)
	keys(&out, "What it refuses in a config until it is built", v.NotYet)
	return out.String()
}

// formats says how results can be printed, and what only some commands have.
func formats(declaration runner.Declaration) string {
	text := "How the result is printed: `text` or `json`"
	for _, command := range declaration.Commands() {
		if more := declaration.Formats(command)[2:]; len(more) > 0 {
			text += "; that of `" + command + "` also as `" + strings.Join(more, "` or `") + "`"
		}
	}
	return text
}

// describe says what an input means, what may be said, and when.
func describe(input runner.Input) string {
	text := input.Description
	for i, option := range input.Options {
		text += []string{": ", "; "}[min(i, 1)] + "`" + option + "`"
		if help := input.Help[option]; help != "" {
			text += " (" + help + ")"
		}
	}
	if input.Required {
		text += ". Required"
	}
	if len(input.Commands) > 0 {
		text += ". Only for `" + strings.Join(input.Commands, "`, `") + "`"
	}
	if input.Example != "" {
		text += ". For example `" + input.Example + "`"
	}
	return text
}

func keys(out *strings.Builder, title string, keys []string) {
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(out, "\n## %s\n\n", title)
	for _, key := range keys {
		fmt.Fprintf(out, "- `%s`\n", key)
	}
}

func generatedFrom(source string) string {
	return "<!-- Made of " + source + " by go test ./internal/docs -update: change it there. -->\n\n"
}

// code sets a text that is not empty in code.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// row writes one row of a table; empty cells stay empty.
func row(out *strings.Builder, cells ...string) {
	for i, cell := range cells {
		cells[i] = cmp.Or(strings.ReplaceAll(cell, "|", `\|`), " ")
	}
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}
