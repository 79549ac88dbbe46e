package review

import (
	"maps"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// Document returns the report for machines: what is encoded has no list that is null, and the verdict at its end.
func Document(report Report) any {
	report.Findings = append([]Finding{}, report.Findings...)
	for i := range report.Findings {
		report.Findings[i].Tables = append([]string{}, report.Findings[i].Tables...)
	}
	report.Migrations = append([]Migration{}, report.Migrations...)
	for i := range report.Migrations {
		report.Migrations[i].Reasons = append([]string{}, report.Migrations[i].Reasons...)
	}
	return struct {
		Report
		Verdict checklist.Verdict `json:"verdict"`
	}{report, report.Verdict()}
}

// Rewritten returns the report with other paths and texts: path makes of each file's path the one by which its reader knows it, as
// below a repository's root, and text keeps secrets out before anything is cut, which could halve one. Nil changes nothing.
func Rewritten(report Report, path, text func(string) string) Report {
	same := func(text string) string { return text }
	if path == nil {
		path = same
	}
	if text == nil {
		text = same
	}
	each := func(all []string) []string {
		all = slices.Clone(all)
		for i := range all {
			all[i] = text(all[i])
		}
		return all
	}
	report.Findings = slices.Clone(report.Findings)
	for i := range report.Findings {
		f := &report.Findings[i]
		f.File, f.Tables = path(f.File), each(f.Tables)
		for _, field := range []*string{&f.File, &f.Message, &f.Why, &f.Lock, &f.Suggestion, &f.Acknowledged} {
			*field = text(*field)
		}
	}
	report.Migrations = slices.Clone(report.Migrations)
	for i := range report.Migrations {
		m := &report.Migrations[i]
		m.File, m.Reasons, m.Locks = text(path(m.File)), each(m.Reasons), each(m.Locks)
	}
	sources := make(map[string]string, len(report.Sources))
	for _, file := range slices.Sorted(maps.Keys(report.Sources)) {
		sources[text(path(file))] = text(report.Sources[file])
	}
	report.Sources = sources
	return report
}
