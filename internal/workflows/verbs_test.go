package workflows_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

// command is the command of a verb that a step runs: what it says, or the default of the declaration.
func command(at step, declaration runner.Declaration) string {
	if said, ok := at.With["command"].(string); ok {
		return said
	}
	for _, input := range declaration.AllInputs {
		if input.Name == "command" {
			return input.Default
		}
	}
	return ""
}

// GitHub neither refuses an unknown input nor asks for a required one of a composite action.
func inputsOfActions(ours *repository, report say) {
	ours.eachStep(func(place string, at step) {
		verb := calledVerb(at.Uses)
		if ours.actions[verb] == nil {
			return
		}
		declaration := ours.actions[verb].declaration
		runs := command(at, declaration)
		if commands := declaration.Commands(); runs != "" && !slices.Contains(commands, runs) {
			report("%s: %s has no command %s", place, verb, runs)
		}
		known := map[string]bool{}
		for _, input := range declaration.AllInputs {
			known[input.Name] = true
			_, given := at.With[input.Name]
			belongs := len(input.Commands) == 0 || slices.Contains(input.Commands, runs)
			if given && !belongs {
				report("%s: the input %s of %s does not belong to %s", place, input.Name, verb, runs)
			}
			if !given && belongs && input.Required {
				report("%s: %s needs the input %s", place, verb, input.Name)
			}
		}
		for name := range at.With {
			if !known[name] {
				report("%s: %s has no input %s", place, verb, name)
			}
		}
	})
}

// jobsInEnvironments holds the jobs behind protection rules to what keeps two promotions apart and GitHub's records out, and
// every job that runs to an end.
func jobsInEnvironments(ours *repository, report say) {
	ours.eachJob(func(place string, _ *workflow, at *job) {
		if at.RunsOn != nil && at.Timeout == 0 {
			report("%s: it has no timeout-minutes", place)
		}
		if at.Environment == nil {
			return
		}
		if below(at.Environment, "deployment") != false {
			report("%s: deployment: false is needed, or GitHub records a success of its own", place)
		}
		group := fmt.Sprint(below(at.Concurrency, "group"))
		if at.Permissions["deployments"] == "write" && group != "airlock-${{ inputs.environment }}" {
			report("%s: its group is %s: what changes one environment must share airlock-${{ inputs.environment }}", place, group)
		}
		if !strings.Contains(group, "${{ inputs.environment }}") {
			report("%s: its group must name the environment", place)
		}
		if below(at.Concurrency, "queue") != "max" {
			report("%s: queue: max is needed, or GitHub drops all waiting runs but one", place)
		}
		if below(at.Concurrency, "cancel-in-progress") != nil {
			report("%s: cancel-in-progress would stop a promotion in the middle", place)
		}
	})
}

// orderOfVerbs holds the steps of the job promote to the order that `promote` on a laptop follows. The record is opened once
// every gate let the promotion in, and closed before the way back, which needs to know how the steps ended.
func orderOfVerbs(ours *repository, report say) {
	const place = "promote-environment.yml/promote"
	var want, got []string
	for _, one := range append(promotion.Order(), promotion.WayBack()) {
		switch one.Verb {
		case promotion.WayBack().Verb:
			want = append(want, "close: record close")
		case "snapshot":
			want = append(want, "open: record open")
		}
		want = append(want, strings.TrimSpace(fmt.Sprintf("%s: %s %s", one.ID(), one.Verb, one.Command)))
	}
	file := ours.workflows["promote-environment.yml"]
	if file == nil || file.Jobs["promote"] == nil {
		report("there is no %s", place)
		return
	}
	for _, at := range file.Jobs["promote"].Steps {
		if verb := calledVerb(at.Uses); ours.actions[verb] != nil {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s: %s %s", at.ID, verb, command(at, ours.actions[verb].declaration))))
		}
	}
	for number := range max(len(want), len(got)) {
		if number >= len(want) || number >= len(got) || want[number] != got[number] {
			report("%s: the verbs are\n%s\na promotion has\n%s", place, strings.Join(got, "\n"), strings.Join(want, "\n"))
			return
		}
	}
}

// oneStep holds an action to one step that becomes the binary: GitHub's signals reach a step's first process only.
func oneStep(ours *repository, report say) {
	each(ours.actions, func(verb string, at *action) {
		if at.Runs.Using != "composite" {
			report("%s: it must be composite", verb)
		}
		if len(at.Runs.Steps) != 1 {
			report("%s: %d steps", verb, len(at.Runs.Steps))
			return
		}
		only := at.Runs.Steps[0]
		if only.ID != "airlock" || only.Shell != "bash" || only.If != "" {
			report("%s: its step must be id airlock in bash", verb)
		}
		if len(only.Env) != 2 || only.Env["AIRLOCK_INPUTS"] != "${{ toJSON(inputs) }}" || only.Env["GITHUB_TOKEN"] != "${{ github.token }}" {
			report("%s: its environment must be AIRLOCK_INPUTS and GITHUB_TOKEN alone", verb)
		}
		if want := ". \"$GITHUB_ACTION_PATH/../../scripts/install\"\nexec \"$AIRLOCK\" " + verb + "\n"; only.Run != want {
			report("%s: its step must read\n%s", verb, want)
		}
		for _, output := range at.declaration.AllOutputs {
			if want := "${{ steps.airlock.outputs." + output.Name + " }}"; output.Value != want {
				report("%s: the output %s must be %s", verb, output.Name, want)
			}
		}
	})
}
