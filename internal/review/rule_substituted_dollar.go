package review

func substitutedDollar() Rule {
	return Rule{
		ID: "substituted-dollar", Title: "ENVSUB turns $$ into $", Severity: Blocking, portable: true,
		Why:    "Filling in variables makes one dollar sign of two: what was a quoted body is none any more.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {

			var hits []Hit
			for _, line := range w.File.Source.Dollars {
				hits = append(hits, Hit{Message: "with ENVSUB ON, $$ becomes $", Line: line, Suggestion: "-- +goose ENVSUB OFF\n-- before the statement, or $body$ in place of $$"})
			}
			return hits
		},
	}
}
