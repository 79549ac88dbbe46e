package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func rowsInSchemaMigration() Rule {
	return Rule{
		ID: "rows-in-schema-migration", Title: "Rows and schema are changed in one migration", Severity: Information,
		Why:    "What changes rows takes as long as there are rows, and is taken back otherwise than what changes the schema: apart, each can be watched, repeated and taken back on its own.",
		Source: "https://www.postgresql.org/docs/current/sql-begin.html",
		whole: func(w *Whole) []Hit {

			schemaLine, rowsLine := 0, 0
			for i, change := range w.Changes {
				switch c := change.(type) {
				case statement.Update, statement.Delete, statement.Write:
					rowsLine = w.Lines[i]
				case statement.Insert:
					if !w.madeHere(c.Table) {
						rowsLine = w.Lines[i]
					}
				case statement.AddColumn, statement.DropColumn, statement.CreateTable, statement.SetType, statement.AddConstraint, statement.CreateIndex, statement.SetNotNull:
					schemaLine = w.Lines[i]
				}
			}
			if schemaLine == 0 || rowsLine == 0 {
				return nil
			}
			return one(Hit{Message: "this changes rows, and the same migration changes the schema", Line: rowsLine})
		},
	}
}
