package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func missingDown() Rule {
	return Rule{
		ID: "missing-down", Title: "Nothing takes the migration back", Severity: Warning, portable: true,
		Why:    "Going back to the version before moves goose's version and leaves the schema as it is: the next try to apply the migration fails.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {
			if w.takesBack() || !w.Known || !slices.ContainsFunc(w.Changes, changesAnything) || w.Options.Known == nil && w.onlyRows() {
				return nil
			}
			return one(Hit{Message: w.emptyDown() + ", and the up section changes the database", Line: w.File.Source.DownLine, Suggestion: undo(w)})
		},
	}
}

// onlyRows tells whether up changes rows only, and puts none in.
func (w *Whole) onlyRows() bool {
	return !slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		switch change.(type) {
		case statement.Update, statement.Delete, statement.Select, statement.Set:
			return false
		}
		return true
	})
}
