package demo

import (
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/promotion"
)

// opening tells what is about to be seen.
func opening(database string, p *project) string {
	return fmt.Sprintf("Four releases of a small web application, on this machine, with %s.\nSandbox is %s, production is http://127.0.0.1:%d; the folder is %s.",
		database, fmt.Sprintf("http://127.0.0.1:%d", p.places[0].Port), p.places[1].Port, p.folder)
}

// closing sums the demo up for someone who looked away.
func closing(report Report) string {
	var out strings.Builder
	fmt.Fprintf(&out, "What happened, in %.0f seconds\n\n", report.Seconds)
	serves := map[string]string{}
	for _, chapter := range report.Chapters {
		reached := map[string]bool{}
		for _, one := range chapter.Report.Environments {
			reached[one.Name] = true
			fmt.Fprintf(&out, "  %-3s %-11s %s\n", chapter.Version, one.Name, outcome(one.Outcome))
			if one.Reason != "" {
				fmt.Fprintf(&out, "  %-3s %-11s   because %s\n", "", "", checklist.Shorten(checklist.OneLine(one.Reason), 200))
			}
			if one.Outcome == promotion.Promoted {
				serves[one.Name] = chapter.Version
			}
		}
		if !reached["production"] {
			fmt.Fprintf(&out, "  %-3s %-11s not reached, untouched\n", chapter.Version, "production")
		}
	}
	fmt.Fprintf(&out, "\nSandbox serves %s, production serves %s. ", serves["sandbox"], serves["production"])
	if report.Verdict == checklist.Pass {
		out.WriteString("Every release that broke was taken back, and no user of production saw version 3.\n")
	} else {
		out.WriteString("This is not what the demo promises: something went wrong.\n")
	}
	if report.Folder != "" {
		fmt.Fprintf(&out, "Kept: %s, the JSON of every checklist in checklists.\n", report.Folder)
	}
	return out.String()
}

// outcome says in words what came of a promotion.
func outcome(outcome promotion.Outcome) string {
	switch outcome {
	case promotion.Promoted:
		return "promoted and verified"
	case promotion.RolledBack:
		return "failed, rolled back on its own"
	}
	return string(outcome)
}
