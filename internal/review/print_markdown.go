package review

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

const (
	// CommentMarker begins the comment on a pull request: by it the comment is found again. Markdown does not show it.
	CommentMarker = "<!-- airlock:review -->"
	// CommentLimit is how much a comment may hold. GitHub counts characters, of which there are never more than bytes.
	CommentLimit = 65536
	// SummaryLimit is how many bytes of a job's summary a report may take; GitHub allows a step 1 MiB.
	// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
	SummaryLimit = 1000 << 10
)

// Comment returns the report as the one comment on a pull request: Markdown that begins with CommentMarker and fits.
func Comment(report Report) string {
	return CommentMarker + "\n" + markdownOf(report, CommentLimit-len(CommentMarker)-1)
}

// Markdown returns the report for a job's summary.
func Markdown(report Report) string { return markdownOf(report, SummaryLimit) }

// WriteMarkdown prints the report for a comment or a job's summary in at most limit bytes: the verdict, a table of the migrations,
// what blocks and warns with the suggested SQL folded, what is acknowledged, and information folded. What does not fit is left
// out whole, and counted. It returns the error of w.
func WriteMarkdown(w io.Writer, report Report, limit int) error {
	_, err := io.WriteString(w, markdownOf(report, limit))
	return err
}

// badge says a report's verdict at a glance.
func badge(verdict checklist.Verdict) string {
	switch verdict {
	case checklist.Pass:
		return "✅"
	case checklist.Warn:
		return "⚠️"
	case checklist.Skip:
		return "➖"
	}
	return "❌"
}

func markdownOf(report Report, limit int) string {
	m := &markdownPrint{room: limit - noteReserve}
	verdict, found, looked := report.summary()
	m.add(fmt.Sprintf("## %s Migration review: %s\n\n**%s** · %s\n\n", badge(report.Verdict()), strings.ToLower(verdict), found, looked))
	if report.Verdict() == checklist.Fail {
		lead, comment := report.remedy()
		if comment != "" {
			lead += " `" + comment + "`"
		}
		m.add("What to do: " + lead + "\n\n")
	}
	files := report.byFile()
	m.table(files)
	for _, section := range []struct {
		standing Severity
		title    string
	}{{Blocking, "### Blocking\n\n"}, {Warning, "### Warnings\n\n"}} {
		m.list(section.title, "", files, section.standing, Finding.markdown)
	}
	m.list("### Acknowledged\n\n", "\n", files, acknowledgedStanding, func(f Finding) string {
		return fmt.Sprintf("- %s in %s: %s → %s\n", f.ruleMarkdown(), f.placeMarkdown(), escaped(f.Message), checklist.EscapeMarkdown(f.allowance()))
	})
	m.list("<details><summary>Information</summary>\n\n", "\n</details>\n\n", files, Information, func(f Finding) string {
		return fmt.Sprintf("- %s in %s: %s\n", f.ruleMarkdown(), f.placeMarkdown(), escaped(f.Message))
	})
	return m.end()
}

// noteReserve is the room that is kept for the note of what is not shown.
const noteReserve = 200

// markdownPrint collects blocks as long as there is room.
type markdownPrint struct {
	text strings.Builder
	// room is how many bytes are left.
	room int
	// findings and migrations are how many found no room.
	findings, migrations int
}

// add takes a block when there is room for it.
func (m *markdownPrint) add(block string) bool {
	if len(block) > m.room {
		return false
	}
	m.text.WriteString(block)
	m.room -= len(block)
	return true
}

// table takes a row for each migration, in a third of the room: the findings say more.
func (m *markdownPrint) table(files []fileReport) {
	const head = "| migration | findings | way back | previous version | locks |\n| --- | --- | --- | --- | --- |\n"
	rest := m.room
	m.room /= 3
	var rows strings.Builder
	for _, file := range files {
		switch row := file.row(); {
		case file.migration == nil:
		case rows.Len()+len(head)+len(row)+1 > m.room:
			m.migrations++
		default:
			rows.WriteString(row)
		}
	}
	m.room = rest
	if rows.Len() > 0 {
		m.add(head + rows.String() + "\n")
	}
}

