package review_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/review"
)

// Whatever two files hold, a review ends without a panic, each finding is on a line that is there, all prints can be made, and
// what was not analysed blocks, but for what SQLite may take.
func FuzzReview(f *testing.F) {
	paths, err := filepath.Glob("examples/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		files := txtar.Parse(content).Files
		for _, one := range files[1:] {
			f.Add("-- +goose Up\n"+string(files[0].Data), string(one.Data))
		}
	}
	f.Add("-- +goose Up\nselect 1;", "-- +goose Up\n-- airlock:allow a, because=\"\nalter table \x00 add \xff;\n-- +goose Down\n-- +goose StatementBegin\n")
	f.Fuzz(func(t *testing.T, given, text string) {
		folder := fstest.MapFS{"00001_given.sql": {Data: []byte(given)}, "00002_file.sql": {Data: []byte(text)}}
		set, faults, err := migration.Inspect(folder, "m")
		if err != nil {
			t.Fatal(err)
		}
		options := review.Options{Set: set, Faults: faults, Title: "m", Today: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), SQLite: len(text)%5 == 0, Version: 13 + len(given)%6}
		if options.Version == 13 {
			options.Version = 0
		}
		report, err := review.Review(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range report.Findings {
			source := map[string]string{"m/00001_given.sql": given, "m/00002_file.sql": text}[finding.File]
			if lines := strings.Count(source, "\n") + 1; finding.Line < 1 || finding.Line > lines || finding.EndLine < finding.Line || finding.EndLine > lines || finding.Column < 1 {
				t.Errorf("%s is at line %d to %d, column %d of %d lines", finding.Rule, finding.Line, finding.EndLine, finding.Column, lines)
			}
		}
		if seen := report.Coverage; seen.Analysed > seen.Statements || seen.Analysed < seen.Statements && !told(report) {
			t.Errorf("%d of %d statements are analysed, and nothing says so", seen.Analysed, seen.Statements)
		}
		if err := review.WriteText(io.Discard, report, checklist.Style{}); err != nil {
			t.Error(err)
		}
		for _, document := range []any{review.Document(report), review.SARIF(report, review.Describe(review.Rules()), "v1")} {
			if _, err := json.Marshal(document); err != nil {
				t.Error(err)
			}
		}
		if comment := review.Comment(report); len(comment) > 65536 {
			t.Errorf("the comment has %d bytes", len(comment))
		}
		review.Annotations(report)
	})
}

// told tells whether something was found that could not be analysed.
func told(report review.Report) bool {
	return slices.ContainsFunc(report.Findings, func(finding review.Finding) bool { return finding.Rule == "not-analysed" })
}
