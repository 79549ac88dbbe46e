package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func vacuumFull() Rule {
	return Rule{
		ID: "vacuum-full", Title: "VACUUM FULL", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL writes the whole table anew, and nobody can read or write it meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-vacuum.html",
		change: func(c *Case) []Hit {

			vacuum, is := c.Change.(statement.Vacuum)
			if !is || !vacuum.Full {
				return nil
			}
			hit := Hit{Message: "VACUUM FULL writes every table anew", Tables: vacuum.Tables}
			if len(vacuum.Tables) > 0 {
				hit.Message = "VACUUM FULL writes " + names(vacuum.Tables) + " anew while nobody can use it"
				hit.Suggestion = noTransaction + "VACUUM " + quoteNames(vacuum.Tables) + ";"
			}
			return one(hit)
		},
	}
}

// quoteNames returns names as SQL.
func quoteNames(of []statement.Name) string {
	all := make([]string, len(of))
	for i, one := range of {
		all[i] = statement.Quote(one)
	}
	return strings.Join(all, ", ")
}
