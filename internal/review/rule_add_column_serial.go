package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func addColumnSerial() Rule {
	return Rule{
		ID: "add-column-serial", Title: "A serial or identity column is added", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "Each row gets a number of its own, so PostgreSQL writes the whole table anew, and nobody can read or write it meanwhile.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {
			add, is := c.Change.(statement.AddColumn)
			if !is {
				return nil
			}
			column := add.Column
			if !column.Identity && !isSerial(column.Type) {
				return nil
			}
			return one(Hit{
				Message: "every row of " + name(add.Table) + " gets a number: the table is written anew", Tables: []statement.Name{add.Table},
				Suggestion: serialSteps(add),
			})
		},
	}
}

// serialSteps returns SQL that numbers new rows first; those that are there are filled later.
func serialSteps(add statement.AddColumn) string {
	table, column := statement.Quote(add.Table), statement.QuoteWord(add.Column.Name)
	kind := map[string]string{"serial2": "smallint", "serial4": "integer", "serial8": "bigint"}[add.Column.Type.Name.Name]
	if kind == "" {
		kind = add.Column.Type.SQL
	}
	sequence := statement.Quote(statement.Name{Schema: add.Table.Schema, Name: add.Table.Name + "_" + add.Column.Name + "_seq"})
	return "ALTER TABLE " + table + " ADD COLUMN " + column + " " + kind + ";\n" +
		"CREATE SEQUENCE " + sequence + " OWNED BY " + table + "." + column + ";\n" +
		"ALTER TABLE " + table + " ALTER COLUMN " + column + " SET DEFAULT nextval('" + sequence + "');\n" +
		"-- then fill the rows that are there in batches, in a migration of its own that says: -- +goose NO TRANSACTION"
}
