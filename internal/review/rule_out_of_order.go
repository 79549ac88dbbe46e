package review

import (
	"fmt"
	"slices"
)

func outOfOrder() Rule {
	return Rule{
		ID: "out-of-order", Title: "A version below one that is there already", Severity: Blocking, portable: true,
		Why:    "An environment that has the later one refuses this one, and where it is not there yet the two run in another order than they were tested in.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {
			for _, known := range []*Known{w.Options.Database, w.Options.Known} {
				if known != nil && w.File.Version <= known.Latest && !slices.Contains(known.Files, w.File.Source.Name) {
					return one(Hit{Message: fmt.Sprintf("version %d is below %d, which %s has already: give it a higher one", w.File.Version, known.Latest, known.Commit)})
				}
			}
			return nil
		},
	}
}