// row is a migration as a row of the table.
func (f fileReport) row() string {
	if f.migration == nil {
		return ""
	}
	found := severityCounts(f.findings)
	mark, suits := "✅", "works"
	if !f.migration.PreviousVersionCompatible {
		mark, suits = "⚠️", "⚠️ does not work"
	}
	if found.warnings > 0 || f.migration.Reversible != ReversibleYes {
		mark = "⚠️"
	}
	if found.blocking > 0 {
		mark = "❌"
	}
	way := f.migration.reversibleWords()
	if f.migration.Reversible != ReversibleYes {
		way = "⚠️ " + way
	}
	back, previous := f.migration.reasonsApart()
	return fmt.Sprintf("| %s %s | %s | %s | %s | %s |\n", mark, codeMarkdown(shortLine(f.path, pathLimit)), cmp.Or(found.words(), " "),
		cellMarkdown(way, back), cellMarkdown(suits, previous), cellMarkdown("", f.migration.Locks))
}

// cellMarkdown is a word and what is said about it, each on a line of its own in a cell of a table.
func cellMarkdown(word string, about []string) string {
	const most = 5
	var lines []string
	if word != "" {
		lines = append(lines, word)
	}
	for i, one := range about {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(about)-most))
			break
		}
		lines = append(lines, checklist.EscapeMarkdown(shortLine(one, pathLimit)))
	}
	return cmp.Or(strings.Join(lines, "<br>"), " ")
}

// list takes the findings of one standing between a beginning and an end, as many as there is room for.
func (m *markdownPrint) list(begin, end string, files []fileReport, standing Severity, print func(Finding) string) {
	m.room -= len(begin) + len(end)
	started := false
	for _, file := range files {
		for _, finding := range file.findings {
			if finding.standing() != standing {
				continue
			}
			block := print(finding)
			if len(block) > m.room {
				m.findings++
				continue
			}
			if !started {
				m.text.WriteString(begin)
				started = true
			}
			m.add(block)
		}
	}
	if started {
		m.text.WriteString(end)
	} else {
		m.room += len(begin) + len(end)
	}
}

// end returns what was collected, with a note of what was not.
func (m *markdownPrint) end() string {
	var missing []string
	if m.findings > 0 {
		missing = append(missing, count(int64(m.findings), "finding"))
	}
	if m.migrations > 0 {
		missing = append(missing, count(int64(m.migrations), "migration"))
	}
	if len(missing) > 0 {
		m.room += noteReserve
		m.add(fmt.Sprintf("_Not shown, for want of room: %s. The log of the run has everything._\n", strings.Join(missing, " and ")))
	}
	return m.text.String()
}

// markdown is a finding in full.
func (f Finding) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "**%s** in %s: %s\n\n", f.ruleMarkdown(), f.placeMarkdown(), escaped(f.Message))
	if why := escaped(f.Why); why != "" {
		text.WriteString(why + "\n\n")
	}
	if lock := escaped(f.Lock); lock != "" {
		text.WriteString("Lock: " + lock + "\n\n")
	}
	if lines := f.suggested(); lines != nil {
		text.WriteString("<details><summary>What to write instead</summary>\n\n" + fenced("sql", lines) + "\n</details>\n\n")
	}
	return text.String()
}

// escaped is a text from outside as one bounded line of Markdown.
func escaped(text string) string { return checklist.EscapeMarkdown(shortLine(text, messageLimit)) }

// fenced is a code block whose content cannot end it: the fence is longer than every run of its character.
// https://spec.commonmark.org/0.31.2/#fenced-code-blocks
func fenced(language string, lines []string) string {
	longest := 2
	for _, line := range lines {
		run := 0
		for _, character := range line {
			if run++; character != '`' {
				run = 0
			}
			longest = max(longest, run)
		}
	}
	fence := strings.Repeat("`", longest+1)
	return fence + language + "\n" + strings.Join(lines, "\n") + "\n" + fence + "\n"
}

// plainWord is what Markdown cannot take for markup within a code span.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,300}$`)

// codeMarkdown is a name set in code, or escaped when code would not hold it.
func codeMarkdown(text string) string {
	if plainWord.MatchString(text) {
		return "`" + text + "`"
	}
	return checklist.EscapeMarkdown(text)
}

// ruleMarkdown is the rule's name, with a link where it is one of ours.
func (f Finding) ruleMarkdown() string {
	rule := codeMarkdown(shortLine(f.Rule, pathLimit))
	if isPage(f.Docs) {
		return "[" + rule + "](" + f.Docs + ")"
	}
	return rule
}

// isPage tells whether an address is that of a page of ours, which needs no escaping.
func isPage(docs string) bool {
	page, ours := strings.CutPrefix(docs, DocsFolder)
	return ours && plainWord.MatchString(page)
}

func (f Finding) placeMarkdown() string {
	return codeMarkdown(shortLine(f.File, pathLimit)) + ", line " + strconv.Itoa(f.Line)
}
