package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// The most that one text of a report may take in a print, in characters: what a file holds is not bounded.
const (
	messageLimit    = 1000
	suggestionLimit = 4000
	pathLimit       = 300
)

// previousVersion begins the reasons that are about the version of the application that is served now.
const previousVersion = "the previous version: "

// Verdict returns fail when something blocks, warn when something is to be looked at, and skip when there was nothing to review.
// What nobody could analyse is not a pass, although a person may have accepted it.
func (r Report) Verdict() checklist.Verdict {
	found := severityCounts(r.Findings)
	switch {
	case found.blocking > 0:
		return checklist.Fail
	case found.warnings > 0, r.Coverage.Analysed < r.Coverage.Statements:
		return checklist.Warn
	case len(r.Findings) == 0 && len(r.Migrations) == 0:
		return checklist.Skip
	}
	return checklist.Pass
}

// verdictWords says a report's verdict.
func verdictWords(verdict checklist.Verdict) string {
	switch verdict {
	case checklist.Pass:
		return "Passed"
	case checklist.Warn:
		return "Passed with warnings"
	case checklist.Skip:
		return "Nothing to review"
	}
	return "Blocked"
}

// tallied is how many findings there are of each severity; those that are acknowledged count as nothing else.
type tallied struct{ blocking, warnings, information, acknowledged int }

func severityCounts(findings []Finding) tallied {
	var found tallied
	for _, finding := range findings {
		switch finding.standing() {
		case Blocking:
			found.blocking++
		case Warning:
			found.warnings++
		case Information:
			found.information++
		default:
			found.acknowledged++
		}
	}
	return found
}

// acknowledgedStanding is what an acknowledged finding counts as.
const acknowledgedStanding Severity = "acknowledged"

// standing returns what a finding counts as. A severity that nobody knows is the worst.
func (f Finding) standing() Severity {
	switch {
	case f.Acknowledged != "":
		return acknowledgedStanding
	case f.Severity == Warning || f.Severity == Information:
		return f.Severity
	}
	return Blocking
}

// words lists what there is, the worst first; empty when there is nothing.
func (t tallied) words() string {
	var parts []string
	for _, kind := range []struct {
		number    int
		one, more string
	}{
		{t.blocking, "blocking", "blocking"}, {t.warnings, "warning", "warnings"}, {t.information, "information", "information"},
		{t.acknowledged, "acknowledged", "acknowledged"},
	} {
		switch {
		case kind.number == 1:
			parts = append(parts, "1 "+kind.one)
		case kind.number > 1:
			parts = append(parts, fmt.Sprintf("%d %s", kind.number, kind.more))
		}
	}
	return strings.Join(parts, ", ")
}

// words says how much was looked at.
func (c Coverage) words() string {
	switch {
	case c.Statements == 0:
		return "no statements"
	case c.Analysed >= c.Statements:
		return count(int64(c.Statements), "statement") + ", all analysed"
	}
	return fmt.Sprintf("%d of %s analysed: the others are found as %s", c.Analysed, count(int64(c.Statements), "statement"), notAnalysed)
}

// summary says the verdict, what was found, and how much was looked at.
func (r Report) summary() (verdict, found, looked string) {
	return verdictWords(r.Verdict()), cmp.Or(severityCounts(r.Findings).words(), "nothing found"), r.Coverage.words()
}

// remedy says what to do about what blocks: lead is a sentence, and comment the line to write where a person may accept it.
func (r Report) remedy() (lead, comment string) {
	var rules []string
	for _, finding := range r.Blocked() {
		if acknowledgeable(finding.Rule) && !finding.unreadable && !slices.Contains(rules, finding.Rule) {
			rules = append(rules, finding.Rule)
		}
	}
	rule := "RULE"
	switch len(rules) {
	case 0:
		return "change the migrations: what blocks them cannot be accepted", ""
	case 1:
		if plainWord.MatchString(rules[0]) {
			rule = rules[0]
		}
	}
	return "change the migrations, or accept what is found with a comment above the statement:", `-- airlock:allow ` + rule + ` because="…" until=YYYY-MM-DD`
}

// reversibleWords says what the down section brings back.
func (m Migration) reversibleWords() string {
	switch m.Reversible {
	case ReversibleYes:
		return "reversible"
	case ReversibleWithLoss:
		return "reversible with data loss"
	}
	return "irreversible"
}

// reasonsApart tells what is said about the way back from what is said about the previous version.
func (m Migration) reasonsApart() (back, previous []string) {
	for _, reason := range m.Reasons {
		if rest, is := strings.CutPrefix(reason, previousVersion); is {
			previous = append(previous, rest)
		} else {
			back = append(back, reason)
		}
	}
	return back, previous
}

// fileReport is what is said about one file, its findings the worst first.
type fileReport struct {
	path      string
	findings  []Finding
	migration *Migration
}

// byFile returns the report file by file. Files that are no migrations come first: what is wrong with one of them can keep goose
// from running any.
func (r Report) byFile() []fileReport {
	var all []fileReport
	place := map[string]int{}
	for i, migration := range r.Migrations {
		place[migration.File] = len(all)
		all = append(all, fileReport{path: migration.File, migration: &r.Migrations[i]})
	}
	var others []fileReport
	otherPlace := map[string]int{}
	for _, finding := range r.Findings {
		if i, known := place[finding.File]; known {
			all[i].findings = append(all[i].findings, finding)
			continue
		}
		i, known := otherPlace[finding.File]
		if !known {
			i = len(others)
			otherPlace[finding.File] = i
			others = append(others, fileReport{path: finding.File})
		}
		others[i].findings = append(others[i].findings, finding)
	}
	all = append(others, all...)
	for _, file := range all {
		slices.SortStableFunc(file.findings, worstFirst)
	}
	return all
}

// worstFirst orders findings by what they count as.
func worstFirst(a, b Finding) int {
	order := []Severity{Blocking, Warning, Information, acknowledgedStanding}
	return cmp.Compare(slices.Index(order, a.standing()), slices.Index(order, b.standing()))
}

// shortLine returns text from outside as one bounded line.
func shortLine(text string, limit int) string {
	return checklist.Shorten(checklist.OneLine(text), limit)
}

// sentence is a finding's message, on one line.
func (f Finding) sentence() string { return shortLine(f.Message, messageLimit) }

// place is where a finding is, as editors and compilers write it.
func (f Finding) place() string {
	return fmt.Sprintf("%s:%d:%d", shortLine(f.File, pathLimit), f.Line, f.Column)
}

// allowance says why a finding was accepted, and for how long.
func (f Finding) allowance() string {
	text := shortLine(f.Acknowledged, messageLimit)
	if f.Until != "" {
		text += " (until " + shortLine(f.Until, messageLimit) + ")"
	}
	return text
}

// suggested is the suggestion as lines that a terminal only shows; nil when there is none.
func (f Finding) suggested() []string {
	text := checklist.Shorten(checklist.Plain(f.Suggestion), suggestionLimit)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for _, line := range lines {
		// A line break in a quoted name must not begin a command of the runner: it looks behind leading spaces too.
		// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "::") || strings.HasPrefix(line, "##[") {
			return nil
		}
	}
	return lines
}
