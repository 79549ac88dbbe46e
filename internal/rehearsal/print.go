package rehearsal

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// What is printed is bounded: the JSON document has all of it.
const (
	maximumLines = 20
	lineLimit    = 400
)

// WriteText prints the report for a terminal or a log, migration by migration. It returns the error of w.
func WriteText(w io.Writer, report Report, style checklist.Style) error {
	var text strings.Builder
	paint := func(code, what string) string {
		if !style.Color {
			return what
		}
		return "\x1b[" + code + "m" + what + "\x1b[0m"
	}
	for _, one := range report.Migrations {
		mark, color := "✓", "32"
		if !one.good() {
			mark, color = "!", "33"
		}
		if one.failed() {
			mark, color = "✗", "31"
		}
		fmt.Fprintf(&text, "%s %s: %s\n", paint(color, mark), paint("1", plain(one.File.Name)), one.verdict())
		for _, line := range one.lines(report.ForecastFor) {
			text.WriteString("    " + line + "\n")
		}
	}
	for _, line := range report.notes() {
		text.WriteString(line + "\n")
	}
	text.WriteString(report.summary() + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// Markdown returns the report for a job's summary.
func Markdown(report Report) string {
	var text strings.Builder
	badge := map[checklist.Verdict]string{checklist.Pass: "✅", checklist.Warn: "⚠️", checklist.Fail: "❌"}[report.Verdict()]
	fmt.Fprintf(&text, "## %s Rehearsal of migrations\n\n%s\n", badge, checklist.EscapeMarkdown(report.summary()))
	for _, line := range report.notes() {
		fmt.Fprintf(&text, "\n%s\n", checklist.EscapeMarkdown(line))
	}
	if len(report.Migrations) == 0 {
		return text.String()
	}
	fmt.Fprintf(&text, "\n| migration | way back | up | down | up again |\n| --- | --- | ---: | ---: | ---: |\n")
	for _, one := range report.Migrations {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s |\n", checklist.EscapeMarkdown(plain(one.File.Name)), checklist.EscapeMarkdown(one.verdict()), took(one.Up), took(one.Down), took(one.Again))
	}
	for _, one := range report.Migrations {
		// What SQL holds must not end the fence.
		lines := strings.ReplaceAll(strings.Join(one.lines(report.ForecastFor), "\n"), "`", "'")
		fmt.Fprintf(&text, "\n<details><summary>%s</summary>\n\n```text\n%s\n```\n</details>\n", checklist.EscapeMarkdown(plain(one.File.Name)), lines)
	}
	return text.String()
}

func took(run *Run) string {
	switch {
	case run == nil:
		return "–"
	case run.Failed != "":
		return "failed"
	}
	return run.Took.String()
}

func plain(text string) string { return checklist.Shorten(checklist.OneLine(text), lineLimit) }

// verdict says in words what became of the way back.
func (m Migration) verdict() string {
	verdict := "the way back is " + string(m.WayBack)
	switch {
	case len(m.Losses) > 0:
		verdict += ", and loses data"
	case m.Uncertain:
		verdict += "; whether data is lost is not known"
	}
	return verdict
}

// notes say what holds for the whole rehearsal.
func (r Report) notes() []string {
	var notes []string
	if r.On != "" {
		notes = append(notes, plain(fmt.Sprintf("On %s, from version %d", r.On, r.Version)))
	}
	switch {
	case r.Unreached != "" && r.Asked != nil:
		notes = append(notes, plain(fmt.Sprintf("Not from version %d: %s", *r.Asked, r.Unreached)))
	case r.Unreached != "":
		notes = append(notes, plain(r.Unreached))
	}
	if r.Untracked {
		notes = append(notes, "There were tables before the first migration: if they were made by migrations, goose's table, goose_db_version, is missing or has another name")
	}
	if len(r.Ignored) > 0 {
		notes = append(notes, plain("Passed over, because their names do not begin with a version: "+strings.Join(r.Ignored, ", ")))
	}
	if r.Left != "" {
		notes = append(notes, plain(r.Left))
	}
	if r.Rowless {
		notes = append(notes, "The copy has no rows: the database is too large for it. What is said of times and of rows is not that of the data.")
	}
	return notes
}

// summary says what was rehearsed, and how it ended.
func (r Report) summary() string {
	if len(r.Migrations) == 0 {
		return fmt.Sprintf("Nothing to rehearse: nothing is pending at version %d", r.Version)
	}
	counts := map[WayBack]int{}
	losing := 0
	for _, one := range r.Migrations {
		if counts[one.WayBack]++; len(one.Losses) > 0 {
			losing++
		}
	}
	parts := []string{}
	for _, verdict := range []WayBack{Proven, Unproven, Impossible} {
		if counts[verdict] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[verdict], verdict))
		}
	}
	if losing > 0 {
		parts = append(parts, fmt.Sprintf("%d with losses", losing))
	}
	what := "migrations"
	if len(r.Migrations) == 1 {
		what = "migration"
	}
	return fmt.Sprintf("Rehearsed %d %s from version %d, way back: %s", len(r.Migrations), what, r.Version, strings.Join(parts, ", "))
}

