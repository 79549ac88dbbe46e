package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Position is a place in a config file; Line and Column count from 1, Column in characters.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String returns file:line:column, which terminals and editors make a link of.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Finding is one thing that is wrong with a config file.
type Finding struct {
	Position
	// Path is the key, such as "environments.production.window"; empty when it is the file as a whole.
	Path string `json:"path,omitempty"`
	// Message says what is wrong and what was expected; it never holds the value of a secret.
	Message string `json:"message"`
}

// String returns the finding as one line.
func (f Finding) String() string {
	if f.Path == "" {
		return f.Position.String() + ": " + f.Message
	}
	return f.Position.String() + ": " + f.Path + ": " + f.Message
}

// Invalid is the error of a config file that is wrong; errors.As finds it in what Parse, Load and the expansions return.
type Invalid struct {
	// Findings are in the order of the file.
	Findings []Finding
}

// shownFindings is how many findings the text of an error has.
const shownFindings = 20

// Error returns one line for each finding, at most twenty, then how many more there are.
func (i *Invalid) Error() string {
	var lines []string
	for _, finding := range i.Findings[:min(shownFindings, len(i.Findings))] {
		lines = append(lines, finding.String())
	}
	if more := len(i.Findings) - shownFindings; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// invalid returns the findings as a problem, or nil when there are none.
func invalid(findings []Finding, hint string) error {
	if len(findings) == 0 {
		return nil
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problem.Wrong(hint, "%w", &Invalid{Findings: findings})
}
