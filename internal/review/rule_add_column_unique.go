package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnUnique() Rule {
	return Rule{
		ID: "add-column-unique", Title: "A UNIQUE or PRIMARY KEY column is added", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "The index is built while nobody can read or write the table.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			if !hasConstraint(column, statement.Unique) && !hasConstraint(column, statement.PrimaryKey) {
				return nil
			}
			table, index := statement.Quote(add.Table), add.Table.Name+"_"+column.Name+"_key"
			return one(Hit{
				Message: "a unique index is built on " + name(add.Table) + " while nobody can use it", Tables: []statement.Name{add.Table},
				Suggestion: "ALTER TABLE " + table + " ADD COLUMN " + statement.QuoteWord(column.Name) + " " + column.Type.SQL + ";\n" + uniqueSteps(add.Table, index, []string{column.Name}, "UNIQUE"),
			})
		},
	}
}

// uniqueSteps returns SQL that builds the index first, and makes a constraint of it in a moment.
func uniqueSteps(table statement.Name, constraint string, columns []string, kind string) string {
	return noTransaction + "CREATE UNIQUE INDEX CONCURRENTLY " + statement.QuoteWord(constraint) + " ON " + statement.Quote(table) + " (" + statement.QuoteWords(columns) + ");\n" +
		"-- and after it:\nALTER TABLE " + statement.Quote(table) + " ADD CONSTRAINT " + statement.QuoteWord(constraint) + " " + kind + " USING INDEX " + statement.QuoteWord(constraint) + ";"
}
