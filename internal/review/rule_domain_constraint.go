package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func domainConstraint() Rule {
	return Rule{
		ID: "domain-constraint", Title: "A constraint of a domain is checked for all rows at once", Severity: Blocking, down: downInformation,
		Lock:   "SHARE on every table that has a column of the domain",
		Why:    "All tables with a column of the domain are read, and nobody can write to them meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-alterdomain.html",
		change: func(c *Case) []Hit {
			alter, is := c.Change.(statement.AlterDomain)
			if !is || alter.Action != "add constraint" && alter.Action != "set not null" && alter.Action != "validate constraint" || alter.Constraint.NotValid {
				return nil
			}
			if _, origin := c.Schema.Domain(alter.Domain); origin.Migration >= c.File.Group {
				return nil
			}
			hit := Hit{Message: "every table with a column of " + name(alter.Domain) + " is checked at once"}
			if alter.Action == "validate constraint" {
				hit.Severity = Warning // There is no milder way, and who goes it knows that the tables are read.
			}
			if alter.Action == "add constraint" {
				chosen := alter.Constraint.Name
				if chosen == "" {
					chosen = alter.Domain.Name + "_check"
				}
				domain := "ALTER DOMAIN " + statement.Quote(alter.Domain) + " "
				hit.Suggestion = domain + "ADD " + alter.Constraint.NotValidSQL(chosen) + ";\n-- in a migration of its own:\n" + domain + "VALIDATE CONSTRAINT " + statement.QuoteWord(chosen) + ";"
			}
			return one(hit)
		},
	}
}
