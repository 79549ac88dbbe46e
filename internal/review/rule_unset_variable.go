package review

func unsetVariable() Rule {
	return Rule{
		ID: "unset-variable", Title: "A variable that is not set", Severity: Blocking, portable: true,
		Why:    "Goose puts nothing in its place, and the statement means something else.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {

			var hits []Hit
			for _, variable := range w.File.Source.Unset {
				hits = append(hits, Hit{Message: "the variable " + variable.Name + " is not set here: what runs cannot be reviewed", Line: variable.Line})
			}
			return hits
		},
	}
}
