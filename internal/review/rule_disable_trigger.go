package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func disableTrigger() Rule {
	return Rule{
		ID: "disable-trigger", Title: "Triggers are switched off", Severity: Blocking, live: true,
		Lock:   "SHARE ROW EXCLUSIVE on the table",
		Why:    "What they keep in order is not kept while they are off, foreign keys included when all are, and nothing looks at the rows later. Writers wait until the transaction ends.",
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
			}
			return nil
		},
	}
}

// replicationRole is the setting that switches off all triggers of a session:
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE
const replicationRole = "session_replication_role"
