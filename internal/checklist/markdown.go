package checklist

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// zeroWidthSpace separates what GitHub would link in already rendered text, where a character reference is no defence.
const zeroWidthSpace = "&#8203;"

// EscapeMarkdown returns Markdown that GitHub shows as exactly this text, in a paragraph, a heading, a list item or a
// table cell: no markup, HTML, link, image, mention, issue reference, emoji name or formula comes of it. A newline becomes
// <br>; control characters become what Plain makes of them. The result has no newline.
//
// Character references never start markup (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references),
// but GitHub looks for mentions, addresses, references and emoji names in the text after they are resolved.
func EscapeMarkdown(text string) string {
	text = strings.TrimSpace(Plain(text))
	var escaped strings.Builder
	atLineStart := true
	for index := 0; index < len(text); index++ {
		character, rest := text[index], text[index+1:]
		if atLineStart && character == ' ' {
			continue
		}
		atLineStart = character == '\n'
		switch {
		case character == '\n':
			escaped.WriteString("<br>")
		case character == '$':
			// https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
			escaped.WriteString("<span>$</span>")
		case strings.IndexByte("!\"#&()*+-.:<=>@[\\]^_`{|}~", character) >= 0:
			fmt.Fprintf(&escaped, "&#%d;", character)
		default:
			escaped.WriteByte(character)
		}
		if linksAfter(text[:index], character, rest) {
			escaped.WriteString(zeroWidthSpace)
		}
	}
	return escaped.String()
}

// linksAfter tells whether GitHub could make a link or an emoji of what begins at the character.
// https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
func linksAfter(before string, character byte, rest string) bool {
	switch character {
	case '@':
		return true
	case '#':
		return rest != "" && isDigit(rest[0])
	case '-':
		return len(before) >= 2 && strings.EqualFold(before[len(before)-2:], "GH") && rest != "" && isDigit(rest[0])
	case ':':
		name := strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-")
		return len(name) < len(rest) && strings.HasPrefix(name, ":")
	}
	return false
}

func isDigit(character byte) bool { return character >= '0' && character <= '9' }

func (v Verdict) badge() string {
	switch v.known() {
	case Pass:
		return "✅ pass"
	case Warn:
		return "⚠️ warn"
	case Skip:
		return "➖ skip"
	case Inconclusive:
		return "❔ inconclusive"
	}
	return "❌ fail"
}

// WriteMarkdown prints the checklist for a job summary or a comment: a heading, the verdict in words, a table, and the
// hints in a list below it. It returns the error of w.
func WriteMarkdown(w io.Writer, c Checklist) error {
	c = sanitised(c)
	var text strings.Builder
	fmt.Fprintf(&text, "## %s\n\n", EscapeMarkdown(c.name()+c.about(" · ")))
	fmt.Fprintf(&text, "**%s**\n\n", c.outcome())

	var hints strings.Builder
	if len(c.Items) > 0 {
		text.WriteString("| verdict | item | evidence | time |\n| --- | --- | --- | ---: |\n")
	}
	for _, item := range c.Items {
		title := EscapeMarkdown(item.Title)
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", item.Verdict.badge(), title,
			EscapeMarkdown(item.Evidence), duration(time.Duration(item.Milliseconds)*time.Millisecond))
		if item.Verdict != Pass && item.Hint != "" {
			fmt.Fprintf(&hints, "- **%s**: %s\n", title, EscapeMarkdown(item.Hint))
		}
	}
	if hints.Len() > 0 {
		text.WriteString("\n### What to do next\n\n" + hints.String())
	}
	text.WriteString("\n")
	_, err := io.WriteString(w, text.String())
	return err
}
