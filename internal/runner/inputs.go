package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/nearest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Inputs are the checked inputs of one call of a verb.
type Inputs struct {
	declaration Declaration
	values      map[string]string
	given       map[string]bool
}

// Inputs checks what was given, by name, against the declaration, and adds the defaults. Everything that is wrong is
// reported at once, as usage problems.
//
// An empty value was not given: GitHub passes every input, unset ones as "". For the same reason a value that equals its
// default was not given either: GitHub fills in defaults before we see them.
func (d Declaration) Inputs(given map[string]string) (Inputs, error) {
	inputs := Inputs{declaration: d, values: map[string]string{}, given: map[string]bool{}}
	problems := d.unknown(given)
	for _, input := range d.AllInputs {
		value := strings.TrimSpace(given[input.Name])
		if carriesPassword(value) {
			problems = append(problems, passwordProblem(input.Name))
			continue
		}
		inputs.values[input.Name] = input.Default
		if value == "" {
			continue
		}
		value, err := input.normalise(value)
		if err != nil {
			problems = append(problems, problem.Wrong(missingHint(input), "input %s: %w", input.Name, err))
			continue
		}
		inputs.values[input.Name] = value
		standard, _ := input.normalise(input.Default) // The declaration was checked: it is valid or empty.
		inputs.given[input.Name] = value != standard
	}
	if err := errors.Join(problems...); err != nil {
		return Inputs{}, err
	}
	return inputs, inputs.checkCommand()
}

func (d Declaration) unknown(given map[string]string) []error {
	var names []string
	for _, input := range d.AllInputs {
		names = append(names, input.Name)
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			problems = append(problems, problem.Wrong("The inputs are: "+strings.Join(names, ", "),
				"unknown input %q%s", quotable(name), didYouMean(name, names)))
		}
	}
	return problems
}

func passwordProblem(name string) error {
	return problem.Wrong("Pass it through the environment, such as AIRLOCK_DATABASE_URL: a process list shows flags, and logs show inputs",
		"input %s holds a password", name)
}

// checkCommand returns what the chosen command makes wrong: an input of another command, or one that is missing.
func (i Inputs) checkCommand() error {
	var problems []error
	command := i.values[commandInput]
	for _, input := range i.declaration.AllInputs {
		belongs := input.belongsTo(command)
		switch {
		case i.given[input.Name] && !belongs:
			problems = append(problems, problem.Wrong("Leave it out, or choose another command",
				"input %s belongs to %s, not to %s", input.Name, strings.Join(input.Commands, ", "), command))
		case input.Required && belongs && i.values[input.Name] == "":
			problems = append(problems, problem.Wrong(missingHint(input), "input %s is missing", input.Name))
		}
	}
	return errors.Join(problems...)
}

func missingHint(input Input) string {
	switch {
	case len(input.Options) > 0:
		return "Choose one of " + strings.Join(input.Options, ", ")
	case input.Example != "":
		return "For example " + input.Example
	}
	return ""
}

// Command returns the chosen command, or an empty string for a verb without commands.
func (i Inputs) Command() string { return i.values[commandInput] }

// Given tells whether an input has a value other than its default.
func (i Inputs) Given(name string) bool {
	i.declared(name)
	return i.given[name]
}

// String returns the text of an input of any type, or its default.
func (i Inputs) String(name string) string {
	i.declared(name)
	return i.values[name]
}

// Bool returns a boolean input; without value and default it is false.
func (i Inputs) Bool(name string) bool { return i.typed(name, TypeBoolean) == "true" }

// Int returns an integer input; without value and default it is zero.
func (i Inputs) Int(name string) int {
	number, _ := strconv.Atoi(i.typed(name, TypeInteger)) // What is not a number was refused before.
	return number
}

// Duration returns a duration input; without value and default it is zero.
func (i Inputs) Duration(name string) time.Duration {
	duration, _ := parseDuration(i.typed(name, TypeDuration)) // What is not a duration was refused before.
	return duration
}

// List returns the items of a list input, trimmed, without empty ones.
func (i Inputs) List(name string) []string { return splitList(i.typed(name, TypeList)) }

func (i Inputs) typed(name string, want Type) string {
	if got := i.declared(name).Type; got != want {
		panic(fmt.Sprintf("input %q is declared as %s and read as %s", name, got, want))
	}
	return i.values[name]
}

// declared returns the declaration of an input; a name that action.yml lacks is an error in the program.
func (i Inputs) declared(name string) Input {
	input, ok := i.declaration.input(name)
	if !ok {
		panic(fmt.Sprintf("input %q is read but action.yml of %q does not declare it", name, i.declaration.Name))
	}
	return input
}

// inputsLimit is the most that AIRLOCK_INPUTS may hold, in bytes: what Linux allows one environment variable.
const inputsLimit = 128 << 10

// InputsFromJSON reads the one value in which a composite action passes all its inputs, `${{ toJSON(inputs) }}`: an object
// of strings by input name. Anything else, and a name that comes twice, is a usage problem.
func InputsFromJSON(text string) (map[string]string, error) {
	const hint = "Set it to ${{ toJSON(inputs) }}"
	if len(text) > inputsLimit {
		return nil, problem.Wrong(hint, "AIRLOCK_INPUTS has %d bytes, more than %d", len(text), inputsLimit)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, problem.Wrong(hint, "AIRLOCK_INPUTS is not a JSON object")
	}
	given := map[string]string{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, problem.Wrong(hint, "read AIRLOCK_INPUTS: %w", err)
		}
		name, _ := key.(string) // The decoder lets nothing else be a key.
		if _, twice := given[name]; twice {
			return nil, problem.Wrong(hint, "AIRLOCK_INPUTS has %q twice", quotable(name))
		}
		value, err := decoder.Token()
		if err != nil {
			return nil, problem.Wrong(hint, "read AIRLOCK_INPUTS: %w", err)
		}
		var ok bool
		if given[name], ok = value.(string); !ok {
			return nil, problem.Wrong(hint, "AIRLOCK_INPUTS: %q is not a string", quotable(name))
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, problem.Wrong(hint, "AIRLOCK_INPUTS ends too early")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, problem.Wrong(hint, "AIRLOCK_INPUTS goes on after its JSON object")
	}
	return given, nil
}

// didYouMean returns a question with the candidate that is nearest to the name, or nothing when none is near.
func didYouMean(name string, candidates []string) string {
	if near, found := nearest.Name(name, candidates); found {
		return "; did you mean " + near + "?"
	}
	return ""
}
