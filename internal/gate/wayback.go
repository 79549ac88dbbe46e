package gate

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Host is what the place where the application runs says about itself.
type Host struct {
	// Image is the digest of what it serves or was last asked to serve, empty when it never did.
	Image string
	// Running tells whether it serves Image now.
	Running bool
	// Missing says why the version to go back to could not be served again; nil when it could.
	Missing error
}

// PreviousVersion requires that the host serves what the record says, and could serve it again.
// promotions are the environment's, newest first.
func PreviousVersion(host Host, promotions []history.Promotion) (checklist.Result, error) {
	current := history.Current(promotions)
	// What an unsettled promotion put there is explained by it; whether one may go on from there is another gate's.
	goesOn := explained(host.Image, promotions)
	switch {
	case current == nil && (!host.Running || goesOn):
		return checklist.Result{
			Verdict: checklist.Warn, Evidence: "nothing was served before: the first release has no previous version to go back to",
			Hint: "if it fails, it is stopped and its schema stays",
		}, nil
	case current == nil:
		return checklist.Result{}, problem.New("stop it and empty its folder, or restore the history: what came before cannot be known",
			"the host serves %.19s, and the record knows of no promotion", host.Image)
	case host.Image != current.Release.Image && !goesOn:
		return checklist.Result{}, problem.New(fmt.Sprintf("bring back what the record says: `airlock deploy --environment %s` with that release", current.Environment),
			"the host serves %s, and the record says %s (%.19s)", orNothing(host.Image), current.Release.Name(), current.Release.Image)
	case host.Missing != nil:
		return checklist.Result{}, problem.New(fmt.Sprintf("bring it back: `airlock deploy --environment %s` with the folder of that release", current.Environment),
			"the previous version %s cannot be served again: %w", current.Release.Name(), host.Missing)
	}
	evidence := fmt.Sprintf("%s (%.19s) is on the host", current.Release.Name(), current.Release.Image)
	if !host.Running {
		return checklist.Result{
			Verdict: checklist.Warn, Evidence: evidence + ", and the host serves nothing now", Hint: "look at its log: did it end by itself?",
		}, nil
	}
	return checklist.Passed(evidence), nil
}

// explained tells whether a promotion that was not settled since the newest success put the image there.
func explained(image string, promotions []history.Promotion) bool {
	for _, promotion := range promotions {
		switch {
		case promotion.Succeeded():
			return false
		case promotion.State() != history.Failure && promotion.Release.Image == image:
			return true
		}
	}
	return false
}

func orNothing(image string) string {
	if image == "" {
		return "nothing"
	}
	return fmt.Sprintf("%.19s", image)
}
