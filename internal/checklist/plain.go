package checklist

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The most that one field from outside may take in a print, in characters.
const (
	evidenceLimit = 2000
	titleLimit    = 200
)

// colourCode is a terminal's "select graphic rendition" sequence: it carries nothing but colour.
var colourCode = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// Plain returns text from outside as characters that a terminal only shows and never obeys. Colour codes are dropped;
// every other control character, and every invisible one that could reorder or hide text, becomes a visible stand-in.
// Newlines stay.
func Plain(text string) string {
	if isPlain(text) {
		return text
	}
	text = colourCode.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	return strings.Map(visible, strings.ReplaceAll(text, "\r\n", "\n"))
}

// isPlain tells at a glance that nothing has to be replaced, which is so of nearly all that is printed.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] != '\n' && (text[i] < ' ' || text[i] >= '\x7f') {
			return false
		}
	}
	return true
}

// OneLine returns Plain text with its newlines turned into spaces.
func OneLine(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(Plain(text)), "\n", " ")
}

// Shorten returns at most limit characters of text, followed by how many were cut when there were more.
func Shorten(text string, limit int) string {
	count := utf8.RuneCountInString(text)
	if count <= limit {
		return text
	}
	return fmt.Sprintf("%s… (%d more characters)", string([]rune(text)[:limit]), count-limit)
}

func visible(r rune) rune {
	const zeroWidthJoiner = '\u200D'
	switch {
	case r == '\n' || r == zeroWidthJoiner: // The joiner makes one emoji of several and hides nothing.
		return r
	case r == '\t':
		return ' '
	case r < ' ':
		return '\u2400' + r
	case r == '\x7f':
		return '\u2421'
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		return utf8.RuneError
	}
	return r
}

// sanitised returns the checklist with each text from outside bounded and Plain, and titles on one line.
func sanitised(c Checklist) Checklist {
	c.Verb, c.Command, c.Environment, c.Release = shortLine(c.Verb), shortLine(c.Command), shortLine(c.Environment), shortLine(c.Release)
	items := make([]Item, len(c.Items))
	for index, item := range c.Items {
		item.Title = shortLine(item.Title)
		item.Evidence = Shorten(strings.TrimSpace(Plain(item.Evidence)), evidenceLimit)
		item.Hint = Shorten(strings.TrimSpace(Plain(item.Hint)), evidenceLimit)
		items[index] = item
	}
	c.Items = items
	return c
}

func shortLine(text string) string { return Shorten(OneLine(text), titleLimit) }

// name returns the call as it was typed, such as "migrate up".
func (c *Checklist) name() string { return strings.TrimSpace(c.Verb + " " + c.Command) }

// outcome says the verdict in words, with the number of items of each verdict and the time they took.
func (c *Checklist) outcome() string {
	if len(c.Items) == 0 {
		return "Inconclusive, which is not a pass: nothing was checked"
	}
	counts := map[Verdict]int{}
	var total time.Duration
	for _, item := range c.Items {
		counts[item.Verdict.known()]++
		total += time.Duration(item.Milliseconds) * time.Millisecond
	}
	var parts []string
	for _, kind := range []struct {
		verdict Verdict
		words   string
	}{{Pass, "passed"}, {Warn, "warned"}, {Fail, "failed"}, {Inconclusive, "inconclusive"}, {Skip, "skipped"}} {
		if count := counts[kind.verdict]; count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, kind.words))
		}
	}
	text := c.Verdict().words() + ": " + strings.Join(parts, ", ")
	if took := duration(total); took != "" {
		text += " in " + took
	}
	return text
}

// known returns the verdict, or Fail for a value that is none of the five: what nobody can read is not a pass.
func (v Verdict) known() Verdict {
	switch v {
	case Pass, Warn, Skip, Inconclusive:
		return v
	}
	return Fail
}

func (v Verdict) words() string {
	switch v.known() {
	case Pass:
		return "Passed"
	case Warn:
		return "Passed with warnings"
	case Skip:
		return "Nothing was done"
	case Inconclusive:
		return "Inconclusive, which is not a pass"
	}
	return "Failed"
}

// duration returns text only for a duration that a person would notice.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return ""
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
