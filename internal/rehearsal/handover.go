package rehearsal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// handoverLimit bounds what is handed from job to job, in bytes: it goes through one variable of a process.
const handoverLimit = 60_000

// Handover returns the part of the report that a forecast for another environment needs, as JSON; empty when it is too long for that.
func (r Report) Handover() string {
	short := Report{Digest: r.Digest, Version: r.Version, Asked: r.Asked, Unreached: r.Unreached, Rowless: r.Rowless, Migrations: []Migration{}}
	for _, one := range r.Migrations {
		part := Migration{File: one.File, WayBack: one.WayBack, Losses: one.Losses, Uncertain: one.Uncertain, Reasons: one.Reasons[:min(len(one.Reasons), 1)]}
		if one.Up != nil {
			part.Up = &Run{Took: one.Up.Took, Failed: one.Up.Failed, Statements: []Statement{}}
			for _, statement := range one.Up.Statements {
				statement.SQL = checklist.Shorten(checklist.OneLine(statement.SQL), 80)
				part.Up.Statements = append(part.Up.Statements, statement)
			}
		}
		short.Migrations = append(short.Migrations, part)
	}
	text, err := json.Marshal(short)
	if err != nil || len(text) > handoverLimit {
		return ""
	}
	return string(text)
}

// ReadHandover reads what Handover returned.
func ReadHandover(text string) (report Report, err error) {
	if len(text) > handoverLimit {
		return Report{}, problem.Unknown("", "the rehearsal that was handed on is too long: %d bytes", len(text))
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		return Report{}, problem.Unknown("hand on what the output rehearsal of the environment before holds", "the rehearsal that was handed on cannot be read: %w", err)
	}
	return report, nil
}

// UnmarshalJSON reads milliseconds.
func (t *Took) UnmarshalJSON(text []byte) error {
	var milliseconds float64
	if err := json.Unmarshal(text, &milliseconds); err != nil {
		return err
	}
	*t = Took(milliseconds * float64(time.Millisecond))
	return nil
}

// Item says in one item what the rehearsal means for an environment whose migrations have that digest and whose schema has that
// version, once it was foretold for its tables.
func (r Report) Item(digest string, version int64) checklist.Item {
	item := checklist.Item{ID: "rehearsal", Title: "What the rehearsal says", Verdict: checklist.Warn, Hint: "look into the summary of the environment before"}
	switch {
	case r.Digest != digest:
		item.Verdict, item.Evidence = checklist.Fail, "other migrations were rehearsed than those that would run"
		item.Hint = "promote again: the folder changed in between"
		return item
	case r.Version != version:
		item.Evidence = fmt.Sprintf("the way from version %d was rehearsed, and this environment is at %d: it proves nothing about this one", r.Version, version)
		return item
	}
	parts := []string{r.summary()}
	good := r.Verdict() == checklist.Pass
	var takes time.Duration
	for _, one := range r.Migrations {
		if one.Up == nil {
			continue
		}
		for _, statement := range one.Up.Statements {
			took := statement.Took
			if statement.Forecast != nil {
				took = statement.Forecast.Takes
				for _, line := range statement.Forecast.lines(r.ForecastFor) {
					if len(statement.Forecast.Outlasts) > 0 || statement.Forecast.Unknown != "" {
						parts, good = append(parts, plain(one.File.Name+": "+line)), false
					}
				}
			}
			takes += time.Duration(took)
		}
	}
	if r.Rowless {
		parts = append(parts, "the copy had no rows, so that nothing is known of times and of rows")
	} else if len(r.Migrations) > 0 {
		parts = append(parts, fmt.Sprintf("forecast for all of them: %s", Took(takes)))
	}
	if good {
		item.Verdict, item.Hint = checklist.Pass, ""
	}
	if len(parts) > maximumLines {
		parts = append(parts[:maximumLines], "…")
	}
	item.Evidence = strings.Join(parts, "; ")
	return item
}
