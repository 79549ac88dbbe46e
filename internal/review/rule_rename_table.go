package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func renameTable() Rule {
	return Rule{
		ID: "rename-table", Title: "A table or view is renamed", Severity: Blocking, live: true, portable: true,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "The version of the application that still runs asks for the old name, and fails from the moment the transaction ends; the new one fails until then.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {

			rename, is := c.Change.(statement.Rename)
			if !is || rename.Kind != statement.Table && rename.Kind != statement.View && rename.Kind != statement.MaterializedView && rename.Kind != statement.ForeignTable {
				return nil
			}
			if table, _ := c.Schema.Index(rename.Object); table != nil && c.Table(rename.Object) == nil {
				return nil
			}
			if c.Transaction.Open && slices.ContainsFunc(changesOf(c.File.up), func(change statement.Change) bool {
				view, made := change.(statement.Define)
				return made && view.Kind == statement.View && view.Object.Name == rename.Object
			}) {
				return nil // The old name goes on to work.
			}
			old := statement.Quote(rename.Object)
			return one(Hit{
				Message: name(rename.Object) + " is not found by its name any more", Tables: []statement.Name{rename.Object},
				Suggestion: "-- in the same migration, so that the old name goes on to work\nALTER TABLE " + old + " RENAME TO " + statement.QuoteWord(rename.To) + ";\n" +
					"CREATE VIEW " + old + " AS SELECT * FROM " + statement.Quote(statement.Name{Schema: rename.Object.Schema, Name: rename.To}) + ";",
			})
		},
	}
}
