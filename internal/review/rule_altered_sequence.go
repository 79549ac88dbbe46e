package review

import "github.com/randomchaoslabs/airlock/internal/statement"

func alteredSequence() Rule {
	return Rule{
		ID: "altered-sequence", Title: "A sequence goes on otherwise", Severity: Information,
		Why:    "Numbers that it gave before may come again, and are refused where they must be unique; others are left out. Where it stood before, only the database knows.",
		Source: "https://www.postgresql.org/docs/current/sql-altersequence.html",
		whole: func(w *Whole) []Hit {
			var hits []Hit
			for i, change := range w.Changes {
				if alter, is := change.(statement.AlterObject); is && w.renumbers(alter) {
					hits = append(hits, Hit{Message: "the sequence " + name(alter.Object.Name) + " gives other numbers, maybe some that it gave before", Line: w.Lines[i]})
				}
			}
			return hits
		},
	}
}

// renumbers tells whether a sequence from before gives other numbers.
func (w *Whole) renumbers(c statement.AlterObject) bool {
	return c.Kind == statement.Sequence && c.Action != "owner" && c.Action != "cache" && w.existed(c.Kind, c.Object)
}
