package review

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// tabStop is how far apart the stops of tabs are in an excerpt.
const tabStop = 4

// sourceLine returns a line of a text by its number, which counts from one; false when there is none.
func sourceLine(source string, number int) (string, bool) {
	lines := sourceLines(source, number, number)
	if len(lines) == 0 {
		return "", false
	}
	return lines[0], true
}

// sourceLines returns the lines of a text from one number to another, as far as there are any.
func sourceLines(source string, from, to int) []string {
	var lines []string
	at := 0
	for line := range strings.Lines(source) {
		if at++; at > to {
			break
		}
		if at >= from {
			lines = append(lines, strings.TrimRight(line, "\r\n"))
		}
	}
	return lines
}

// excerptOf returns the part of a line around a column, which counts characters from one, in at most so many cells of a terminal,
// and how many cells stand before the column. What a terminal would obey, or hide, is shown as Plain shows it, each
// character alone: the count of columns stays right.
func excerptOf(line string, column, cells int) (shown string, before int) {
	characters := []rune(line)
	at := min(max(column-1, 0), len(characters))
	begin := 0
	if !fits(characters, cells) {
		begin = window(characters, at, cells*2/3)
	}
	// Characters without a width of their own are not bounded by cells.
	end := min(begin+cells*2, len(characters))
	var text strings.Builder
	used := 0
	if begin > 0 {
		text.WriteString("…")
		used = 1
	}
	before = used
	for i := begin; i < end; i++ {
		if i == at {
			before = used
		}
		one, size := cell(characters[i], used)
		if last := i == len(characters)-1; used+size > cells || !last && used+size > cells-1 {
			end = i
			break
		}
		text.WriteString(one)
		used += size
	}
	if end < len(characters) {
		text.WriteString("…")
	}
	if at >= end {
		before = used
	}
	return text.String(), before
}

// fits tells whether a line takes at most so many cells.
func fits(characters []rune, cells int) bool {
	if len(characters) > cells {
		return false
	}
	used := 0
	for _, character := range characters {
		_, size := cell(character, used)
		used += size
	}
	return used <= cells
}

// window returns the first character of those that stand before one and take at most so many cells.
func window(characters []rune, at, cells int) int {
	begin, used := at, 0
	for begin > 0 && at-begin < cells {
		_, size := cell(characters[begin-1], 0)
		if used += size; used > cells {
			break
		}
		begin--
	}
	return begin
}

// cell returns how a character is shown that stands behind so many cells, and how many it takes.
// https://www.unicode.org/reports/tr11/
func cell(character rune, used int) (shown string, size int) {
	if character == '\t' {
		size = tabStop - used%tabStop
		return strings.Repeat(" ", size), size
	}
	if character >= ' ' && character <= '~' {
		return string(character), 1
	}
	const zeroWidthJoiner = '\u200D'
	for _, visible := range checklist.Plain(string(character)) {
		character = visible
	}
	if character == zeroWidthJoiner || unicode.In(character, unicode.Mn, unicode.Me) {
		return string(character), 0
	}
	switch width.LookupRune(character).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return string(character), 2
	}
	return string(character), 1
}
