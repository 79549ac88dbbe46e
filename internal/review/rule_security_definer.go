package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func securityDefiner() Rule {
	return Rule{
		ID: "security-definer", Title: "SECURITY DEFINER without a search_path", Severity: Information,
		Why:    "The function runs with its owner's rights and with the caller's search_path: who may make objects in a schema of it can have the owner run them.",
		Source: "https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
		change: func(c *Case) []Hit {

			function, is := c.Change.(statement.CreateFunction)
			if !is || !function.SecurityDefiner || function.SetsSearchPath {
				return nil
			}
			return one(Hit{
				Message:    name(function.Define.Object.Name) + " runs with its owner's rights and its caller's search_path",
				Suggestion: "ALTER FUNCTION " + statement.Quote(function.Define.Object.Name) + "(" + function.Define.Object.Arguments + ") SET search_path = pg_catalog, pg_temp;",
			})
		},
	}
}
