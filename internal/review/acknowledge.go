package review

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/nearest"
)

// acknowledgement is one comment that accepts findings of some rules:
//
//	-- airlock:allow drop-column because="moved to profiles in v12" until=2027-01-31
type acknowledgement struct {
	rules  []string
	reason string
	until  time.Time
	line   int
	// target is where the statement begins that it stands above, zero when none follows.
	target place
	// unused are the rules of which nothing is found.
	unused []string
	// fault is why it does not count.
	fault string
}

type acknowledging struct {
	file *File
	all  []*acknowledgement
}

// allow is the form of the comment; the parts behind the rules may come in any order.
var allow = regexp.MustCompile(`^--+\s*airlock:allow\b\s*([^"=]*?)\s*((?:\b(?:because|until)=(?:"[^"]*"|\S+)\s*)*)$`)

var part = regexp.MustCompile(`(because|until)=("[^"]*"|\S+)`)

// acknowledgements reads those of a file. Each counts for the statement that begins below it, or on whose lines it stands;
// for findings about the whole file it may stand anywhere.
func acknowledgements(file *File, rules []Rule) *acknowledging {
	a := &acknowledging{file: file}
	for _, comment := range file.Source.Comments {
		one := &acknowledgement{line: comment.Line, target: a.below(comment.Line)}
		one.read(comment.Text, rules)
		a.all = append(a.all, one)
	}
	return a
}

// below returns where the first statement begins that does not end above a line.
func (a *acknowledging) below(line int) place {
	for _, text := range slices.Concat(a.file.up, a.file.down) {
		for _, one := range text.statements {
			if end, _ := text.Place(one.Offset + len(one.Text)); end >= line {
				return placeOf(text, one.Offset)
			}
		}
		if text.err != nil && text.EndLine() >= line {
			return placeOf(text, 0)
		}
	}
	return place{}
}

func placeOf(text parsed, offset int) place {
	line, column := text.Place(offset)
	return place{line, column}
}

func (a *acknowledgement) read(text string, rules []Rule) {
	found := allow.FindStringSubmatch(text)
	if found == nil {
		a.fault = `it is not of the form -- airlock:allow RULE because="…" until=YYYY-MM-DD`
		return
	}
	a.rules = strings.FieldsFunc(found[1], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	for _, one := range part.FindAllStringSubmatch(found[2], -1) {
		value := strings.Trim(one[2], `"`)
		if one[1] == "because" {
			a.reason = strings.TrimSpace(value)
			continue
		}
		until, err := time.Parse(time.DateOnly, value)
		if err != nil {
			a.fault = fmt.Sprintf("%.40q is not a day: write until=YYYY-MM-DD", value)
			return
		}
		a.until = until
	}
	switch {
	case len(a.rules) == 0:
		a.fault = "it names no rule"
	case len(a.reason) < 3:
		a.fault = `it gives no reason: write because="…"`
	}
	for _, id := range a.rules {
		if !slices.ContainsFunc(rules, func(rule Rule) bool { return rule.ID == id }) {
			a.fault = fmt.Sprintf("there is no rule %.60q", id)
			if near, found := nearest.Name(id, ids(rules)); found {
				a.fault += "; did you mean " + near + "?"
			}
		}
	}
}

func ids(rules []Rule) []string {
	all := make([]string, len(rules))
	for i, rule := range rules {
		all[i] = rule.ID
	}
	return all
}

// apply marks the findings that are acknowledged, and returns what is wrong with the acknowledgements.
func (a *acknowledging) apply(findings []Finding, today time.Time, r *reviewing) []Finding {
	var about []Finding
	say := func(id string, one *acknowledgement, format string, arguments ...any) {
		rule := r.rule(id)
		about = append(about, Finding{
			Rule: rule.ID, Severity: rule.Severity, File: a.file.Path, Line: one.line, Column: 1, EndLine: one.line, Message: fmt.Sprintf(format, arguments...),
			Why: rule.Why, Tables: []string{}, Docs: rule.Docs(),
		})
	}
	day := today.UTC().Truncate(24 * time.Hour)
	for _, one := range a.all {
		if one.fault != "" {
			say("invalid-acknowledgement", one, "this acknowledges nothing: %s", one.fault)
			continue
		}
		one.unused = slices.Clone(one.rules)
		expired := !one.until.IsZero() && day.After(one.until)
		for i := range findings {
			finding := &findings[i]
			if !slices.Contains(one.rules, finding.Rule) || finding.begin != (place{}) && finding.begin != one.target {
				continue
			}
			one.unused = slices.DeleteFunc(one.unused, func(id string) bool { return id == finding.Rule })
			if expired || !acknowledgeable(finding.Rule) {
				continue
			}
			if finding.Acknowledged = one.reason; !one.until.IsZero() {
				finding.Until = one.until.Format(time.DateOnly)
			}
		}
		switch {
		case len(one.unused) > 0:
			say("unused-acknowledgement", one, "nothing is found that this acknowledges: %s", strings.Join(one.unused, ", "))
		case expired:
			say("expired-acknowledgement", one, "this acknowledgement held until %s", one.until.Format(time.DateOnly))
		}
	}
	return about
}

// Acknowledgeable tells whether a person may accept what the rule finds.
func (r Rule) Acknowledgeable() bool { return acknowledgeable(r.ID) }

// acknowledgeable tells whether a person may accept what a rule finds. What goose refuses fails no matter what a comment says,
// and where a file is gone there is no place for one.
func acknowledgeable(id string) bool {
	return id != "duplicate-version" && id != "deleted-migration"
}
