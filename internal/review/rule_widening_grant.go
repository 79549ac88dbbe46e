package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func wideningGrant() Rule {
	return Rule{
		ID: "widening-grant", Title: "A grant to everybody, or of everything", Severity: Information,
		Why:    "Rights are easily given and hard to find again.",
		Source: "https://www.postgresql.org/docs/current/sql-grant.html",
		change: func(c *Case) []Hit {

			grant, is := c.Change.(statement.Grant)
			if !is || grant.Revoke || grant.OfRole {
				return nil
			}
			switch {
			case slices.Contains(grant.Roles, "public"):
				return one(Hit{Message: "every role gets " + strings.Join(grant.Privileges, ", ")})
			case slices.Contains(grant.Privileges, "all"):
				return one(Hit{Message: strings.Join(grant.Roles, ", ") + " gets every privilege"})
			case grant.WithGrantOption:
				return one(Hit{Message: strings.Join(grant.Roles, ", ") + " may pass the privilege on"})
			}
			return nil
		},
	}
}