// lines says all about one migration.
func (m Migration) lines(forecastFor string) []string {
	var lines []string
	if m.Up != nil {
		lines = append(lines, fmt.Sprintf("up %s, down %s, up again %s", took(m.Up), took(m.Down), took(m.Again)))
	}
	for _, reason := range m.Reasons[:min(len(m.Reasons), maximumLines)] {
		lines = append(lines, plain("✗ "+reason))
	}
	if len(m.Without) > 0 {
		lines = append(lines, plain("on a copy that lacks "+strings.Join(m.Without, ", ")))
	}
	for _, loss := range m.Losses[:min(len(m.Losses), maximumLines)] {
		lines = append(lines, plain("! "+lost(loss)))
	}
	for _, note := range m.Notes[:min(len(m.Notes), maximumLines)] {
		lines = append(lines, plain(note))
	}
	for _, table := range m.Order[:min(len(m.Order), maximumLines)] {
		lines = append(lines, plain("the columns of "+table+" are in another order, which only SELECT * sees"))
	}
	for _, run := range []struct {
		name string
		run  *Run
	}{{"up", m.Up}, {"down", m.Down}} {
		if run.run != nil && len(run.run.Statements) > 0 {
			lines = append(append(lines, run.name+":"), run.run.lines(forecastFor)...)
		}
	}
	return lines
}

// lost says what is lost of a table.
func lost(change fingerprint.Change) string {
	text := change.Message
	for _, column := range change.Columns {
		switch {
		case column.Lost > 0:
			text += fmt.Sprintf("; %s of %s lost", count(column.Lost, "value"), column.Column)
		case column.Other && change.Lost == 0:
			text += "; values of " + column.Column + " are others"
		}
	}
	return text
}

func count(number int64, what string) string {
	if number == 1 {
		return "1 " + what
	}
	return humanize.Comma(number) + " " + what + "s"
}

// lines says what the statements did.
func (r *Run) lines(forecastFor string) []string {
	var lines []string
	const indent = "             "
	for i, one := range r.Statements {
		if i == maximumLines {
			lines = append(lines, fmt.Sprintf("  and %d more", len(r.Statements)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("  %9s  %s", one.Took, plain(checklist.Shorten(one.SQL, 100))))
		for _, more := range [][]string{one.locks(), {strings.Join(one.did(), " · ")}, one.Forecast.lines(forecastFor)} {
			for _, line := range more {
				if line != "" {
					lines = append(lines, indent+plain(line))
				}
			}
		}
	}
	if r.Temporary > 0 {
		lines = append(lines, fmt.Sprintf("  temporary files of the database took %s", humanize.IBytes(uint64(r.Temporary))))
	}
	for _, remark := range r.Remarks[:min(len(r.Remarks), maximumLines)] {
		lines = append(lines, plain("  ! "+remark))
	}
	return lines
}

// locks says which locks others notice: with ACCESS SHARE and ROW SHARE, those of reading, they wait for a schema change only.
func (s Statement) locks() []string {
	var lines []string
	for _, lock := range s.Locks {
		if lock.Mode == "ACCESS SHARE" || lock.Mode == "ROW SHARE" {
			continue
		}
		size := ""
		if at := slices.IndexFunc(s.Tables, func(table Table) bool { return table.Table == lock.Table }); at >= 0 && s.Tables[at].Rows >= 0 {
			size = fmt.Sprintf(" (%s, %s)", count(s.Tables[at].Rows, "row"), humanize.IBytes(uint64(s.Tables[at].Bytes)))
		}
		line := fmt.Sprintf("%s on %s%s for %s: blocks %s", lock.Mode, lock.Table, size, lock.Held, strings.Join(lock.Blocks, ", "))
		if s.Sampled {
			line += ", sampled"
		}
		lines = append(lines, line)
	}
	return lines
}

// did says what became of rows and files.
func (s Statement) did() []string {
	var did []string
	if len(s.Rewritten) > 0 {
		did = append(did, "writes anew "+strings.Join(s.Rewritten, ", "))
	}
	for _, table := range slices.Sorted(maps.Keys(s.Scanned)) {
		did = append(did, fmt.Sprintf("reads %s of %s", count(s.Scanned[table], "row"), table))
	}
	for _, table := range slices.Sorted(maps.Keys(s.Written)) {
		did = append(did, fmt.Sprintf("changes %s of %s", count(s.Written[table], "row"), table))
	}
	if s.WAL >= 1<<20 {
		did = append(did, "the cluster wrote "+humanize.IBytes(uint64(s.WAL))+" ahead")
	}
	return did
}

// lines says what is foretold.
func (f *Forecast) lines(environment string) []string {
	if f == nil || environment == "" {
		return nil
	}
	var lines []string
	switch {
	case f.Unknown != "":
		lines = append(lines, fmt.Sprintf("forecast for %s: not possible for %s of %s: %s", environment, count(max(0, f.RowsThere), "row"), f.Table, f.Unknown))
	case f.Table != "":
		lines = append(lines, fmt.Sprintf("forecast for %s: %s for %s of %s, at %s a second", environment, f.Takes, count(f.RowsThere, "row"), f.Table, count(f.PerSecond, "row")))
	}
	if len(f.Outlasts) > 0 {
		lines = append(lines, fmt.Sprintf("forecast for %s: holds %s for %s, longer than the lock-timeout: whoever waits so long has it ended", environment, strings.Join(f.Outlasts, ", "), f.Held))
	}
	return lines
}
