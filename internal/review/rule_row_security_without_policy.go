package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func rowSecurityWithoutPolicy() Rule {
	return Rule{
		ID: "row-security-without-policy", Title: "Row level security without a policy", Severity: Information,
		Why:    "Without a policy nobody but the owner sees a row: queries succeed and find nothing.",
		Source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
		whole: func(w *Whole) []Hit {

			var hits []Hit
			for i, change := range w.Changes {
				security, is := change.(statement.RowSecurity)
				if !is || security.Action != "enable" || w.After.Policies(security.Table) > 0 {
					continue
				}
				hit := Hit{Message: name(security.Table) + " has no policy: all rows are hidden", Tables: []statement.Name{security.Table}, Line: w.Lines[i]}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}
