package gate

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// HalfDone refuses when the promotion of another release into the environment did not come to an end. The same
// release's is gone on with. promotions are the environment's, newest first.
func HalfDone(promotions []history.Promotion, release history.Release) (checklist.Result, error) {
	open := history.HalfDone(promotions)
	switch {
	case open == nil:
		return checklist.Passed("no promotion is half done"), nil
	case open.Release.Same(release):
		return checklist.Passed(fmt.Sprintf("goes on with promotion %s, which did not come to an end", open.ID)), nil
	}
	return checklist.Result{}, problem.New(
		fmt.Sprintf("promote %s again to finish it, or take it back with `airlock rollback --environment %s`", open.Release.Name(), open.Environment),
		"the promotion of %s, begun on %s, did not come to an end", open.Release.Name(), open.Created.Format("2006-01-02 15:04 MST"))
}
