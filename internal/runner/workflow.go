package runner

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// commandGuard rewrites a stream of text so that GitHub's runner finds no workflow command in it, by one visible space
// within the mark of the command. Its zero value is at the start of a line.
//
// The runner takes a line for a command when "::" is the first thing in it after white space, or when "##[" is anywhere in
// it; it reads both standard output and standard error, and ends lines at \r too
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs, Handlers/OutputManager.cs). Its
// comparisons follow a culture and may overlook invisible characters, so these do not count here either.
//
// The command stop-commands is no way out: it is not ordered between the two streams, and a killed process would leave it on.
type commandGuard struct {
	// started tells that the line has something visible before the current position.
	started bool
	// colons and hashes count the marks seen so far, with nothing visible in between.
	colons, hashes int
	// part is the beginning of a character that a write cut in two.
	part string
}

func (g *commandGuard) restart() { *g = commandGuard{} }

// finish returns what is left of a character that never was completed.
func (g *commandGuard) finish() string {
	part := g.part
	g.part = ""
	return part
}

func (g *commandGuard) escape(text string) string {
	text, g.part = wholeCharacters(g.part + text)
	var escaped strings.Builder
	for index, width := 0, 0; index < len(text); index += width {
		var r rune
		r, width = utf8.DecodeRuneInString(text[index:])
		if g.completesMark(r) {
			escaped.WriteByte(' ')
		}
		escaped.WriteString(text[index : index+width])
	}
	return escaped.String()
}

// completesMark follows the text by one character and tells whether this one makes the mark of a command.
func (g *commandGuard) completesMark(r rune) bool {
	switch {
	case r == '\n' || r == '\r':
		*g = commandGuard{part: g.part}
	case r == ':':
		g.hashes = 0
		if !g.started && g.colons == 1 {
			g.started = true
			return true
		}
		g.colons++
	case r == '#':
		g.started = true
		g.hashes = min(g.hashes+1, 2)
	case r == '[':
		completes := g.hashes == 2
		g.started, g.hashes = true, 0
		return completes
	case unicode.IsSpace(r):
		// White space may stand before a mark but not within it.
		g.started = g.started || g.colons > 0
		g.hashes = 0
	case !overlooked(r):
		g.started, g.hashes = true, 0
	}
	return false
}

// overlooked tells whether a comparison that follows a culture may ignore the character.
// https://www.unicode.org/reports/tr10/#Completely_Ignorable
func overlooked(r rune) bool {
	if r == utf8.RuneError || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return true
	}
	return !unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
}

// wholeCharacters splits off the end of a text that is the beginning of a UTF-8 character.
func wholeCharacters(text string) (whole, part string) {
	for size := 1; size < utf8.UTFMax && size <= len(text); size++ {
		if end := text[len(text)-size:]; utf8.RuneStart(end[0]) {
			if !utf8.FullRuneInString(end) {
				return text[:len(text)-size], end
			}
			break
		}
	}
	return text, ""
}

// inert returns text that holds no mark of a workflow command.
func inert(text string) string {
	var guard commandGuard
	return guard.escape(text) + guard.finish()
}
