package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/review"
)

// namedFindings bounds how many findings an item names: all of them are in the review itself.
const namedFindings = 3

// reviewed judges the migrations that come with the release into an environment: those above the schema version of the release
// that it serves. The record tells that one, so no database is asked.
func (p *planning) reviewed(ctx context.Context, environment config.Environment, current *history.Promotion) (checklist.Result, error) {
	set, err := p.call.MigrationSet()
	if err != nil {
		return checklist.Result{}, err
	}
	served := int64(0)
	if current != nil {
		served = current.Release.Schema
	}
	report, err := review.Review(ctx, review.Options{
		Set: set, Title: p.config.Migrations.Directory, Today: p.call.Now(), Applied: func(version int64) bool { return version <= served },
		SQLite: environment.Database.SQLite != "",
	})
	if err != nil {
		return checklist.Result{}, err
	}
	if len(report.Migrations) == 0 {
		return checklist.Passed("none is new"), nil
	}
	said := fmt.Sprintf("%d new, nothing blocks", len(report.Migrations))
	blocked := report.Blocked()
	if len(blocked) == 0 {
		return checklist.Passed(said), nil
	}
	var lines []string
	for _, finding := range blocked[:min(len(blocked), namedFindings)] {
		lines = append(lines, fmt.Sprintf("%s:%d: %s: %s", finding.File, finding.Line, finding.Rule, p.call.Redact(finding.Message)))
	}
	if more := len(blocked) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	verdict := checklist.Fail
	if current == nil {
		// Which of them the database has is in no record yet, and what is applied cannot be changed.
		verdict = checklist.Warn
	}
	return checklist.Result{Verdict: verdict, Evidence: strings.Join(lines, "\n"),
		Hint: "see all of it with `airlock migrate review`; change the migration, or say above the statement why it is right"}, nil
}
