package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func noTransactionNeedless() Rule {
	return Rule{
		ID: "no-transaction-needless", Title: "NO TRANSACTION without need", Severity: Information,
		Why:    "Everything in the file can run in a transaction: a failure then leaves nothing half done.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole: func(w *Whole) []Hit {

			if !w.File.Source.NoTransaction || !w.Known {
				return nil
			}
			for _, change := range append(w.Changes, w.DownChanges...) {
				switch c := change.(type) {
				case statement.CreateIndex:
					if c.Concurrently {
						return nil
					}
				case statement.Drop:
					if c.Concurrently || c.Kind == statement.Database {
						return nil
					}
				case statement.DetachPartition:
					if c.Concurrently {
						return nil
					}
				case statement.Define:
					if c.Kind == statement.Database || c.Kind == "subscription" {
						return nil
					}
				case statement.Reindex, statement.Vacuum, statement.AddEnumValue, statement.Transaction, statement.Update, statement.Delete, statement.Insert,
					statement.Other, statement.Call, statement.Opaque, statement.RoleSetting, statement.ValidateConstraint, statement.Cluster:
					return nil
				}
			}
			return one(Hit{Message: "nothing in this file needs to run outside of a transaction", Line: w.File.Source.NoTransactionLine})
		},
	}
}
