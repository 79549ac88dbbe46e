package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func disableTrigger() Rule {
	return Rule{
		ID: "disable-trigger", Title: "Triggers are switched off or dropped", Severity: Blocking, live: true,
		Lock:   "SHARE ROW EXCLUSIVE on the table",
		Why:    "What they keep in order is not kept while they are off, foreign keys included when all are, and nothing looks at the rows later. One that is dropped with its function or a column of its table has nothing left to do. Writers wait until the transaction ends.",
		Source: "https://www.postgresql.org/docs/current/sql-altertable.html",
		change: func(c *Case) []Hit {
			switch change := c.Change.(type) {
			case statement.Set:
				if strings.EqualFold(change.Name, replicationRole) && !change.Reset && !strings.EqualFold(change.Value, "origin") {
					return one(Hit{Message: "no trigger and no foreign key of any table acts in this session from here on"})
				}
			case statement.RoleSetting:
				if strings.EqualFold(change.Setting, replicationRole) {
					return one(Hit{Message: "no trigger and no foreign key may act in later sessions of the " + string(change.Kind) + " " + change.Object})
				}
			case statement.SwitchTrigger:
				if change.Enabled {
					return nil
				}
				what := "the trigger " + statement.QuoteWord(change.Trigger)
				if change.Trigger == "all" || change.Trigger == "user" {
					what = "every trigger"
				}
				return one(Hit{Message: what + " of " + name(change.Table) + " is switched off", Tables: []statement.Name{change.Table}, Severity: Warning})
			case statement.Drop:
				for _, object := range change.Objects {
					if change.Kind == statement.Trigger && c.missesTrigger(change, object) {
						return one(Hit{
							Message: "the trigger " + statement.QuoteWord(object.Name.Name) + " of " + name(object.On) + " does not act any more", Tables: []statement.Name{object.On}, Severity: Warning,
						})
					}
				}
			}
			return nil
		},
	}
}

// missesTrigger tells whether a trigger that is dropped was there before, and nothing comes in its place. One whose function, or a
// column of whose table, goes in the same migration has nothing left to do.
func (c *Case) missesTrigger(drop statement.Drop, trigger statement.Object) bool {
	origin, known := c.Schema.TriggerOrigin(trigger)
	if known && origin.Migration >= c.File.Group || !known && drop.IfExists && c.Schema.Complete {
		return false
	}
	return !slices.ContainsFunc(changesOf(c.File.up), func(change statement.Change) bool {
		switch other := change.(type) {
		case statement.Drop:
			return other.Kind == statement.Function
		case statement.DropColumn:
			return c.Schema.Resolve(other.Table) == c.Schema.Resolve(trigger.On)
		case statement.Define:
			return other.Kind == statement.Trigger && c.Schema.Resolve(other.Object.On) == c.Schema.Resolve(trigger.On)
		}
		return false
	})
}

// replicationRole is the setting that switches off all triggers of a session:
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE
const replicationRole = "session_replication_role"
