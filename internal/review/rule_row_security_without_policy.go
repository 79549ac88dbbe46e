package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func rowSecurityWithoutPolicy() Rule {
	return Rule{
		ID: "row-security-without-policy", Title: "Row level security without a policy, or none any more", Severity: Warning,
		Why:    "Without a policy nobody but the owner sees a row: queries succeed and find nothing. Where row level security is switched off, everybody who may read the table sees all rows.",
		Source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
		whole: func(w *Whole) []Hit {

			var hits []Hit
			for i, change := range w.Changes {
				security, is := change.(statement.RowSecurity)
				if !is {
					continue
				}
				hit := Hit{Tables: []statement.Name{security.Table}, Line: w.Lines[i]}
				before, after := w.Before.Table(security.Table), w.After.Table(security.Table)
				switch {
				case security.Action == "enable" && w.After.Policies(security.Table) == 0:
					hit.Message = name(security.Table) + " has no policy: all rows are hidden"
				case security.Action == "disable" && w.was(security.Table) && (before == nil || before.Assumed || before.RowSecurity) && (after == nil || !after.RowSecurity):
					hit.Message = "no policy of " + name(security.Table) + " acts any more: whoever may read it sees all rows"
				default:
					continue
				}
				if !w.was(security.Table) {
					hit.Severity = Information
				}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}
