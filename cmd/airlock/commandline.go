package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// chosen is what the command line asks for: a verb, and its inputs by name.
type chosen struct {
	verb   *verb.Verb
	given  map[string]string
	output string
}

// parse reads the command line. A nil choice without an error means that help was printed.
func (a *airlock) parse(arguments []string) (*chosen, error) {
	var choice *chosen
	root := &cobra.Command{
		Use:   "airlock",
		Short: "Airlock takes a release from a merge to production the way a careful release manager would.",
		Long: "Airlock takes a release from a merge to production the way a careful release manager would: sandbox first, a snapshot\n" +
			"before anything is touched, a watched deployment, and a way back.\n\nSee it at work: airlock demo",
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.SetOut(a.options.Stdout)
	root.SetErr(a.options.Stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	for _, v := range called(a.verbs, arguments) {
		command, err := a.command(v, &choice)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		root.AddCommand(command)
	}
	root.SetArgs(arguments)
	if err := root.ExecuteContext(context.Background()); err != nil {
		return nil, usage(err)
	}
	return choice, nil
}

// called returns the verb that the arguments begin with, or else all of them: reading every declaration is a third of the
// time of a short call.
func called(verbs []*verb.Verb, arguments []string) []*verb.Verb {
	for i, v := range verbs {
		if len(arguments) > 0 && v.Name == arguments[0] {
			return verbs[i : i+1]
		}
	}
	return verbs
}

// wantedFormat tells how to answer, also when the command line could not be read.
func wantedFormat(choice *chosen, arguments []string) string {
	if choice != nil {
		return choice.output
	}
	given := " " + strings.Join(arguments, " ") + " "
	for _, format := range []string{runner.FormatJSON, runner.FormatSARIF, runner.FormatGitHub} {
		if strings.Contains(given, " --output "+format+" ") || strings.Contains(given, " --output="+format+" ") {
			return format
		}
	}
	return runner.FormatText
}

// usage makes cobra's errors ours: one line, and what to do next.
func usage(err error) error {
	text, rest, _ := strings.Cut(err.Error(), "\n")
	hint := "airlock --help lists what there is"
	if _, suggestion, found := strings.Cut(rest, "Did you mean this?\n\t"); found {
		hint = "did you mean " + strings.Fields(suggestion)[0] + "? " + hint
	}
	return problem.Wrong(hint, "%s", text)
}

// command makes the command of a verb, with one subcommand for each of the verb's own commands.
func (a *airlock) command(v *verb.Verb, choice **chosen) (*cobra.Command, error) {
	declaration, err := runner.ParseDeclaration(v.ActionYAML)
	if err != nil {
		return nil, err
	}
	parent := &cobra.Command{Use: v.Name, Short: declaration.Description, Args: noArguments(declaration)}
	take(parent, v, declaration, "", choice)
	for _, name := range declaration.Commands() {
		child := &cobra.Command{Use: usageOf(declaration, name), Short: declaration.CommandHelp(name), Long: declaration.Description, Args: limited(declaration, name)}
		take(child, v, declaration, name, choice)
		parent.AddCommand(child)
	}
	return parent, nil
}

// noArguments refuses arguments, and says which commands there are.
func noArguments(declaration runner.Declaration) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		if len(arguments) == 0 {
			return nil
		}
		if commands := declaration.Commands(); len(commands) > 0 {
			return fmt.Errorf("unknown command %.80q for airlock %s; the commands are %s", arguments[0], command.Name(), strings.Join(commands, ", "))
		}
		return fmt.Errorf("airlock %s takes flags only, and got %.80q", command.Name(), arguments[0])
	}
}

// arguments are the inputs of a command whose values may stand without a name.
func arguments(declaration runner.Declaration, name string) []runner.Input {
	return slices.DeleteFunc(slices.Clone(declaration.AllInputs), func(input runner.Input) bool {
		return !input.Argument || name == "" || !slices.Contains(input.Commands, name)
	})
}

// usageOf is a command with its arguments, as the help shows it.
func usageOf(declaration runner.Declaration, name string) string {
	usage := name
	for _, input := range arguments(declaration, name) {
		usage += " [" + input.Name
		if input.Type == runner.TypeList {
			usage += "…"
		}
		usage += "]"
	}
	return usage
}

