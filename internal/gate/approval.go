package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Approved requires that somebody approved the run for the environment. GitHub lets no job of a protected environment start
// without it, unless an administrator passes the rules by: then nobody has approved, and this says so. GitHub does not tell
// the attempts of a run apart: an approval of an earlier one counts, with a warning.
func Approved(asked Asked, environment string, run githubapi.Run, approvals []githubapi.Approval) (checklist.Result, error) {
	var by []string
	own := ""
	for _, approval := range approvals {
		about := slices.ContainsFunc(approval.Environments, func(name string) bool { return strings.EqualFold(name, environment) })
		if !about || approval.State != "approved" {
			continue
		}
		if asked.PreventSelfReview && (strings.EqualFold(approval.User, run.Actor) || strings.EqualFold(approval.User, run.TriggeringActor)) {
			own = approval.User
			continue
		}
		text := fmt.Sprintf("%.100s", approval.User)
		if approval.Comment != "" {
			text += fmt.Sprintf(": %.300q", approval.Comment)
		}
		by = append(by, text)
	}
	switch {
	case len(by) == 0 && own != "":
		return checklist.Result{}, problem.New("have somebody else approve", "%s was approved by %.100s, who started the run", environment, own)
	case len(by) == 0:
		return checklist.Result{}, problem.New("have a reviewer approve the run; passing the rules by is no approval",
			"nobody approved this run for %s", environment)
	}
	result := checklist.Passed("approved by " + strings.Join(by, ", "))
	if run.Attempt > 1 {
		result.Verdict, result.Hint = checklist.Warn, "GitHub does not tell which attempt of the run was approved: an approval of an earlier one counts too"
	}
	return result, nil
}

// StartedBy requires that a person whom the config names started the run by hand.
func StartedBy(asked Asked, environment string, run githubapi.Run) (checklist.Result, error) {
	hint := "have one of them start this workflow by hand: " + strings.Join(asked.Reviewers, ", ")
	listed := slices.ContainsFunc(asked.Reviewers, func(name string) bool { return strings.EqualFold(name, run.TriggeringActor) })
	switch {
	case len(asked.Reviewers) == 0:
		return checklist.Result{}, problem.Wrong("name them under approval.reviewers", "nobody may approve %s by starting a run", environment)
	case run.Event != "workflow_dispatch":
		return checklist.Result{}, problem.New(hint, "%s is approved by a run that a person starts, and this one was started by %.40s", environment, run.Event)
	case !listed:
		return checklist.Result{}, problem.New(hint, "%.100s may not approve %s", run.TriggeringActor, environment)
	case !strings.EqualFold(run.Actor, run.TriggeringActor):
		return checklist.Result{}, problem.New(hint, "%.100s ran again what %.100s started, and who approves %s starts a run of their own", run.TriggeringActor, run.Actor, environment)
	}
	return checklist.Passed(fmt.Sprintf("%.100s started this run", run.TriggeringActor)), nil
}

// Dispatched requires that a person whom the config names started the run by hand, and named what they approve. promoter
// is who promoted the release into the environment before: with PreventSelfReview nobody approves their own.
func Dispatched(asked Asked, environment string, run githubapi.Run, approve, digest, promoter string) (checklist.Result, error) {
	if _, err := StartedBy(asked, environment, run); err != nil {
		return checklist.Result{}, err
	}
	switch {
	case digest == "":
		return checklist.Result{}, problem.Unknown("run the whole workflow again", "what is approved for %s is not known", environment)
	case approve != digest:
		return checklist.Result{}, problem.New("look at what is promoted now; then start this workflow by hand with approve: "+digest,
			"what was approved is not what would be promoted into %s", environment)
	case asked.PreventSelfReview && promoter == "":
		return checklist.Result{}, problem.Unknown("promote it into the environment before first; the first of the order cannot have prevent-self-review",
			"whether %.100s approves a release of their own is not known: the record does not say who promoted it before", run.TriggeringActor)
	case asked.PreventSelfReview && strings.EqualFold(promoter, run.TriggeringActor):
		return checklist.Result{}, problem.New("have somebody else start it", "%.100s promoted this release before, and may not approve it", run.TriggeringActor)
	}
	return checklist.Passed(fmt.Sprintf("%.100s started this run and approves %.12s, which is weaker than a review by GitHub", run.TriggeringActor, digest)), nil
}

// Unchanged requires that what would be promoted now is what was planned. planned and now are digests of the plan, before
// and after the releases that they are of.
func Unchanged(planned, now string, before, after history.Release) (checklist.Result, error) {
	const hint = "run the whole workflow again: it plans and asks anew"
	var differ []string
	if before.Commit != after.Commit {
		differ = append(differ, fmt.Sprintf("the commit is %.12s and was %.12s", after.Commit, before.Commit))
	}
	if before.Image != after.Image {
		differ = append(differ, fmt.Sprintf("the image is %.19s and was %.19s", after.Image, before.Image))
	}
	if before.Migrations != after.Migrations {
		differ = append(differ, "the migrations are others")
	}
	switch {
	case planned == "":
		return checklist.Result{}, problem.New(hint, "the plan says nothing about this environment")
	case planned != now && len(differ) == 0:
		return checklist.Result{}, problem.New(hint, "it is not what was planned: the config was changed since, or another release is served now")
	case planned != now:
		return checklist.Result{}, problem.New(hint, "it is not what was planned: %s", strings.Join(differ, "; "))
	}
	return checklist.Passed(fmt.Sprintf("the plan's digest is %.12s", now)), nil
}
