package runner

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Type says what the text of an input must look like.
type Type string

// The types of inputs. GitHub knows only text; the rest is ours.
const (
	TypeString   Type = "string"
	TypePath     Type = "path"
	TypeBoolean  Type = "boolean"
	TypeInteger  Type = "integer"
	TypeDuration Type = "duration"
	TypeChoice   Type = "choice"
	// TypeList is text separated by newlines or commas.
	TypeList Type = "list"
)

// The formats in which a result is printed. Every command has the first two; its verb declares which of the others it has.
const (
	FormatText = "text"
	FormatJSON = "json"
	// FormatSARIF is what GitHub's code scanning takes.
	FormatSARIF = "sarif"
	// FormatGitHub is annotations as workflow commands, wherever the program runs.
	FormatGitHub = "github"
)

// commandInput is the input whose options are the commands of a verb.
const commandInput = "command"

// Input declares one input of a verb, which is also a flag of the same name.
type Input struct {
	Name        string `yaml:"-"`
	Description string `yaml:"description"`
	// Default is what counts when nothing was given; it may be empty.
	Default  string `yaml:"default"`
	Required bool   `yaml:"required"`
	Type     Type   `yaml:"type"`
	// Options are the values that a choice accepts.
	Options []string `yaml:"options"`
	// Help says what each option means, by option; the input command says it of every one.
	Help map[string]string `yaml:"help"`
	// Commands are the commands that the input belongs to; none means all.
	Commands []string `yaml:"commands"`
	// Argument tells that on a command line its value may stand without a name: one after the other in the order of the file, and
	// a list takes all that are left.
	Argument bool `yaml:"argument"`
	// Formats are those that the result of a command has beside text and JSON, by command; only the input command says it.
	Formats map[string][]string `yaml:"formats"`
	// Example is a value for the documentation; it may be empty.
	Example string `yaml:"example"`
}

// Output declares one output of a verb.
type Output struct {
	Name        string `yaml:"-"`
	Description string `yaml:"description"`
	// Value is the expression by which the composite action passes the output on.
	Value string `yaml:"value"`
}

// Declaration is what an action.yml says about a verb.
type Declaration struct {
	Name        string
	Description string
	// AllInputs and AllOutputs are in the order of the file.
	AllInputs  []Input
	AllOutputs []Output
}

// identifier is the form of input and output names: one that reads the same as a flag, an input and an output.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// ParseDeclaration reads an action.yml whose inputs may also have the keys type, options, help, commands, argument,
// formats and example, which the runner of GitHub Actions ignores. A declaration that contradicts itself is a usage problem.
// https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
func ParseDeclaration(actionYAML []byte) (Declaration, error) {
	var file struct {
		Name        string   `yaml:"name"`
		Description string   `yaml:"description"`
		Inputs      ast.Node `yaml:"inputs"`
		Outputs     ast.Node `yaml:"outputs"`
	}
	if err := yaml.Unmarshal(actionYAML, &file); err != nil {
		return Declaration{}, problem.Wrong("", "read action.yml: %w", err)
	}
	declaration := Declaration{Name: file.Name, Description: strings.TrimSpace(file.Description)}
	err := eachEntry(file.Inputs, func(name string, node ast.Node) error {
		input := Input{Name: name, Type: TypeString}
		if err := yaml.NodeToValue(node, &input, yaml.Strict()); err != nil {
			return err
		}
		input.Description = strings.TrimSpace(input.Description)
		declaration.AllInputs = append(declaration.AllInputs, input)
		return nil
	})
	if err != nil {
		return Declaration{}, problem.Wrong("", "read the inputs of action.yml: %w", err)
	}
	err = eachEntry(file.Outputs, func(name string, node ast.Node) error {
		output := Output{Name: name}
		if err := yaml.NodeToValue(node, &output, yaml.Strict()); err != nil {
			return err
		}
		output.Description = strings.TrimSpace(output.Description)
		declaration.AllOutputs = append(declaration.AllOutputs, output)
		return nil
	})
	if err != nil {
		return Declaration{}, problem.Wrong("", "read the outputs of action.yml: %w", err)
	}
	return declaration, declaration.check()
}

