package review

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func changeType() Rule {
	return Rule{
		ID: "change-type", Title: "A column gets a type whose values are stored otherwise", Severity: Blocking, live: true, sized: true, down: downInformation,
		Lock:   "ACCESS EXCLUSIVE on the table",
		Why:    "PostgreSQL writes the whole table and its indexes anew, and nobody can read or write the table meanwhile. Some changes spare it that: varchar to a longer one or to text, numeric to more digits before the point, timestamps to a higher precision.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
		change: func(c *Case) []Hit {

			change, is := c.Change.(statement.SetType)
			if !is {
				return nil
			}
			judged := judgeType(c.Schema, change)
			if judged.work == brief {
				return nil
			}
			from := "its type of now is not known"
			if judged.known {
				from = "it is " + judged.from.SQL + " now"
			}
			hit := Hit{
				Message: fmt.Sprintf("making %s of %s %s writes the whole table anew (%s)", statement.QuoteWord(change.Column), name(change.Table), change.Type.SQL, from),
				Tables:  []statement.Name{change.Table}, Suggestion: typeSteps(change),
			}
			if judged.because != "" {
				hit.Message = fmt.Sprintf(judged.because, statement.QuoteWord(change.Column), name(change.Table))
			}
			return one(hit)
		},
	}
}

// typeSteps returns how a column gets another type while everybody goes on: a new column beside it.
func typeSteps(change statement.SetType) string {
	table, column := "ALTER TABLE "+statement.Quote(change.Table)+" ", statement.QuoteWord(change.Column+"_new")
	return table + "ADD COLUMN " + column + " " + change.Type.SQL + ";\n" +
		"-- keep both columns in step with a trigger, fill the new one in batches, let the application use it, and drop the old one"
}
