package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func noTransactionSeveral() Rule {
	return Rule{
		ID: "no-transaction-several", Title: "NO TRANSACTION with several statements", Severity: Warning,
		Why:    "When a later statement fails, those before it stay, goose notes nothing, and the next try begins with the first again.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {

			if !w.File.Source.NoTransaction || len(w.File.up) < 2 {
				return nil
			}
			lasting, begun := 0, false
			for _, change := range w.Changes {
				if control, is := change.(statement.Transaction); is {
					begun = begun || control.Action == "begin"
				}
				if changesAnything(change) && !repeatable(change) && !dropsFirst(change) {
					lasting++
				}
			}
			if lasting < 2 || begun {
				return nil
			}
			return one(Hit{Message: count(int64(lasting), "statement") + " run one by one: if one fails, those before it stay", Line: w.File.Source.NoTransactionLine, Suggestion: "-- one statement in each migration that says NO TRANSACTION"})
		},
	}
}

// repeatable tells whether a change does nothing when it is done already.
func repeatable(change statement.Change) bool {
	switch c := change.(type) {
	case statement.CreateIndex:
		return c.IfNotExists
	case statement.CreateTable:
		return c.IfNotExists
	case statement.AddColumn:
		return c.IfNotExists
	case statement.Drop:
		return c.IfExists
	case statement.DropColumn:
		return c.IfExists
	case statement.AddEnumValue:
		return c.IfNotExists
	case statement.Define:
		return c.IfNotExists || c.Replace
	case statement.Update, statement.Delete, statement.Comment:
		return true
	}
	return false
}

// dropsFirst tells whether a change clears the way for the next try.
func dropsFirst(change statement.Change) bool {
	drop, is := change.(statement.Drop)
	return is && drop.IfExists
}
