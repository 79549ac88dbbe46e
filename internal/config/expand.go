package config

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Lookup returns the value of a variable and whether it is set; os.LookupEnv is one.
type Lookup func(name string) (string, bool)

// maskedLength is the length in bytes from which a value that was put in is a secret: shorter ones are words of every day,
// and hiding them would make a log unreadable.
const maskedLength = 8

// missingHint is for a variable that is not there.
const missingHint = "set the variable in the environment, or as a line NAME=value of the secret AIRLOCK_ENV"

// Environment returns a copy of one environment with every ${NAME} in it replaced, and the values to be masked in all
// output, longest first: every Secret, the password of every URL that was put in, as written and decoded, and other
// values that were put in and have at least eight bytes. A nil lookup replaces nothing. An environment that is not there
// and a variable that is not set are usage problems; nothing of other environments is looked up.
func (c *Config) Environment(name string, lookup Lookup) (Environment, []string, error) {
	if err := c.Has(name); err != nil {
		return Environment{}, nil, err
	}
	var environment Environment
	secrets, err := c.expand("environments."+name, &environment, lookup)
	if err != nil {
		return Environment{}, nil, err
	}
	return environment, secrets, nil
}

// ExpandChecks returns a copy of the checks with every ${NAME} in them replaced, and the values to be masked as
// Environment does.
func (c *Config) ExpandChecks(lookup Lookup) (Checks, []string, error) {
	var checks Checks
	secrets, err := c.expand("checks", &checks, lookup)
	if err != nil {
		return Checks{}, nil, err
	}
	return checks, secrets, nil
}

// Has returns a usage problem, with the names that there are, when the config has no such environment.
func (c *Config) Has(name string) error {
	if _, ok := c.Environments[name]; ok {
		return nil
	}
	names := c.EnvironmentNames()
	hint := "the environments are " + strings.Join(names, ", ")
	near, _, _ := strings.Cut(suggestion(name, names), "; expected one of")
	return problem.Wrong(hint, "there is no environment %s in %s%s", quote(name), c.document.file(), near)
}

// expand decodes the key at path once more, into target, with the values of lookup.
func (c *Config) expand(path string, target any, lookup Lookup) ([]string, error) {
	found, ok := c.document.find(path)
	if !ok {
		setDefaults(reflect.ValueOf(target).Elem())
		return nil, nil
	}
	d := decoder{file: found.position.File, lookup: lookup}
	d.value(found.value, reflect.ValueOf(target).Elem(), field{}, path)
	slices.SortFunc(d.secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	return slices.Compact(d.secrets), invalid(d.findings, missingHint)
}

// replaced returns text with its ${NAME}s replaced, and notes what must be masked; without a lookup, text as it is.
func (d *decoder) replaced(text string, node ast.Node, f field, path string) (string, bool) {
	if !f.expand {
		return text, true
	}
	isSecret := f.kind == secretType
	result, put, wrong := replace(text, d.lookup)
	for _, message := range wrong {
		d.report(d.position(node), path, "%s", message)
	}
	if len(wrong) > 0 {
		return "", false
	}
	if d.lookup == nil {
		return text, true
	}
	if isSecret && result == "" {
		d.report(d.position(node), path, "it is empty once its variables are put in")
		return "", false
	}
	if isSecret {
		d.secrets = append(d.secrets, result)
	} else if len(put) > 0 {
		put = append(put, result)
	}
	for _, value := range put {
		if len(value) >= maskedLength {
			d.secrets = append(d.secrets, value)
		}
	}
	for _, value := range append(put, result) {
		if isSecret || len(put) > 0 {
			d.secrets = append(d.secrets, Passwords(value)...)
		}
	}
	return result, true
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// replace returns text with each ${NAME} replaced and each $${ as ${, and the values that were put in. With a nil lookup it
// checks the form only. A value that was put in is not searched again.
func replace(text string, lookup Lookup) (result string, put, wrong []string) {
	var built strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		if !found {
			built.WriteString(text)
			return built.String(), put, wrong
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			built.WriteString(literal + "${")
			text = after
			continue
		}
		built.WriteString(before)
		name, rest, closed := strings.Cut(after, "}")
		if !closed || !variableName.MatchString(name) {
			return "", nil, append(wrong, "expected ${NAME}, of letters, digits and _; a literal ${ is written as $${")
		}
		text = rest
		if lookup == nil {
			continue
		}
		value, ok := lookup(name)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("the variable %s is not set", name))
		}
		if value != "" {
			put = append(put, value)
		}
		built.WriteString(value)
	}
}

// Passwords returns the passwords in text, if it is a connection URL or a list of name=value, as written and decoded. It
// rather takes too much than too little: a password may hold an @ or a / that nobody escaped.
func Passwords(text string) []string {
	var written []string
	if _, rest, isURL := strings.Cut(text, "://"); isURL {
		authority := rest
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			authority = rest[:end]
		}
		for _, part := range []string{authority, rest} {
			if at := strings.LastIndex(part, "@"); at >= 0 {
				_, password, _ := strings.Cut(part[:at], ":")
				written = append(written, password)
			}
		}
	}
	for _, after := range strings.Split(text, "password=")[1:] {
		if end := strings.IndexAny(after, "& \t\n"); end >= 0 {
			after = after[:end]
		}
		written = append(written, strings.Trim(after, "'"))
	}
	var all []string
	for _, password := range written {
		all = append(all, password)
		if decoded, err := url.PathUnescape(password); err == nil {
			all = append(all, decoded)
		}
	}
	return slices.DeleteFunc(all, func(password string) bool { return password == "" })
}
