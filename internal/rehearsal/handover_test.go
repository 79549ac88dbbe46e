package rehearsal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
)

// What was rehearsed in one environment is handed on as text, and becomes a forecast for the next one.
func TestHandover(t *testing.T) {
	t.Parallel()
	const digest, other = "d1", "d2"
	rehearsed := func(change func(*rehearsal.Report)) rehearsal.Report {
		statement := at("alter table orders alter column total type bigint", 50*time.Millisecond, "ACCESS EXCLUSIVE", "orders", 1000)
		statement.Scanned, statement.Rewritten = map[string]int64{"orders": 1000}, []string{"orders"}
		report := rehearsal.Report{Digest: digest, Version: 3, Migrations: []rehearsal.Migration{{
			File: migration.File{Version: 4, Name: "00004_widen.sql"}, WayBack: rehearsal.Proven,
			Up: &rehearsal.Run{Took: rehearsal.Took(50 * time.Millisecond), Statements: []rehearsal.Statement{statement}}, Down: &rehearsal.Run{},
		}}}
		change(&report)
		return report
	}
	tests := []struct {
		name   string
		report rehearsal.Report
		rows   int64
		want   checklist.Verdict
		// evidence are parts of what is said.
		evidence []string
	}{
		{"as many rows", rehearsed(func(*rehearsal.Report) {}), 1000, checklist.Pass, []string{"Rehearsed 1 migration from version 3, way back: 1 proven", "forecast for all of them: 50 ms"}},
		{"so many rows that others would wait", rehearsed(func(*rehearsal.Report) {}), 100_000, checklist.Warn,
			[]string{"00004_widen.sql: forecast for production: holds ACCESS EXCLUSIVE on orders for 5000 ms", "forecast for all of them: 5000 ms"}},
		{"a way back that is none", rehearsed(func(r *rehearsal.Report) { r.Migrations[0].WayBack = rehearsal.Impossible }), 1000, checklist.Warn, []string{"way back: 1 impossible"}},
		{"a copy without rows", rehearsed(func(r *rehearsal.Report) { r.Rowless = true }), 100_000, checklist.Warn, []string{"the copy had no rows"}},
		{"another version", rehearsed(func(r *rehearsal.Report) { r.Version = 2 }), 1000, checklist.Warn, []string{"from version 2 was rehearsed", "is at 3", "proves nothing"}},
		{"other migrations", rehearsed(func(r *rehearsal.Report) { r.Digest = other }), 1000, checklist.Fail, []string{"other migrations were rehearsed"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			report, err := rehearsal.ReadHandover(test.report.Handover())
			if err != nil {
				t.Fatal(err)
			}
			report.Foretell("production", rehearsal.Sizes{"orders": {Table: "orders", Rows: test.rows}}, 3*time.Second)
			got := report.Item(digest, 3)
			if got.Verdict != test.want {
				t.Errorf("got %s", got.Verdict)
			}
			for _, part := range test.evidence {
				if !strings.Contains(got.Evidence, part) {
					t.Errorf("got %q, want %q in it", got.Evidence, part)
				}
			}
		})
	}
}

// A report that is too long is not handed on, and what is no report is refused.
func TestHandoverOfTooMuch(t *testing.T) {
	t.Parallel()
	long := rehearsal.Report{}
	for range 1000 {
		long.Migrations = append(long.Migrations, rehearsal.Migration{File: migration.File{Name: strings.Repeat("x", 100)}, Reasons: []string{"one", "two"}})
	}
	if text := long.Handover(); text != "" {
		t.Errorf("got %d bytes", len(text))
	}
	for _, text := range []string{"", "null and void", strings.Repeat(" ", 100_000), `{"migrations": {}}`} {
		if _, err := rehearsal.ReadHandover(text); err == nil {
			t.Errorf("%.20q is read", text)
		}
	}
}
