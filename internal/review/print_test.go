package review

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

var updatePrints = flag.Bool("update", false, "write what is printed into the golden files instead of comparing it")

// printedReport has something of everything that a report can hold.
func printedReport() Report {
	const dropping, adding = "migrations/00002_drop_name.sql", "migrations/00003_add_level.sql"
	return Report{
		Findings: []Finding{
			{
				Rule: "ignored-file", Severity: Warning, File: "migrations/readme.sql", Line: 1, Column: 1, EndLine: 1,
				Message: "its name does not begin with a version, so goose passes it over", Why: "Whoever wrote it believes that it runs.",
				Docs: DocsFolder + "ignored-file.md",
			},
			{
				Rule: "long-name", Severity: Information, File: dropping, Line: 3, Column: 1, EndLine: 3,
				Message: "the name heroes_of_the_realm is long", Docs: DocsFolder + "long-name.md",
			},
			{
				Rule: "drop-column", Severity: Blocking, File: dropping, Line: 4, Column: 5, EndLine: 4,
				Message: "the values of heroes.name are lost",
				Why:     "Its values are gone, and only a backup brings them back. The version of the application that still runs fails as soon as it asks for the column.",
				Lock:    "ACCESS EXCLUSIVE on heroes", Tables: []string{"heroes"},
				Suggestion: "-- first release a version of the application that does not know the column\nALTER TABLE heroes DROP COLUMN name;\n",
				Docs:       DocsFolder + "drop-column.md",
			},
			{
				Rule: "truncate", Severity: Blocking, File: dropping, Line: 6, Column: 1, EndLine: 6, Message: "the rows of scores are lost",
				Why: "They are gone.", Tables: []string{"scores"}, Docs: DocsFolder + "truncate.md",
				Acknowledged: "moved to season_scores in v12", Until: "2027-01-31",
			},
			{
				Rule: "lock-timeout", Severity: Warning, File: adding, Line: 2, Column: 7, EndLine: 3, Message: "it waits for its lock without an end",
				Why: "Everyone who comes after it waits too.", Lock: "ACCESS EXCLUSIVE on heroes", Tables: []string{"heroes"},
				Suggestion: "SET lock_timeout = '3s';", Docs: DocsFolder + "lock-timeout.md",
			},
		},
		Migrations: []Migration{
			{File: "migrations/00001_heroes.sql", Version: 1, Reversible: ReversibleYes, PreviousVersionCompatible: true},
			{
				File: dropping, Version: 2, Reversible: ReversibleWithLoss,
				Reasons: []string{"the values of heroes.name are lost", "the rows of scores are lost", previousVersion + "heroes.name is dropped"},
				Locks:   []string{"ACCESS EXCLUSIVE on heroes", "ACCESS EXCLUSIVE on scores"},
			},
			{
				File: adding, Version: 3, Reversible: ReversibleNo, PreviousVersionCompatible: true, Reasons: []string{"there is no down section"},
				Locks: []string{"ACCESS EXCLUSIVE on heroes"},
			},
		},
		Coverage: Coverage{Statements: 37, Analysed: 36}, Digest: "sha256:0123",
		Sources: map[string]string{
			dropping: "-- +goose Up\n-- +goose StatementBegin\nALTER TABLE heroes_of_the_realm\n\t日本 DROP COLUMN name;\n-- airlock:allow truncate\nTRUNCATE scores;\n",
			adding:   "-- +goose Up\r\n      ALTER TABLE heroes\r\n    ADD COLUMN level integer;\r\n",
		},
	}
}

// hostileReport has in every text what a print could be broken by.
func hostileReport() Report {
	const evil = "`a` | <img src=x onerror=y> @octocat #1 $x$ \x1b[31mred\x1b[2K \u202Egnp.exe\u202C\r\n::error file=x::forged\n##[error]forged <!-- airlock:review --> </details> ***"
	const file = "migrations/00001_`x`|<b>\x1b[0m\u202E:1.sql"
	suggestion := "````\nout of the fence\n```sql\n</details>\n::error::forged\n~~~~\n\x1b]0;title\x07" + strings.Repeat("very long ", 2000)
	long := strings.Repeat("x", 3000)
	finding := Finding{
		Rule: evil, Severity: Blocking, File: file, Line: 2, Column: 161, EndLine: 2, Message: evil + long, Why: evil, Lock: evil, Tables: []string{evil},
		Suggestion: suggestion, Docs: "javascript:alert(1)",
	}
	warning, information, accepted := finding, finding, finding
	warning.Severity, warning.Docs = Warning, DocsFolder+"x) [y](z"
	information.Severity = Information
	accepted.Acknowledged, accepted.Until = evil, evil
	return Report{
		Findings:   []Finding{finding, warning, information, accepted},
		Migrations: []Migration{{File: file, Reversible: Reversible(evil), Reasons: []string{evil, previousVersion + evil}, Locks: []string{evil}}},
		Coverage:   Coverage{Statements: 4, Analysed: 4}, Digest: evil,
		Sources: map[string]string{file: "-- +goose Up\n" + strings.Repeat("'\u202E日\x1b[31m\t', ", 20) + strings.Repeat("y", 5000) + "\n"},
	}
}

// goldenPrint compares a print with its file, or writes the file.
func goldenPrint(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "print", name)
	if *updatePrints {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func encodedPrint(t *testing.T, value any) string {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// acceptedReport is one that blocks nothing.
func acceptedReport() Report {
	report := printedReport()
	report.Findings = report.Findings[1:2]
	report.Migrations = report.Migrations[:1]
	report.Coverage.Analysed = report.Coverage.Statements
	return report
}

func TestPrints(t *testing.T) {
	t.Parallel()
	reports := map[string]Report{"blocked": printedReport(), "hostile": hostileReport(), "passed": acceptedReport(), "empty": {}}
	for name, report := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text, color, markdown strings.Builder
			err := WriteText(&text, report, checklist.Style{})
			if colorErr := WriteText(&color, report, checklist.Style{Color: true, Width: 80}); err != nil || colorErr != nil {
				t.Fatal(err, colorErr)
			}
			goldenPrint(t, name+".txt", text.String())
			goldenPrint(t, name+".color.txt", color.String())
			if err := WriteMarkdown(&markdown, report, SummaryLimit); err != nil {
				t.Fatal(err)
			}
			goldenPrint(t, name+".md", markdown.String())
			goldenPrint(t, name+".json", encodedPrint(t, Document(report)))
			goldenPrint(t, name+".sarif", encodedPrint(t, SARIF(report, []RuleDescription{
				{ID: "drop-column", Title: "A column is dropped", Why: "Its values are gone.", Lock: "ACCESS EXCLUSIVE on the table", Severity: Blocking, Docs: DocsFolder + "drop-column.md"},
				{ID: "long-name", Title: "A name is long", Why: "It is cut.", Severity: Information},
			}, "1.2.3")))
			goldenPrint(t, name+".annotations.json", encodedPrint(t, Annotations(report)))
		})
	}
}
