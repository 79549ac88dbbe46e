package gate

import (
	"context"
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// Changes knows what a work tree has that its commit lacks.
type Changes interface {
	// Changed lists what differs below the paths, one a line.
	Changed(ctx context.Context, paths ...string) (string, error)
}

// Committed warns when the migrations or the config differ from the commit that the release is recorded under.
func Committed(ctx context.Context, tree Changes, paths ...string) (checklist.Result, error) {
	changed, err := tree.Changed(ctx, paths...)
	if err != nil {
		return checklist.Result{}, err
	}
	if changed == "" {
		return checklist.Passed("no uncommitted change to the migrations or the config"), nil
	}
	count := strings.Count(changed, "\n") + 1
	return checklist.Result{Verdict: checklist.Warn, Evidence: fmt.Sprintf("%d files differ from the commit:\n%s", count, changed),
		Hint: "commit them: others cannot see what is promoted"}, nil
}