// eachEntry calls found for the entries of a YAML mapping in their order.
func eachEntry(node ast.Node, found func(name string, node ast.Node) error) error {
	if node == nil || node.Type() == ast.NullType {
		return nil
	}
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return problem.Wrong("", "line %d: a mapping is needed, this is a %s", node.GetToken().Position.Line, node.Type())
	}
	for entry := mapping.MapRange(); entry.Next(); {
		key := entry.Key().GetToken()
		if !identifier.MatchString(key.Value) {
			return problem.Wrong("Use lower-case words joined by hyphens", "line %d: %q is no name", key.Position.Line, key.Value)
		}
		if err := found(key.Value, entry.Value()); err != nil {
			return err
		}
	}
	return nil
}

// check returns the first contradiction.
func (d Declaration) check() error {
	commands := d.Commands()
	for _, input := range d.AllInputs {
		if err := input.check(commands); err != nil {
			return problem.Wrong("", "input %s: %w", input.Name, err)
		}
	}
	for _, output := range d.AllOutputs {
		if output.Description == "" {
			return problem.Wrong("", "output %s: it has no description", output.Name)
		}
	}
	return nil
}

func (i Input) check(commands []string) error {
	types := []Type{TypeString, TypePath, TypeBoolean, TypeInteger, TypeDuration, TypeChoice, TypeList}
	switch {
	case i.Description == "":
		return problem.Wrong("", "it has no description")
	case !slices.Contains(types, i.Type):
		return problem.Wrong("", "unknown type %q", i.Type)
	case i.Type == TypeChoice && len(i.Options) == 0:
		return problem.Wrong("", "a choice needs options")
	case i.Type != TypeChoice && len(i.Options) > 0:
		return problem.Wrong("", "only a choice has options")
	case i.Required && i.Default != "":
		return problem.Wrong("", "it is required and has a default: one of them is wrong")
	case i.Name == commandInput && i.Type != TypeChoice:
		return problem.Wrong("", "it must be a choice, whose options are the commands")
	case i.Name == commandInput && i.Default == "" && !i.Required:
		return problem.Wrong("", "it needs a default, or to be required")
	case i.Name == commandInput && len(i.Commands) > 0:
		return problem.Wrong("", "it belongs to every command")
	case i.Argument && (len(i.Commands) != 1 || i.Type != TypeString && i.Type != TypeList):
		return problem.Wrong("", "an argument is a text or a list of one command")
	case i.Name == commandInput && len(i.Help) != len(i.Options):
		return problem.Wrong("", "its help must say what each command does")
	}
	for option := range i.Help {
		if !slices.Contains(i.Options, option) {
			return problem.Wrong("", "its help explains %q, which is no option", option)
		}
	}
	if err := i.checkFormats(); err != nil {
		return err
	}
	for index, option := range i.Options {
		if option == "" || slices.Contains(i.Options[:index], option) {
			return problem.Wrong("", "the option %q is empty or there twice", option)
		}
	}
	for _, command := range i.Commands {
		if !slices.Contains(commands, command) {
			return problem.Wrong("", "it belongs to an unknown command %q", command)
		}
	}
	for _, value := range []string{i.Default, i.Example} {
		if _, err := i.normalise(value); value != "" && err != nil {
			return problem.Wrong("", "its default or example: %w", err)
		}
	}
	return nil
}

func (i Input) checkFormats() error {
	for command, formats := range i.Formats {
		if i.Name != commandInput || !slices.Contains(i.Options, command) {
			return problem.Wrong("", "its formats are those of %q, which is no command", command)
		}
		for _, format := range formats {
			if format != FormatSARIF && format != FormatGitHub {
				return problem.Wrong("", "its formats have %q, which is neither %s nor %s", format, FormatSARIF, FormatGitHub)
			}
		}
	}
	return nil
}

// Formats returns the formats of a command's result, the default first; "" is the command that counts when none is named.
func (d Declaration) Formats(command string) []string {
	formats := []string{FormatText, FormatJSON}
	input, _ := d.input(commandInput)
	if command == "" {
		command = input.Default
	}
	return append(formats, input.Formats[command]...)
}

// Commands returns the commands of the verb in their order, or none for a verb that has only one way to run.
func (d Declaration) Commands() []string {
	if command, ok := d.input(commandInput); ok {
		return command.Options
	}
	return nil
}

// CommandHelp says what a command does.
func (d Declaration) CommandHelp(name string) string {
	command, _ := d.input(commandInput)
	return command.Help[name]
}

func (d Declaration) input(name string) (Input, bool) {
	for _, input := range d.AllInputs {
		if input.Name == name {
			return input, true
		}
	}
	return Input{}, false
}

// belongsTo tells whether the input means something to a command.
func (i Input) belongsTo(command string) bool {
	return len(i.Commands) == 0 || slices.Contains(i.Commands, command)
}
