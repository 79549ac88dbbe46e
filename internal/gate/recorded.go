package gate

import (
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Recorded requires that the database called title is the one of the record: one that is gone, or empty, beside a release
// that was served with it is not a new environment. schema is its version, nil when there is no database; promotions are
// the environment's, newest first.
func Recorded(title string, schema *int64, promotions []history.Promotion) error {
	current := history.Current(promotions)
	switch {
	case current == nil:
		return nil
	case schema == nil:
		return problem.New("restore the file, or the newest of `airlock snapshot list`; else correct the path under database.sqlite",
			"%s is gone: by the record it belongs to %s, which is served", title, current.Release.Name())
	case *schema == 0 && current.Release.Schema > 0:
		return problem.Unknown("see that the config names the right database; else restore its newest snapshot: `airlock snapshot list`",
			"%s has no migration applied, and by the record %s was served with version %d", title, current.Release.Name(), current.Release.Schema)
	}
	return nil
}
