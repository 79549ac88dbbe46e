package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Where an approval is given.
const (
	ByEnvironment = "environment"
	ByDispatch    = "dispatch"
	ByTerminal    = "terminal"
)

// Asked is the approval that the config asks of an environment.
type Asked struct {
	// By is ByEnvironment, ByDispatch or ByTerminal; empty asks nobody.
	By string
	// Reviewers are logins, and slugs of teams behind "team/"; none means that anybody whom GitHub asks will do.
	Reviewers []string
	// PreventSelfReview asks that nobody approves a run of their own.
	PreventSelfReview bool
	// Branches are the only ones that may be promoted; none means any.
	Branches []string
}

// Protection requires that the environment is protected on GitHub as the config asks. private tells that the repository is.
func Protection(asked Asked, environment githubapi.Environment, private bool) (checklist.Result, error) {
	var wrong []string
	switch asked.By {
	case ByTerminal:
		return checklist.Result{}, problem.Wrong("say approval: {by: environment}, and give it required reviewers on GitHub",
			"the environment %s is approved at a terminal, and there is none on GitHub", environment.Name)
	case ByEnvironment:
		if len(environment.Reviewers) == 0 {
			return checklist.Result{}, unreviewed(environment.Name, private)
		}
		wrong = append(wrong, reviewers(asked, environment)...)
	}
	wrong = append(wrong, branches(asked, environment)...)
	if len(wrong) > 0 {
		return checklist.Result{}, problem.New("change the environment in the repository's settings, or the config, and run again",
			"the environment %s is not protected as the config asks: %s", environment.Name, strings.Join(wrong, "; "))
	}
	result := checklist.Passed(fmt.Sprintf("it exists, %s", protection(environment)))
	if asked.By == ByEnvironment && environment.AdminsBypass {
		result.Verdict, result.Hint = checklist.Warn, "turn off that administrators may bypass the protection rules of "+environment.Name
		result.Evidence += "; administrators may bypass it"
	}
	return result, nil
}

// unreviewed says why nobody would be asked. GitHub asks reviewers in private repositories only with a plan for it:
// https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
func unreviewed(name string, private bool) error {
	hint := "add required reviewers to it in the repository's settings"
	if private {
		hint += "; a private repository has them on GitHub Enterprise only, and approval: {by: dispatch} in the config is the other way"
	}
	return problem.New(hint, "the environment %s has no required reviewers: everybody would be let through", name)
}

// reviewers says what differs. Somebody beside those that the config names could approve as well.
func reviewers(asked Asked, environment githubapi.Environment) []string {
	var wrong, there []string
	for _, reviewer := range environment.Reviewers {
		name := strings.ToLower(reviewer.Name)
		if reviewer.Kind == githubapi.Team {
			name = "team/" + name
		}
		there = append(there, name)
	}
	if len(asked.Reviewers) > 0 {
		wanted := make([]string, len(asked.Reviewers))
		for i, name := range asked.Reviewers {
			wanted[i] = strings.ToLower(name)
			if !slices.Contains(there, wanted[i]) {
				wrong = append(wrong, fmt.Sprintf("%.100s does not review it", name))
			}
		}
		for _, name := range there {
			if !slices.Contains(wanted, name) {
				wrong = append(wrong, fmt.Sprintf("%.100s may approve it too", name))
			}
		}
	}
	if asked.PreventSelfReview && !environment.PreventSelfReview {
		wrong = append(wrong, "whoever started a run may approve it")
	}
	return wrong
}

// branches says which branches may deploy beside those that the config names.
func branches(asked Asked, environment githubapi.Environment) []string {
	if len(asked.Branches) == 0 {
		return nil
	}
	if environment.Branches != githubapi.CustomBranches {
		return []string{fmt.Sprintf("%s may deploy into it, and not only %s", map[githubapi.Branches]string{
			githubapi.AnyBranch: "any branch", githubapi.ProtectedBranches: "any protected branch"}[environment.Branches], strings.Join(asked.Branches, ", "))}
	}
	var wrong []string
	for _, pattern := range environment.Patterns {
		switch {
		case pattern.Tag:
			wrong = append(wrong, fmt.Sprintf("tags %.100s may deploy into it too", pattern.Name))
		case !slices.Contains(asked.Branches, pattern.Name):
			wrong = append(wrong, fmt.Sprintf("branches %.100s may deploy into it too", pattern.Name))
		}
	}
	return wrong
}

func protection(environment githubapi.Environment) string {
	var names []string
	for _, reviewer := range environment.Reviewers {
		names = append(names, reviewer.Name)
	}
	text := "nobody is asked"
	if len(names) > 0 {
		text = "reviewed by " + strings.Join(names, ", ")
	}
	if environment.WaitTimer > 0 {
		text += ", after " + environment.WaitTimer.String()
	}
	return text
}
