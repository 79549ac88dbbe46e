package review

import "github.com/randomchaoslabs/airlock/internal/statement"

func narrowedAccess() Rule {
	return Rule{
		ID: "narrowed-access", Title: "Rights or rows are taken away", Severity: Warning,
		Why:    "The version of the application that still runs may need them: what it may not do any more fails, and of rows that a policy hides no error tells.",
		Source: "https://www.postgresql.org/docs/current/ddl-priv.html",
		whole: func(w *Whole) []Hit {
			var hits []Hit
			for i, change := range w.Changes {
				hit := Hit{Message: w.narrows(change), Line: w.Lines[i]}
				if hit.Message == "" {
					continue
				}
				_, grant := change.(statement.Grant)
				alter, _ := change.(statement.AlterObject)
				table, _ := change.(statement.AlterTable)
				if grant || alter.Action == "owner" || table.Action == "change owner" {
					hit.Severity = Information // As a rule it is meant to be so, and of nobody who still needs it.
				}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}
