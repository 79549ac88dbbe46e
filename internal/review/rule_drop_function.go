package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropFunction() Rule {
	return Rule{
		ID: "drop-function", Title: "A function, a sequence or another object is dropped", Severity: Warning,
		Why:    "The version of the application that still runs fails when it calls the function or takes a number from the sequence, whose count is lost too; what an extension, a publication or a collation brought is gone as well. One that is made anew in the same transaction is missed by nobody, and nobody calls the function of a trigger.",
		Source: "https://www.postgresql.org/docs/current/sql-dropfunction.html",
		whole: func(w *Whole) []Hit {
			var hits []Hit
			for i, change := range w.Changes {
				drop, is := change.(statement.Drop)
				if !is || !slices.Contains([]statement.Kind{statement.Function, statement.Sequence, "aggregate", statement.Extension, "publication", "collation"}, drop.Kind) {
					continue
				}
				for _, object := range drop.Objects {
					origin, before := w.Before.Origin(drop.Kind, object.Name)
					there := w.Has(drop.Kind, object)
					if drop.Kind == statement.Function {
						there = w.sameFunction(object)
					}
					if there || !before && (drop.IfExists && w.Before.Complete || w.makes(object)) || before && origin.Migration >= w.File.Group || ofTrigger(w.Before.Functions(object)) {
						continue
					}
					hit := Hit{Message: "the " + string(drop.Kind) + " " + name(object.Name) + " is not found any more", Line: w.Lines[i]}
					if drop.Kind == statement.Function && len(w.After.Functions(object)) > 0 {
						hit.Message = "the function " + name(object.Name) + " returns another type"
					}
					hits = append(hits, hit)
				}
			}
			return hits
		},
	}
}

// makes tells whether up makes an object of a name.
func (w *Whole) makes(object statement.Object) bool {
	return slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		made, _ := defined(change)
		return made.Object.Name == object.Name
	})
}

// ofTrigger tells whether functions are all such as only a trigger can call.
func ofTrigger(functions []statement.CreateFunction) bool {
	return len(functions) > 0 && !slices.ContainsFunc(functions, func(one statement.CreateFunction) bool { return one.Returns != "trigger" })
}
