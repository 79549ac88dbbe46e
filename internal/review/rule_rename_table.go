package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
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
			if c.Transaction.Open && standsIn(changesOf(c.File.up), c.Schema, rename) || givenBack(c, rename) {
				return nil // The old name goes on to work.
			}
			if slices.ContainsFunc(c.Earlier, func(change statement.Change) bool { return gives(c.Before, change, rename.Object) }) {
				return nil // Nobody knows it by the name that it has for a moment.
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

// standsIn tells whether a view takes the old name of a table: it shows all of its rows and columns, and takes rows for it.
func standsIn(changes []statement.Change, before *schema.Schema, rename statement.Rename) bool {
	renamed := statement.Name{Schema: before.Resolve(rename.Object).Schema, Name: rename.To}
	return slices.ContainsFunc(changes, func(change statement.Change) bool {
		view, is := change.(statement.Define)
		if !is || view.Kind != statement.View || !view.Whole || before.Resolve(view.Object.Name) != before.Resolve(rename.Object) ||
			len(view.Reads) != 1 || before.Resolve(view.Reads[0]) != before.Resolve(renamed) {
			return false
		}
		if slices.Contains(view.Columns, statement.ViewColumn{Name: "*"}) {
			return true
		}
		table := before.Table(rename.Object)
		if table == nil || table.Partial {
			return false
		}
		return !slices.ContainsFunc(table.Columns, func(column schema.Column) bool {
			return !slices.Contains(view.Columns, statement.ViewColumn{Name: column.Name})
		})
	})
}
