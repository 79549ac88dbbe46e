package review

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// The colours of a terminal (ECMA-48, SGR).
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	blue    = "34"
	noColor = ""
)

// WriteText prints the report for a terminal or a log, file by file: the findings in full, information and what is acknowledged
// on one line each, and what the migration means as a whole; at the end the verdict, and what to do when it is blocked. It
// returns the error of w.
func WriteText(w io.Writer, report Report, style checklist.Style) error {
	p := &textPrint{style: style, sources: report.Sources}
	for _, file := range report.byFile() {
		p.file(file)
	}
	p.end(report)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// textPrint collects what is printed.
type textPrint struct {
	style   checklist.Style
	sources map[string]string
	text    strings.Builder
}

func (p *textPrint) paint(code, text string) string {
	if !p.style.Color || text == "" || code == noColor {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *textPrint) line(parts ...string) {
	p.text.WriteString(strings.TrimRight(strings.Join(parts, ""), " ") + "\n")
}

func (p *textPrint) file(file fileReport) {
	short := file.migration != nil
	for _, finding := range file.findings {
		switch finding.standing() {
		case Information:
			short = true
			p.head(finding, finding.sentence())
		case acknowledgedStanding:
			short = true
			p.head(finding, finding.sentence()+" → "+finding.allowance())
		default:
			p.finding(finding)
		}
	}
	if file.migration != nil {
		p.migration(*file.migration)
	}
	if short { // A finding in full ends with a blank line of its own.
		p.line()
	}
}

// head prints the line that says where a finding is and which rule found it, with more behind it.
func (p *textPrint) head(finding Finding, more string) {
	standing := finding.standing()
	color := map[Severity]string{Blocking: red, Warning: yellow, Information: blue, acknowledgedStanding: dim}[standing]
	if more != "" {
		more = ": " + more
	}
	p.line(p.paint(bold, finding.place()+":"), " ", p.paint(color, string(standing)+":"), " ", p.paint(bold, shortLine(finding.Rule, pathLimit)), more)
}

func (p *textPrint) finding(finding Finding) {
	p.head(finding, "")
	p.excerpt(finding)
	p.wrapped("", finding.sentence())
	if why := shortLine(finding.Why, messageLimit); why != "" {
		p.wrapped("why: ", why)
	}
	if lock := shortLine(finding.Lock, messageLimit); lock != "" {
		p.wrapped("lock: ", lock)
	}
	if lines := finding.suggested(); lines != nil {
		p.line("  instead:")
		for _, line := range lines {
			p.line("      ", p.paint(green, line))
		}
	}
	if docs := shortLine(finding.Docs, pathLimit); docs != "" {
		p.line("  ", p.paint(dim, "see: "+docs))
	}
	p.line()
}

// excerpt prints the line of the file that the finding is about, with a caret below its column.
func (p *textPrint) excerpt(finding Finding) {
	line, found := sourceLine(p.sources[finding.File], finding.Line)
	if !found {
		return
	}
	const narrowest, widest = 40, 120
	number := strconv.Itoa(finding.Line)
	margin := "  " + strings.Repeat(" ", len(number)) + " │ "
	width := widest
	if p.style.Width > 0 {
		width = min(max(p.style.Width-utf8.RuneCountInString(margin), narrowest), widest)
	}
	shown, before := excerptOf(line, finding.Column, width)
	p.line("  ", p.paint(dim, number+" │ "), shown)
	p.line(p.paint(dim, margin), strings.Repeat(" ", before), p.paint(red, "^"))
}

// wrapped prints text below a finding, broken at spaces where the terminal ends.
func (p *textPrint) wrapped(title, text string) {
	const indent, narrowest = "  ", 30
	hanging := strings.Repeat(" ", len(title))
	width := p.style.Width - len(indent) - len(title)
	if p.style.Width == 0 || width < narrowest {
		p.line(indent, p.paint(dim, title), strings.Join(strings.Fields(text), " "))
		return
	}
	current := ""
	for _, word := range strings.Fields(text) {
		if current != "" && utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > width {
			p.line(indent, p.paint(dim, title), current)
			title, current = hanging, ""
		}
		current = strings.TrimPrefix(current+" "+word, " ")
	}
	p.line(indent, p.paint(dim, title), current)
}

// migration prints what a whole migration means.
func (p *textPrint) migration(m Migration) {
	mark, color, suits := "✓", green, "the previous version works on it"
	if m.Reversible != ReversibleYes {
		mark, color = "!", yellow
	}
	if !m.PreviousVersionCompatible {
		mark, color, suits = "!", yellow, "the previous version does not work on it"
	}
	p.line(p.paint(color, mark), " ", p.paint(bold, shortLine(m.File, pathLimit)), ": ", m.reversibleWords(), "; ", suits)
	back, previous := m.reasonsApart()
	p.reasons("way back: ", back)
	p.reasons("previous version: ", previous)
	p.reasons("locks: ", m.Locks)
}

func (p *textPrint) reasons(title string, reasons []string) {
	for _, reason := range reasons {
		p.wrapped(title, shortLine(reason, messageLimit))
		title = strings.Repeat(" ", len(title))
	}
}

// end prints the verdict, and what to do next.
func (p *textPrint) end(report Report) {
	verdict, found, looked := report.summary()
	color := map[checklist.Verdict]string{checklist.Pass: green, checklist.Warn: yellow, checklist.Skip: dim, checklist.Fail: red}[report.Verdict()]
	p.line(p.paint(color, fmt.Sprintf("%s: %s", verdict, found)), " · ", looked)
	if report.Verdict() != checklist.Fail {
		return
	}
	lead, comment := report.remedy()
	p.line("  → ", lead)
	if comment != "" {
		p.line("      ", p.paint(green, comment))
	}
}
