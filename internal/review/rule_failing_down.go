package review

func failingDown() Rule {
	return Rule{
		ID: "failing-down", Title: "Down fails", Severity: Warning, portable: true,
		Why:    "The way back ends in the middle, at the moment when it is needed.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole:  func(w *Whole) []Hit { return refused(w.Conflicts) },
	}
}

// refused names what the database is sure to refuse.
func refused(conflicts []placedConflict) []Hit {
	var hits []Hit
	for _, conflict := range conflicts {
		if conflict.Certain {
			hits = append(hits, Hit{Message: conflict.Message, Line: conflict.line})
		}
	}
	return hits
}
