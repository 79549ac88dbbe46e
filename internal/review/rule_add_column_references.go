package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnReferences() Rule {
	return Rule{
		ID: "add-column-references", Title: "A column is added with a foreign key", Severity: Warning, live: true, sized: true, down: downInformation,
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
					Message: "adding " + statement.QuoteWord(column.Name) + " with its foreign key locks " + name(add.Table) + " and " + name(constraint.References) + " at once",
					Tables:  []statement.Name{add.Table},
					Suggestion: "ALTER TABLE " + statement.Quote(add.Table) + " ADD COLUMN " + statement.QuoteWord(column.Name) + " " + column.Type.SQL + ";\n-- in a migration of its own:\n" +
						validateSteps(add.Table, constraint, add.Table.Name+"_"+column.Name+"_fkey"),
				}
				if column.Default == nil || column.Default.Null {
					hit.Severity = Information
				}
				return one(hit)
			}
			return nil
		},
	}
}

// validateSteps returns SQL that adds a constraint for new rows in a moment, and checks the others while everybody goes on.
func validateSteps(table statement.Name, constraint statement.Constraint, chosen string) string {
	if constraint.Name != "" {
		chosen = constraint.Name
	}
	alter := "ALTER TABLE " + statement.Quote(table) + " "
	return alter + "ADD " + constraint.NotValidSQL(chosen) + ";\n-- in a migration of its own:\n" + alter + "VALIDATE CONSTRAINT " + statement.QuoteWord(chosen) + ";"
}
