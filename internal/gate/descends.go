package gate

import (
	"context"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Commits knows the order of commits.
type Commits interface {
	// IsAncestor tells whether ancestor is descendant or comes before it.
	IsAncestor(ctx context.Context, ancestor, descendant string) (bool, error)
}

// Descends requires that the release contains what is served now, so that an older run cannot overtake a newer one.
// served is nil when the environment serves nothing yet.
func Descends(ctx context.Context, commits Commits, served *history.Release, release history.Release) (checklist.Result, error) {
	if served == nil {
		return checklist.Passed("nothing is served yet"), nil
	}
	if served.Commit == "" || release.Commit == "" {
		return checklist.Result{}, problem.Unknown("promote from a git work tree: the commit is how releases are put in order",
			"whether %s comes after %s is not known: one of them has no commit", release.Name(), served.Name())
	}
	contains, err := commits.IsAncestor(ctx, served.Commit, release.Commit)
	if err != nil {
		return checklist.Result{}, err
	}
	if !contains {
		return checklist.Result{}, problem.New("merge what is served into it first; going back is `airlock rollback`",
			"%s (%.12s) does not contain what is served: %s (%.12s)", release.Name(), release.Commit, served.Name(), served.Commit)
	}
	return checklist.Passed(fmt.Sprintf("%.12s contains %.12s, which is served", release.Commit, served.Commit)), nil
}
