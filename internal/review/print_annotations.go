package review

import "strings"

// Annotation is a finding as a remark beside a line of a file, in plain text.
type Annotation struct {
	// Severity says how bad it is.
	Severity       Severity
	Title, Message string
	// File, Line, Column and EndLine are those of Finding.
	File                  string
	Line, Column, EndLine int
}

// annotatedSuggestion bounds the suggestion in an annotation, in characters: its window is small, and the log has it in full.
const annotatedSuggestion = 1000

// Annotations returns the findings, in their order. Those that are acknowledged are left out: the comment that accepts them
// stands beside the same line.
func Annotations(report Report) []Annotation {
	all := []Annotation{}
	for _, finding := range report.Findings {
		standing := finding.standing()
		if standing == acknowledgedStanding {
			continue
		}
		parts := []string{finding.sentence()}
		if why := shortLine(finding.Why, messageLimit); why != "" {
			parts = append(parts, why)
		}
		if lines := finding.suggested(); lines != nil {
			parts = append(parts, "Instead:\n"+shortened(lines, annotatedSuggestion))
		}
		all = append(all, Annotation{
			Severity: standing, Title: finding.Rule, Message: strings.Join(parts, "\n"),
			File: finding.File, Line: finding.Line, Column: finding.Column, EndLine: max(finding.EndLine, finding.Line),
		})
	}
	return all
}

// shortened joins whole lines, as many as fit, and says when there are more.
func shortened(lines []string, limit int) string {
	var text strings.Builder
	for _, line := range lines {
		if text.Len()+len(line) > limit {
			return strings.TrimSuffix(text.String(), "\n") + "\n…"
		}
		text.WriteString(line + "\n")
	}
	return strings.TrimSuffix(text.String(), "\n")
}
