package application

import (
	"fmt"
	"regexp"
	"strings"
)

// dotenvLimit bounds a .env file, in bytes.
const dotenvLimit = 64 << 10

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// parseDotenv reads NAME=value lines. A '#' starts a comment at the beginning of a line or after a space; 'single quotes' keep
// everything, "double quotes" know \n, \" and \\; "export " before a name is allowed; the last of two equal names counts.
// Its error names the line, never the text of it, which may be a secret.
func parseDotenv(text string) (map[string]string, error) {
	if len(text) > dotenvLimit {
		return nil, fmt.Errorf("the file has more than %d bytes", dotenvLimit)
	}
	values := map[string]string{}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, rest, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !found || !variableName.MatchString(name) {
			return nil, fmt.Errorf("line %d is not NAME=value", number)
		}
		value, err := dotenvValue(strings.TrimSpace(rest))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		values[name] = value
	}
	return values, nil
}

// dotenvValue reads what stands after the '='.
func dotenvValue(text string) (string, error) {
	if text == "" || (text[0] != '\'' && text[0] != '"') {
		if comment := commentAt(text); comment >= 0 {
			text = text[:comment]
		}
		return strings.TrimSpace(text), nil
	}
	quote := text[0]
	var value strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			if rest := strings.TrimSpace(text[i+1:]); rest != "" && rest[0] != '#' {
				return "", fmt.Errorf("there is text after the closing %c", quote)
			}
			return value.String(), nil
		case text[i] == '\\' && quote == '"' && i+1 < len(text) && strings.IndexByte(`n"\`, text[i+1]) >= 0:
			i++
			if text[i] == 'n' {
				value.WriteByte('\n')
			} else {
				value.WriteByte(text[i])
			}
		default:
			value.WriteByte(text[i])
		}
	}
	return "", fmt.Errorf("the closing %c is missing", quote)
}

// commentAt returns where a comment starts in an unquoted value, or -1.
func commentAt(text string) int {
	if strings.HasPrefix(text, "#") {
		return 0
	}
	return strings.Index(strings.ReplaceAll(text, "\t", " "), " #")
}
