package runner

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// longestDays bounds durations, so that a typing error is not taken for a century.
const longestDays = 36500

// normalise returns the one way to write a value that is not empty, or an error that says what is accepted.
func (i Input) normalise(value string) (string, error) {
	switch i.Type {
	case TypeBoolean:
		switch value {
		case "true", "True", "TRUE":
			return "true", nil
		case "false", "False", "FALSE":
			return "false", nil
		}
		return "", problem.Wrong("", "%q is neither true nor false", quotable(value))
	case TypeInteger:
		number, err := strconv.Atoi(value)
		if err != nil {
			return "", problem.Wrong("", "%q is not a whole number", quotable(value))
		}
		return strconv.Itoa(number), nil
	case TypeDuration:
		if _, err := parseDuration(value); err != nil {
			return "", err
		}
	case TypeChoice:
		if !slices.Contains(i.Options, value) {
			return "", problem.Wrong("", "%q is none of %s%s", quotable(value), strings.Join(i.Options, ", "), didYouMean(value, i.Options))
		}
	case TypePath:
		if strings.ContainsAny(value, "\x00\r\n") {
			return "", problem.Wrong("", "%q is not a path", quotable(value))
		}
	}
	return value, nil
}

// quotable bounds a value that an error repeats.
func quotable(value string) string {
	const limit = 80
	if characters := []rune(value); len(characters) > limit {
		return string(characters[:limit]) + "…"
	}
	return value
}

var daysAndRest = regexp.MustCompile(`^([0-9]{1,9})d(.*)$`)

// parseDuration reads a Go duration which may begin with whole days, such as 90s, 7d or 1d12h.
func parseDuration(text string) (time.Duration, error) {
	var days int
	rest := text
	if parts := daysAndRest.FindStringSubmatch(text); parts != nil {
		days, _ = strconv.Atoi(parts[1]) // The expression lets only digits through.
		rest = parts[2]
	}
	if rest == "" && rest != text {
		rest = "0s"
	}
	duration, err := time.ParseDuration(rest)
	if err != nil || strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") {
		return 0, problem.Wrong("", "%q is not a duration such as 90s, 12h or 7d", quotable(text))
	}
	if days > longestDays || duration > longestDays*24*time.Hour {
		return 0, problem.Wrong("", "%q is longer than %d days", quotable(text), longestDays)
	}
	return time.Duration(days)*24*time.Hour + duration, nil
}

func splitList(text string) []string {
	var items []string
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// passwordParameter is how a connection string carries a password outside of the part before the host.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
var passwordParameter = regexp.MustCompile(`(?i)(^|[\s?&])(ssl)?password\s*=\s*[^\s&]`)

// carriesPassword tells whether text looks like a URL or a connection string with a password in it. It says yes in doubt:
// passwords with characters that a URL should have escaped count too.
func carriesPassword(text string) bool {
	if passwordParameter.MatchString(text) {
		return true
	}
	for {
		var found bool
		if _, text, found = strings.Cut(text, "://"); !found {
			return false
		}
		word := text
		if end := strings.IndexAny(word, " \t\r\n"); end >= 0 {
			word = word[:end]
		}
		at := strings.LastIndexByte(word, '@')
		if at < 0 {
			continue
		}
		user, password, _ := strings.Cut(word[:at], ":")
		if password != "" && !strings.ContainsAny(user, "/?#") && !portThenPath.MatchString(password) {
			return true
		}
	}
}

// portThenPath is what follows the host of a URL whose @ comes only later, in its path.
var portThenPath = regexp.MustCompile(`^[0-9]{1,5}[/?#]`)
