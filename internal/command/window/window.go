// Package window tells when an environment may be changed.
package window

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed command.yml
var declaration []byte

// most bounds how many windows are listed: a year of nights.
const most = 366

// Verb returns the command window.
func Verb() *verb.Verb {
	return &verb.Verb{Name: "window", ActionYAML: declaration, Run: run, Uses: []string{"environments.*.window"}}
}

// Opening is one maintenance window, in the timezone of the config.
type Opening struct {
	Opens  time.Time `json:"opens"`
	Closes time.Time `json:"closes"`
}

func run(_ context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	count := call.Inputs.Int("count")
	if count < 1 || count > most {
		return verb.Result{}, problem.Wrong("", "--count must be from 1 to %d", most)
	}
	window := verb.Window(workspace.Environment)
	if window == nil {
		return verb.Result{Document: &verb.Document{Verdict: checklist.Pass, Text: workspace.Name + " has no maintenance window: it may be changed at any time\n", Value: []Opening{}}}, nil
	}
	var openings []Opening
	var text strings.Builder
	now := call.Now()
	for moment := now; len(openings) < count; {
		opens, closes := window.Next(moment)
		openings = append(openings, Opening{opens, closes.In(window.Location)})
		when := "in " + opens.Sub(now).Round(time.Minute).String()
		if !now.Before(opens) {
			when = "open now"
		}
		fmt.Fprintf(&text, "%s until %s, %s\n", opens.Format("Mon 2006-01-02 15:04 MST"), closes.In(window.Location).Format("15:04 MST"), when)
		moment = closes
	}
	return verb.Result{Document: &verb.Document{Verdict: checklist.Pass, Text: text.String(), Value: openings}}, nil
}
