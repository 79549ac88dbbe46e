package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnNotNull() Rule {
	return Rule{
		ID: "add-column-not-null", Title: "A NOT NULL column is added without a default", Severity: Blocking, live: true, sized: false, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "The statement fails as soon as the table has a row. And the version of the application that still runs leaves the column out of its INSERTs, which fail from then on.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			if !column.NotNull || column.Identity || column.Stored != nil || column.Virtual != nil || isSerial(column.Type) || hasConstraint(column, statement.PrimaryKey) {
				return nil
			}
			if column.Default != nil && !column.Default.Null {
				return nil
			}
			return one(Hit{
				Message: "rows that " + name(add.Table) + " has get no value for " + statement.QuoteWord(column.Name) + ", and it must not be NULL", Tables: []statement.Name{add.Table},
				Suggestion: addPlainColumn(add.Table, column) +
					"-- fill it in batches, and let the application write it; in a later migration:\n" + c.notNullSteps(add.Table, column.Name),
			})
		},
	}
}

// notNullSteps returns SQL that makes a column NOT NULL without reading the table under an exclusive lock.
func (c *Case) notNullSteps(table statement.Name, column string) string {
	constraint := statement.QuoteWord(c.freeConstraint(table, column+"_not_null"))
	alter := "ALTER TABLE " + statement.Quote(table) + " "
	return alter + "ADD CONSTRAINT " + constraint + " CHECK (" + statement.QuoteWord(column) + " IS NOT NULL) NOT VALID;\n" +
		"-- in a migration of its own:\n" + alter + "VALIDATE CONSTRAINT " + constraint + ";\n" +
		"-- and after it:\n" + alter + "ALTER COLUMN " + statement.QuoteWord(column) + " SET NOT NULL;\n" + alter + "DROP CONSTRAINT " + constraint + ";"
}
