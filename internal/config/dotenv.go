package config

import (
	"strings"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// dotenvHint says how a line of AIRLOCK_ENV is written.
const dotenvHint = `write each line as NAME=value, NAME='literal' or NAME="with \n, \" and \\"; # begins a comment`

// ParseDotenv returns the variables in text, at most 1 MiB of lines NAME=value; an "export" before the name, empty lines
// and lines that begin with # are passed over. A value ends with its line. In single quotes it is literal; in double
// quotes \n, \" and \\ are escapes; without quotes it is literal without the spaces around it. An error is a usage problem
// that names the line and shows nothing of it: a line that is written wrongly may be a part of a secret.
func ParseDotenv(text string) (map[string]string, error) {
	if len(text) > maximumBytes {
		return nil, problem.Wrong(dotenvHint, "the variables are larger than 1 MiB")
	}
	variables, lines := map[string]string{}, map[string]int{}
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		number++
		name, value, wrong := dotenvLine(strings.TrimSpace(line))
		if wrong != "" {
			return nil, problem.Wrong(dotenvHint, "line %d of the variables: %s", number, wrong)
		}
		if name == "" {
			continue
		}
		if first, twice := lines[name]; twice {
			return nil, problem.Wrong("keep the one that counts", "lines %d and %d of the variables set the same name", first, number)
		}
		variables[name], lines[name] = value, number
	}
	return variables, nil
}

// dotenvLine returns the variable of one line without spaces around it; no name when it is empty or a comment.
func dotenvLine(line string) (name, value, wrong string) {
	if line == "" || line[0] == '#' {
		return "", "", ""
	}
	if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
		return "", "", "it is not text in UTF-8"
	}
	if rest, ok := strings.CutPrefix(line, "export"); ok && strings.TrimLeft(rest, " \t") != rest {
		line = strings.TrimLeft(rest, " \t")
	}
	name, value, found := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !found:
		return "", "", "expected NAME=value, got no ="
	case !variableName.MatchString(name):
		return "", "", "expected a name of letters, digits and _ before the ="
	case value == "":
		return name, "", ""
	case value[0] == '\'' || value[0] == '"':
		value, wrong = dotenvQuoted(value)
	case value[0] == '#' || strings.Contains(value, " #") || strings.Contains(value, "\t#"):
		wrong = "it is not clear whether # begins a comment: put the value in quotes"
	}
	return name, value, wrong
}

// dotenvQuoted returns a value that begins with a quote, without its quotes and escapes.
func dotenvQuoted(text string) (value, wrong string) {
	quote := text[0]
	var built strings.Builder
	for i := 1; i < len(text); i++ {
		switch letter := text[i]; {
		case letter == quote:
			if after := strings.TrimSpace(text[i+1:]); after != "" && after[0] != '#' {
				return "", "there is something after the quote that ends the value"
			}
			return built.String(), ""
		case letter == '\\' && quote == '"':
			i++
			if i == len(text) {
				break
			}
			escape := strings.IndexByte(`n"\`, text[i])
			if escape < 0 {
				return "", `in double quotes only \n, \" and \\ are escapes`
			}
			built.WriteByte("\n\"\\"[escape])
		default:
			built.WriteByte(letter)
		}
	}
	return "", `the quote that begins the value does not end in this line; a line break is \n in double quotes`
}
