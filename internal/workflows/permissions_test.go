package workflows_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// granted is what each job may do with GitHub's token, and no job more: a right that is added here needs its reason in the
// workflow. Jobs that call a workflow hand on what its jobs need.
var granted = map[string]string{
	"promote.yml/plan":   "actions: write, contents: read, deployments: read",
	"promote.yml/first":  "actions: read, contents: read, deployments: write, id-token: write",
	"promote.yml/second": "actions: read, contents: read, deployments: write, id-token: write",
	"promote.yml/third":  "actions: read, contents: read, deployments: write, id-token: write",
	"promote.yml/fourth": "actions: read, contents: read, deployments: write, id-token: write",

	"promote-environment.yml/evidence": "actions: read, contents: read, deployments: read, id-token: write",
	"promote-environment.yml/promote":  "actions: read, contents: read, deployments: write, id-token: write",
	"promote-environment.yml/recover":  "contents: read, deployments: write",

	"review.yml/review": "contents: read, pull-requests: write",

	"rollback.yml/plan":     "actions: read, contents: read",
	"rollback.yml/rollback": "actions: read, contents: read, deployments: write, id-token: write",
	"rollback.yml/recover":  "contents: read, deployments: write",
}

// String lists the scopes in their order.
func (p permissions) String() string {
	var scopes []string
	for _, scope := range slices.Sorted(maps.Keys(p)) {
		scopes = append(scopes, scope+": "+p[scope])
	}
	return strings.Join(scopes, ", ")
}

// Without permissions of its own, a job has those of the repository's settings, which may be all.
func leastPermissions(ours *repository, report say) {
	each(ours.workflows, func(name string, file *workflow) {
		if file.Permissions == nil || len(file.Permissions) > 0 {
			report("%s: permissions: {} must stand at the top, so that a job has only what it names", name)
		}
	})
	seen := map[string]bool{}
	ours.eachJob(func(place string, _ *workflow, at *job) {
		seen[place] = true
		if at.Permissions == nil {
			report("%s has no permissions of its own", place)
		} else if got, want := at.Permissions.String(), ours.permissions[place]; got != want {
			report("%s may [%s], the table says [%s]", place, got, want)
		}
	})
	for place := range ours.permissions {
		if !seen[place] {
			report("%s is in the table and not in a file", place)
		}
	}
}

// GitHub refuses the whole run when a called job asks for more than its caller has, before anything of ours could explain it.
func callersGrant(ours *repository, report say) {
	rank := map[string]int{"read": 1, "write": 2}
	ours.eachJob(func(place string, _ *workflow, at *job) {
		name := calledWorkflow(at.Uses)
		if ours.workflows[name] == nil {
			return
		}
		each(ours.workflows[name].Jobs, func(id string, called *job) {
			for scope, right := range called.Permissions {
				if rank[at.Permissions[scope]] < rank[right] {
					report("%s does not grant %s: %s, which %s/%s needs", place, scope, right, name, id)
				}
			}
		})
	})
}

// calledWorkflow is the file name of a workflow of ours, or empty.
func calledWorkflow(uses string) string {
	if target := mine.FindStringSubmatch(uses); target != nil {
		return target[2]
	}
	return ""
}

// calledVerb is the verb of an action of ours, or empty.
func calledVerb(uses string) string {
	if target := mine.FindStringSubmatch(uses); target != nil {
		return target[1]
	}
	return ""
}

// What an expression puts into a script is executed: a branch, a title, a message of anyone. It belongs into env.
func noExpressionInAShell(ours *repository, report say) {
	look := func(place string, at step) {
		if strings.Contains(at.Run, "${{") {
			report("%s: an expression in run", place)
		}
	}
	ours.eachStep(look)
	each(ours.actions, func(verb string, at *action) {
		for number, one := range at.Runs.Steps {
			look(fmt.Sprintf("%s/action.yml, step %d", verb, number+1), one)
		}
	})
}

// Checkout leaves the job's token in .git/config unless it is told not to, for every later step to read.
func noPersistedCredentials(ours *repository, report say) {
	ours.eachStep(func(place string, at step) {
		if strings.HasPrefix(at.Uses, "actions/checkout@") && at.With["persist-credentials"] != false {
			report("%s: persist-credentials: false is needed", place)
		}
	})
}

// A workflow gets the secrets that are named for it, and no expression takes all of them.
func noInheritedSecrets(ours *repository, report say) {
	ours.eachJob(func(place string, _ *workflow, at *job) {
		if at.Secrets == "inherit" {
			report("%s: secrets: inherit", place)
		}
	})
	each(ours.workflows, func(name string, file *workflow) {
		if _, whole := uses(references(file.tree), "secrets"); whole {
			report("%s: all secrets at once", name)
		}
	})
}

// These run with the rights and secrets of the default branch on what anyone proposes.
func noDangerousTriggers(ours *repository, report say) {
	each(ours.workflows, func(name string, file *workflow) {
		written := fmt.Sprint(file.tree["on"])
		for _, trigger := range []string{"pull_request_target", "workflow_run", "issue_comment"} {
			if strings.Contains(written, trigger) {
				report("%s: %s", name, trigger)
			}
		}
	})
}
