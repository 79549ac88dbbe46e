package checklist

import (
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Style says how text is printed on a terminal or in a log.
type Style struct {
	// Color allows ANSI colours.
	Color bool
	// Width is the number of columns to wrap at; zero means that nothing is wrapped.
	Width int
}

const (
	indent = "    "
	// narrowest is the width below which wrapping would only shred the text.
	narrowest = 30
	// widestTitle bounds the column of titles, so that one long title does not push all evidence away.
	widestTitle = 44
)

// paint wraps text in one ANSI attribute (ECMA-48, SGR) when colours are allowed.
func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
)

func (v Verdict) mark() (mark, color string) {
	switch v.known() {
	case Pass:
		return "✓", green
	case Warn:
		return "!", yellow
	case Skip:
		return "–", dim
	case Inconclusive:
		return "?", magenta
	}
	return "✗", red
}

// WriteText prints the checklist for people: a header, a line for each item, the hints, and the verdict in words.
// Evidence that is long or has several lines goes below its item. It returns the error of w.
func WriteText(w io.Writer, c Checklist, style Style) error {
	c = sanitised(c)
	var text strings.Builder
	text.WriteString(style.paint(bold, c.name()) + c.about(" · ") + "\n")

	column := 0
	for _, item := range c.Items {
		if width := utf8.RuneCountInString(item.Title); width <= widestTitle {
			column = max(column, width)
		}
	}
	for _, item := range c.Items {
		writeItem(&text, item, column, style)
	}

	_, color := c.Verdict().mark()
	text.WriteString(style.paint(color, c.outcome()) + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// about returns what the header says after the name, each part after the separator.
func (c *Checklist) about(separator string) string {
	var text string
	if c.Environment != "" {
		text += separator + c.Environment
	}
	if c.Release != "" {
		text += separator + "release " + c.Release
	}
	if c.DryRun {
		text += separator + "dry run, nothing is changed"
	}
	return text
}

func writeItem(text *strings.Builder, item Item, column int, style Style) {
	mark, color := item.Verdict.mark()
	text.WriteString(style.paint(color, mark) + " " + item.Title)

	took := duration(time.Duration(item.Milliseconds) * time.Millisecond)
	if took != "" {
		took = " (" + took + ")"
	}
	padding := strings.Repeat(" ", max(0, column-utf8.RuneCountInString(item.Title))+2)
	width := utf8.RuneCountInString(mark + " " + item.Title + padding + item.Evidence + took)
	inline := !strings.Contains(item.Evidence, "\n") && (style.Width < narrowest || width <= style.Width)
	if inline && item.Evidence != "" {
		text.WriteString(padding + style.paint(dim, item.Evidence))
	}
	text.WriteString(style.paint(dim, took) + "\n")

	if !inline {
		for _, line := range wrap(item.Evidence, style.Width-len(indent)) {
			text.WriteString(indent + style.paint(dim, line) + "\n")
		}
	}
	if item.Verdict != Pass && item.Hint != "" {
		for index, line := range wrap(item.Hint, style.Width-len(indent)-2) {
			lead := "→ "
			if index > 0 {
				lead = "  "
			}
			text.WriteString(indent + lead + line + "\n")
		}
	}
}

// wrap splits text into lines of at most width characters at spaces; a longer word stays whole, and blank lines are
// left out.
func wrap(text string, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if width < narrowest || utf8.RuneCountInString(line) <= width {
			lines = append(lines, strings.TrimRight(line, " "))
			continue
		}
		current := ""
		for _, word := range strings.Fields(line) {
			if current != "" && utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > width {
				lines = append(lines, current)
				current = ""
			}
			current = strings.TrimPrefix(current+" "+word, " ")
		}
		lines = append(lines, current)
	}
	return lines
}
