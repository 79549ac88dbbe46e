package gate

import (
	"context"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// HalfDone refuses when something else in the environment did not come to an end. The same release's promotion is gone on
// with. A release that contains one whose way back failed may go forward, with a warning: it may be the only way out.
// promotions are the environment's, newest first.
func HalfDone(ctx context.Context, commits Commits, promotions []history.Promotion, release history.Release) (checklist.Result, error) {
	open := history.HalfDone(promotions)
	if open == nil {
		return checklist.Passed("nothing is half done"), nil
	}
	since := open.Created.Format("2006-01-02 15:04 MST")
	if open.Task == history.Rollback {
		return checklist.Result{}, problem.New(fmt.Sprintf("finish it with `airlock rollback --environment %s`", open.Environment),
			"the rollback that was begun on %s did not come to an end", since)
	}
	if open.Release.Same(release) {
		return checklist.Passed(fmt.Sprintf("goes on with promotion %s, which did not come to an end", open.ID)), nil
	}
	if open.State() == history.Error && open.Release.Commit != "" && release.Commit != "" {
		if contains, err := commits.IsAncestor(ctx, open.Release.Commit, release.Commit); err == nil && contains {
			return checklist.Result{Verdict: checklist.Warn, Evidence: fmt.Sprintf("%s goes forward from %s, which was left unsettled on %s: %s",
				release.Name(), open.Release.Name(), since, open.Statuses[len(open.Statuses)-1].Description),
				Hint: fmt.Sprintf("going back instead is `airlock rollback --environment %s`", open.Environment)}, nil
		}
	}
	return checklist.Result{}, problem.New(
		fmt.Sprintf("promote %s again to finish it, or take it back with `airlock rollback --environment %s`", open.Release.Name(), open.Environment),
		"the promotion of %s, begun on %s, did not come to an end", open.Release.Name(), since)
}
