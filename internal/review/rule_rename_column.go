package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func renameColumn() Rule {
	return Rule{
		ID: "rename-column", Title: "A column is renamed", Severity: Blocking, live: true, portable: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "The version of the application that still runs asks for the old name, and fails from the moment the transaction ends; the new one fails until then.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			rename, is := c.Change.(statement.Rename)
			if !is || rename.Kind != statement.Column || c.addedHere(rename.Object, rename.Part) {
				return nil
			}
			return one(Hit{
				Message: name(rename.Object) + "." + statement.QuoteWord(rename.Part) + " is not found by its name any more", Tables: []statement.Name{rename.Object},
				Suggestion: renameSteps(c, rename),
			})
		},
	}
}

// renameSteps returns how a column gets another name while both versions run: a new column beside it.
func renameSteps(c *Case, rename statement.Rename) string {
	kind := ""
	if column, known := c.Table(rename.Object).Column(rename.Part); known {
		kind = column.Type.SQL
	}
	if kind == "" {
		return "-- add a column of the new name, keep both in step with a trigger, fill the new one in batches, let the application use it, and drop the old one"
	}
	return "ALTER TABLE " + statement.Quote(rename.Object) + " ADD COLUMN " + statement.QuoteWord(rename.To) + " " + kind + ";\n" +
		"-- keep both columns in step with a trigger, fill the new one in batches, let the application use it, and drop the old one in a later release"
}
