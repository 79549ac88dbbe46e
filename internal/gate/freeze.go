package gate

import (
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Freeze refuses while a freeze is declared; reason is the text of AIRLOCK_FREEZE.
func Freeze(reason string) (checklist.Result, error) {
	if reason != "" {
		return checklist.Result{}, problem.New("wait until the freeze is lifted: AIRLOCK_FREEZE is empty again", "releases are frozen: %s", reason)
	}
	return checklist.Passed("no freeze is declared"), nil
}
