package rollout

import (
	"bytes"
	"cmp"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"
)

// What an error shows of the application's log at most.
const (
	tailBytes        = 64 << 10
	tailLines        = 20
	tailLineRunes    = 200
	minimumSecretLen = 6
)

// lastLines returns the end of the log as one line, to be appended to an error, or nothing when the log is empty.
func (p *Process) lastLines() string {
	file, err := os.Open(p.path("app.log"))
	if err != nil {
		return ""
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	start := max(0, end-tailBytes)
	content, err := io.ReadAll(io.NewSectionReader(file, start, tailBytes))
	if err != nil {
		return ""
	}
	if _, whole, cut := bytes.Cut(content, []byte("\n")); start > 0 && cut {
		content = whole
	}
	return excerpt(string(content), p.options.Environment)
}

// excerpt is the end of a log as one line, to be appended to an error.
func excerpt(text string, environment map[string]string) string {
	if lines := lastOf(text, environment); lines != "" {
		return "; the end of its log: " + lines
	}
	return "; its log is empty"
}

// lastOf joins the last lines, without control characters and without the values that the application was given: an
// application may print its settings when it cannot start, and they hold its secrets.
func lastOf(text string, environment map[string]string) string {
	text = hide(text, environment)
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return ' '
		}, strings.ToValidUTF8(line, "?")))
		if runes := []rune(line); len(runes) > tailLineRunes {
			line = string(runes[:tailLineRunes]) + "…"
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], " | ")
}

func hide(text string, environment map[string]string) string {
	var secrets []string
	for _, value := range environment {
		secrets = append(secrets, value)
		// A key of several lines may be printed in part.
		secrets = append(secrets, strings.Fields(value)...)
		if location, err := url.Parse(value); err == nil {
			password, _ := location.User.Password()
			_, encoded, _ := strings.Cut(location.User.String(), ":")
			secrets = append(secrets, password, encoded)
		}
	}
	// The longest first: a URL is hidden as a whole before its password alone would be.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range secrets {
		if len(secret) >= minimumSecretLen {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}
