package review

import (
	"strings"
)

func incompleteDown() Rule {
	return Rule{
		ID: "incomplete-down", Title: "Down does not bring the old schema back", Severity: Warning, portable: true,
		Why:    "After up and down the schema is another than before: the version before may not work on it, and the next try to apply the migration may fail.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {
			if !w.takesBack() || !w.Known {
				return nil
			}
			var missed []string
			for _, difference := range w.Differences {
				if !difference.Minor && len(missed) < 5 {
					missed = append(missed, difference.Message)
				}
			}
			if len(missed) == 0 {
				return nil
			}
			return one(Hit{Message: "after up and down, " + strings.Join(missed, "; "), Line: w.File.Source.DownLine})
		},
	}
}
