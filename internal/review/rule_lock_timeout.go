package review

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func lockTimeout() Rule {
	return Rule{
		ID: "lock-timeout", Title: "The wait for locks has no sensible end", Severity: Warning,
		Why:    "While a statement waits for a lock, everybody who comes after it waits too. Airlock sets a lock timeout itself; a file that sets one to nothing, or to minutes, takes that away.",
		Source: "https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT",
		change: func(c *Case) []Hit {

			set, is := c.Change.(statement.Set)
			if !is || !strings.EqualFold(set.Name, "lock_timeout") || set.Reset {
				return nil
			}
			limit, known := milliseconds(set.Value)
			switch {
			case known && limit == 0:
				return one(Hit{Message: "lock_timeout is switched off: a statement waits for its lock without end, and all others behind it", Suggestion: shortWait})
			case known && limit > longestLockTimeout:
				return one(Hit{Message: fmt.Sprintf("lock_timeout is %s: for so long everybody can wait behind a statement", set.Value), Suggestion: shortWait})
			case len(c.Transaction.Locks) > 0 && c.Transaction.Open:
				return one(Hit{Message: fmt.Sprintf("lock_timeout comes after line %d, which waits for a lock without it", c.Transaction.Locks[0].line)})
			}
			return nil
		},
	}
}

// shortWait is a wait that users do not notice; who applies the migration tries again.
const shortWait = "SET LOCAL lock_timeout = '2s';"

// longestLockTimeout is how long users can be made to wait, in milliseconds, before it is an outage.
const longestLockTimeout = 60_000

// milliseconds reads the value of a timeout: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES
func milliseconds(value string) (float64, bool) {
	value = strings.TrimSpace(value)
	for _, unit := range []struct {
		name   string
		factor float64
	}{{"us", 0.001}, {"ms", 1}, {"min", 60_000}, {"s", 1000}, {"h", 3_600_000}, {"d", 86_400_000}, {"", 1}} {
		if number, cut := strings.CutSuffix(value, unit.name); cut {
			amount, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			return amount * unit.factor, err == nil
		}
	}
	return 0, false
}
