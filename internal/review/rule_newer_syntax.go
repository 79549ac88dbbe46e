package review

import (
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func newerSyntax() Rule {
	return Rule{
		ID: "newer-syntax", Title: "A form that the database does not know", Severity: Blocking, down: downSame,
		Why:    "The migration fails on a server of the version that was named.",
		Source: "https://www.postgresql.org/docs/release/",
		change: func(c *Case) []Hit {
			needs := 0
			var columns []statement.ColumnDefinition
			var constraints []statement.Constraint
			switch change := c.Change.(type) {
			case statement.CreateTable:
				columns, constraints = change.Columns, change.Constraints
			case statement.AddColumn:
				columns = []statement.ColumnDefinition{change.Column}
			case statement.AddConstraint:
				constraints = []statement.Constraint{change.Constraint}
				if change.Constraint.Type == statement.ForeignKey && change.Constraint.NotValid && c.partitioned(change.Table) {
					needs = 18
				}
			case statement.CreateIndex:
				if change.NullsNotDistinct {
					needs = 15
				}
			case statement.Define:
				if change.Kind == statement.View && strings.Contains(change.Definition, securityInvoker) {
					needs = 15
				}
			case statement.AlterTable:
				if change.Kind == statement.View && strings.Contains(strings.ToLower(change.Definition), securityInvoker) {
					needs = 15
				}
			case statement.SetExpression:
				if change.Expression != nil {
					needs = 17
				}
			case statement.SetAccessMethod:
				needs = 15
			case statement.Write:
				if change.Statement == "merge" {
					needs = 15
				}
			}
			for _, column := range columns {
				if column.Virtual != nil {
					needs = 18
				}
				constraints = append(constraints, column.Constraints...)
			}
			for _, constraint := range constraints {
				switch {
				case constraint.Type == statement.NotNull || constraint.NotEnforced || constraint.Temporal:
					needs = 18
				case constraint.NullsNotDistinct || constraint.SetsSome:
					needs = max(needs, 15)
				}
			}
			if c.Version == 0 || c.Version >= needs {
				return nil
			}
			return one(Hit{Message: fmt.Sprintf("this needs PostgreSQL %d, and the server is %d", needs, c.Version)})
		},
	}
}

// securityInvoker is an option of views since PostgreSQL 15.
const securityInvoker = "security_invoker"
