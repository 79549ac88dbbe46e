package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropView() Rule {
	return Rule{
		ID: "drop-view", Title: "A view is dropped", Severity: Warning, portable: true,
		Why:    "The version of the application that still runs fails when it reads it. A view that is made anew in the same transaction is missed by nobody.",
		Source: "https://www.postgresql.org/docs/current/sql-dropview.html",
		whole: func(w *Whole) []Hit {

			var hits []Hit
			for i, change := range w.Changes {
				drop, is := change.(statement.Drop)
				if !is || drop.Kind != statement.View && drop.Kind != statement.MaterializedView {
					continue
				}
				for _, object := range drop.Objects {
					_, before := w.Before.Origin(drop.Kind, object.Name)
					if w.Has(drop.Kind, object) || drop.IfExists && !before && w.Before.Complete {
						continue
					}
					hits = append(hits, Hit{Message: "the " + string(drop.Kind) + " " + name(object.Name) + " is not found any more", Line: w.Lines[i]})
				}
			}
			return hits
		},
	}
}
