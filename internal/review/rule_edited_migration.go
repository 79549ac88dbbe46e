package review

import (
	"slices"
)

func editedMigration() Rule {
	return Rule{
		ID: "edited-migration", Title: "A migration that was there already is edited", Severity: Blocking, portable: true,
		Why:    "Where it was applied, the edit never runs: that database and a new one differ from then on, and nothing says so.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {

			known := w.Options.Known
			if known == nil || !slices.Contains(known.Edited, w.File.Source.Name) {
				return nil
			}
			return one(Hit{Message: known.Commit + " has this migration with another text: write a new one in place of the edit"})
		},
	}
}
