package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnReferences() Rule {
	return Rule{
		ID: "add-column-references", Title: "A column is added with a foreign key", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table, SHARE ROW EXCLUSIVE on the one that it points to",
		Why:    "Writers of both tables wait until the transaction ends. With a default that is not NULL, all rows are checked meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			for _, constraint := range column.Constraints {
				if constraint.Type != statement.ForeignKey || constraint.NotEnforced {
					continue
				}
				hit := Hit{
					Message:    "adding " + statement.QuoteWord(column.Name) + " with its foreign key locks " + name(add.Table) + " and " + name(constraint.References) + " at once",
					Tables:     []statement.Name{add.Table},
					Suggestion: addPlainColumn(add.Table, column) + "-- in a migration of its own:\n" + c.validateSteps(add.Table, constraint),
				}
				if column.Default == nil || column.Default.Null {
					hit.Severity = Information
				} else {
					hit.Message += ", while all rows are checked"
				}
				return one(hit)
			}
			return nil
		},
	}
}
