package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

var managers = githubapi.Reviewer{Kind: githubapi.Team, Name: "release-managers"}

// askedOfProduction is what a careful config asks, and protectedProduction an environment that has it.
func askedOfProduction() gate.Asked {
	return gate.Asked{By: gate.ByEnvironment, Reviewers: []string{"team/release-managers"}, PreventSelfReview: true, Branches: []string{"main"}}
}

func protectedProduction() githubapi.Environment {
	return githubapi.Environment{Name: "production", Reviewers: []githubapi.Reviewer{managers}, PreventSelfReview: true,
		Branches: githubapi.CustomBranches, Patterns: []githubapi.Pattern{{Name: "main"}}}
}

func TestProtection(t *testing.T) {
	t.Parallel()
	rita := githubapi.Reviewer{Kind: githubapi.User, Name: "Rita"}
	tests := map[string]struct {
		change func(*gate.Asked, *githubapi.Environment)
		want   answer
	}{
		"as asked":    {func(*gate.Asked, *githubapi.Environment) {}, answer{checklist.Pass, "it exists, reviewed by release-managers"}},
		"a timer too": {func(_ *gate.Asked, e *githubapi.Environment) { e.WaitTimer = 30 * time.Minute }, answer{checklist.Pass, "reviewed by release-managers, after 30m0s"}},
		"nobody is asked, and nothing protects it": {func(a *gate.Asked, e *githubapi.Environment) {
			*a, *e = gate.Asked{}, githubapi.Environment{Name: "sandbox", Branches: githubapi.AnyBranch, AdminsBypass: true}
		}, answer{checklist.Pass, "it exists, nobody is asked"}},
		"anybody whom GitHub asks will do": {func(a *gate.Asked, e *githubapi.Environment) {
			a.Reviewers, e.Reviewers = nil, []githubapi.Reviewer{rita}
		}, answer{checklist.Pass, "reviewed by Rita"}},
		"names differ in case only": {func(a *gate.Asked, e *githubapi.Environment) {
			a.Reviewers, e.Reviewers = []string{"RITA", "Team/Release-Managers"}, []githubapi.Reviewer{rita, managers}
		}, answer{checklist.Pass, "reviewed by Rita, release-managers"}},
		"administrators may pass": {func(_ *gate.Asked, e *githubapi.Environment) { e.AdminsBypass = true },
			answer{checklist.Warn, "reviewed by release-managers; administrators may bypass it"}},
		"another reviews it": {func(_ *gate.Asked, e *githubapi.Environment) { e.Reviewers = []githubapi.Reviewer{rita} },
			answer{checklist.Fail, "team/release-managers does not review it; rita may approve it too"}},
		"one more reviews it": {func(_ *gate.Asked, e *githubapi.Environment) { e.Reviewers = append(e.Reviewers, rita) },
			answer{checklist.Fail, "not protected as the config asks: rita may approve it too"}},
		"a user is not the team of that name": {func(a *gate.Asked, _ *githubapi.Environment) { a.Reviewers = []string{"release-managers"} },
			answer{checklist.Fail, "release-managers does not review it; team/release-managers may approve it too"}},
		"people may approve their own": {func(_ *gate.Asked, e *githubapi.Environment) { e.PreventSelfReview = false },
			answer{checklist.Fail, "whoever started a run may approve it"}},
		"which the config does not mind": {func(a *gate.Asked, e *githubapi.Environment) { a.PreventSelfReview, e.PreventSelfReview = false, false },
			answer{checklist.Pass, "it exists"}},
		"any branch": {func(_ *gate.Asked, e *githubapi.Environment) { e.Branches, e.Patterns = githubapi.AnyBranch, nil },
			answer{checklist.Fail, "any branch may deploy into it, and not only main"}},
		"any protected branch": {func(_ *gate.Asked, e *githubapi.Environment) {
			e.Branches, e.Patterns = githubapi.ProtectedBranches, nil
		},
			answer{checklist.Fail, "any protected branch may deploy into it, and not only main"}},
		"any branch, which the config does not mind": {func(a *gate.Asked, e *githubapi.Environment) {
			a.Branches, e.Branches, e.Patterns = nil, githubapi.AnyBranch, nil
		},
			answer{checklist.Pass, "it exists"}},
		"one more pattern": {func(_ *gate.Asked, e *githubapi.Environment) {
			e.Patterns = append(e.Patterns, githubapi.Pattern{Name: "release/*"})
		}, answer{checklist.Fail, "branches release/* may deploy into it too"}},
		"tags, by the very name": {func(_ *gate.Asked, e *githubapi.Environment) {
			e.Patterns = append(e.Patterns, githubapi.Pattern{Name: "main", Tag: true})
		}, answer{checklist.Fail, "tags main may deploy into it too"}},
		"branches differ in case": {func(_ *gate.Asked, e *githubapi.Environment) { e.Patterns = []githubapi.Pattern{{Name: "Main"}} },
			answer{checklist.Fail, "branches Main may deploy into it too"}},
		"fewer branches than the config allows": {func(a *gate.Asked, e *githubapi.Environment) {
			a.Branches, e.Patterns = []string{"main", "hotfix"}, nil
		},
			answer{checklist.Pass, "it exists"}},
		"all that is wrong is said": {func(_ *gate.Asked, e *githubapi.Environment) {
			*e = githubapi.Environment{Name: "production", Reviewers: []githubapi.Reviewer{rita}, Branches: githubapi.AnyBranch}
		}, answer{checklist.Fail, "team/release-managers does not review it; rita may approve it too; whoever started a run may approve it; any branch may deploy"}},
		"approved at a terminal": {func(a *gate.Asked, _ *githubapi.Environment) { a.By = gate.ByTerminal },
			answer{checklist.Fail, "production is approved at a terminal, and there is none on GitHub"}},
		"approved by a run": {func(a *gate.Asked, e *githubapi.Environment) {
			a.By, a.Reviewers, e.Reviewers = gate.ByDispatch, []string{"rita"}, nil
		},
			answer{checklist.Pass, "it exists, nobody is asked"}},
		"approved by a run, from any branch": {func(a *gate.Asked, e *githubapi.Environment) {
			a.By, a.Reviewers, e.Branches = gate.ByDispatch, []string{"rita"}, githubapi.AnyBranch
		}, answer{checklist.Fail, "any branch may deploy into it"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, environment := askedOfProduction(), protectedProduction()
			test.change(&asked, &environment)
			result, err := gate.Protection(asked, environment, true)
			hold(t, result, err, test.want)
			if result.Verdict == checklist.Warn && result.Hint == "" {
				t.Error("a warning without a hint")
			}
		})
	}
}

// GitHub asks nobody in a private repository without a plan for it: the other way is named there, and only there.
func TestProtectionWithoutReviewers(t *testing.T) {
	t.Parallel()
	environment := protectedProduction()
	environment.Reviewers = nil
	for private, named := range map[bool]bool{true: true, false: false} {
		result, err := gate.Protection(askedOfProduction(), environment, private)
		hold(t, result, err, answer{checklist.Fail, "production has no required reviewers: everybody would be let through"})
		if got := strings.Contains(problem.Hint(err), "approval: {by: dispatch}"); got != named {
			t.Errorf("private %v: the hint is %q", private, problem.Hint(err))
		}
	}
}
