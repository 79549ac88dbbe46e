package gate

import (
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Before returns the environment that must have proven a release before it may reach environment: the one ahead of it in
// order. It is empty for the first.
func Before(order []string, environment string) string {
	if place := slices.Index(order, environment); place > 0 {
		return order[place-1]
	}
	return ""
}

// SandboxProof requires that the very same release, image and migrations, was promoted into the environment before this
// one and verified there. promotions are those of that environment, newest first; before is its name.
func SandboxProof(before string, promotions []history.Promotion, release history.Release) (checklist.Result, error) {
	if before == "" {
		return checklist.Skipped("the first environment of the order needs no proof from another"), nil
	}
	if proof := history.Proof(promotions, release); proof != nil {
		return checklist.Passed(fmt.Sprintf("%s was promoted into %s and verified on %s (%s)",
			release.Name(), before, proof.Created.Format("2006-01-02 15:04 MST"), proof.ID)), nil
	}
	return checklist.Result{}, problem.New(fmt.Sprintf("promote it into %s first", before),
		"there is no proof that %s works in %s: no promotion of this image with these migrations succeeded there, or a later one took it back",
		release.Name(), before)
}