// limited refuses more arguments than a command has.
func limited(declaration runner.Declaration, name string) cobra.PositionalArgs {
	all := arguments(declaration, name)
	switch {
	case len(all) == 0:
		return cobra.NoArgs
	case all[len(all)-1].Type == runner.TypeList:
		return cobra.ArbitraryArgs
	}
	return cobra.MaximumNArgs(len(all))
}

// take gives a command the flags of the verb's inputs, and has it put what was given into choice. name is the verb's
// command, empty for the default one.
func take(command *cobra.Command, v *verb.Verb, declaration runner.Declaration, name string, choice **chosen) {
	flags := command.Flags()
	flags.SortFlags = false
	for _, input := range declaration.AllInputs {
		if input.Name == "command" || len(input.Commands) > 0 && name != "" && !slices.Contains(input.Commands, name) {
			continue
		}
		flag := flags.VarPF(&text{kind: string(input.Type)}, input.Name, "", describe(input))
		if input.Type == runner.TypeBoolean {
			flag.NoOptDefVal = "true"
		}
	}
	output := flags.String("output", runner.FormatText, describeFormats(declaration, name))
	command.Example = example(v, declaration, name)
	command.RunE = func(_ *cobra.Command, words []string) error {
		if formats := declaration.Formats(name); !slices.Contains(formats, *output) {
			return fmt.Errorf("--output is %s, and got %.80q", alternatives(formats), *output)
		}
		given := map[string]string{}
		if name != "" {
			given["command"] = name
		}
		flags.Visit(func(flag *pflag.Flag) {
			if flag.Name != "output" && flag.Name != "help" {
				given[flag.Name] = flag.Value.String()
			}
		})
		for i, input := range arguments(declaration, name) {
			switch {
			case i >= len(words):
			case input.Type == runner.TypeList:
				given[input.Name] = strings.Join(words[i:], "\n")
			default:
				given[input.Name] = words[i]
			}
		}
		*choice = &chosen{verb: v, given: given, output: *output}
		return nil
	}
}

// describeFormats is the help of the flag output: the formats of a command, and where the verb itself is called, those that only
// some of its commands have.
func describeFormats(declaration runner.Declaration, name string) string {
	own := declaration.Formats(name)
	help := "How the result is printed: " + alternatives(own)
	if name != "" {
		return help
	}
	for _, command := range declaration.Commands() {
		if formats := declaration.Formats(command); len(formats) > len(own) {
			help += "; of " + command + " also " + alternatives(formats[len(own):])
		}
	}
	return help
}

// alternatives joins words as a sentence does.
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// describe is the help of a flag.
func describe(input runner.Input) string {
	description := input.Description
	for i, option := range input.Options {
		description += []string{": ", "; "}[min(i, 1)] + option
		if help := input.Help[option]; help != "" {
			description += " (" + help + ")"
		}
	}
	switch {
	case input.Required:
		description += " (required)"
	case input.Default != "" && input.Type != runner.TypeBoolean:
		description += " (default " + input.Default + ")"
	}
	return description
}

// example is a call that works: the required inputs, and those of the command that have an example.
func example(v *verb.Verb, declaration runner.Declaration, name string) string {
	words := []string{"  airlock", v.Name}
	if name != "" {
		words = append(words, name)
	}
	for _, input := range declaration.AllInputs {
		own := name != "" && slices.Contains(input.Commands, name)
		switch {
		case input.Example != "" && input.Argument && own:
			words = append(words, input.Example)
		case input.Example != "" && (input.Required || own || input.Name == "environment"):
			words = append(words, "--"+input.Name, input.Example)
		}
	}
	return strings.Join(words, " ")
}

// text is the value of every flag: what it means is checked where inputs from GitHub are.
type text struct{ kind, value string }

// String returns what was given.
func (t *text) String() string { return t.value }

// Set takes what was given; a list may be given piece by piece.
func (t *text) Set(value string) error {
	if t.kind == string(runner.TypeList) && t.value != "" {
		value = t.value + "\n" + value
	}
	t.value = value
	return nil
}

// Type names what is expected, for the help.
func (t *text) Type() string {
	if t.kind == string(runner.TypeBoolean) {
		return "bool" // The help then says no value: the flag's presence says it all.
	}
	return t.kind
}
