package workflows_test

import (
	"regexp"
	"strings"
)

// rule is one thing that must hold of every workflow and action, and the ways to break it which it must notice.
type rule struct {
	name  string
	check func(ours *repository, report say)
	bad   []bad
}

// bad is the example repository in testdata with one text replaced by another, and what is said about it.
type bad struct{ file, old, new, want string }

func rules() []rule {
	return []rule{
		{"others are pinned to a commit", pinnedToACommit, []bad{
			{"promote.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7 # v7.0.1", "promote.yml:20: actions/checkout@v7 is not pinned to a full commit"},
			{"promote.yml", " # v7.0.1", "", "needs its version beside it"},
			{"promote.yml", " # v7.0.1", " # v7", "needs its version beside it"},
			{"promote-environment.yml", "# v7.0.1", "# v7.0.2", "is pinned to actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 v7.0.1 here and actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 v7.0.2 elsewhere"},
			{"promote.yml", "uses: actions/checkout", "'uses': actions/checkout", "2 lines say uses, 3 keys are read"},
			{"promote.yml", "$/actions/preflight", "./actions/preflight", "./actions/preflight is not pinned"},
			{"promote.yml", "$/actions/preflight", "$/actions/preflights", "there is no $/actions/preflights"},
			{"promote.yml", "$/.github/workflows/promote-environment.yml", "$/.github/workflows/other.yml", "there is no $/.github"},
		}},
		{"no job may do more than it needs", leastPermissions, []bad{
			{"promote.yml", "\npermissions: {}\n", "\n", "promote.yml: permissions: {} must stand at the top"},
			{"promote.yml", "\npermissions: {}\n", "\npermissions: {contents: read}\n", "must stand at the top"},
			{"promote.yml", "{contents: read, actions: read}", "{contents: write, actions: read}", "promote.yml/plan may [actions: read, contents: write], the table says [actions: read, contents: read]"},
			{"promote.yml", "{contents: read, actions: read}", "write-all", "promote.yml/plan may [*: write-all]"},
			{"promote.yml", "    permissions: {contents: read, actions: read}\n", "", "promote.yml/plan has no permissions of its own"},
			{"promote.yml", "  plan:\n", "  planned:\n", "promote.yml/plan is in the table and not in a file"},
		}},
		{"a called workflow gets what its jobs need", callersGrant, []bad{
			{"promote.yml", "{contents: read, id-token: write,", "{contents: read,", "promote.yml/first does not grant id-token: write, which promote-environment.yml/promote needs"},
			{"promote.yml", "id-token: write", "id-token: read", "does not grant id-token: write"},
		}},
		{"no expression in a shell", noExpressionInAShell, []bad{
			{"promote.yml", `echo "$FIRST"`, `echo "${{ inputs.image }}"`, "promote.yml/plan, step 3: an expression in run"},
			{"action.yml", `exec "$AIRLOCK" VERB`, `exec "$AIRLOCK" ${{ inputs.command }}`, "action.yml, step 1: an expression in run"},
		}},
		{"no credentials stay on the disk", noPersistedCredentials, []bad{
			{"promote.yml", "persist-credentials: false", "persist-credentials: true", "promote.yml/plan, step 1: persist-credentials: false is needed"},
			{"promote.yml", ", persist-credentials: false", "", "persist-credentials: false is needed"},
		}},
		{"no secrets but those named", noInheritedSecrets, []bad{
			{"promote.yml", "    secrets:\n      AIRLOCK_ENV: ${{ secrets.AIRLOCK_ENV }}\n", "    secrets: inherit\n", "promote.yml/first: secrets: inherit"},
			{"promote.yml", "${{ needs.first.outputs.verdict }}", "${{ toJSON(secrets) }}", "promote.yml: all secrets at once"},
		}},
		{"what starts a workflow from outside has no rights", noDangerousTriggers, []bad{
			{"promote.yml", "on:\n", "on:\n  pull_request_target:\n", "promote.yml: pull_request_target"},
			{"promote.yml", "on:\n", "on:\n  workflow_run:\n", "promote.yml: workflow_run"},
		}},
		{"inputs, secrets and outputs are declared and used", namesOfFiles, []bad{
			{"promote.yml", "      image: {type: string}\n", "      image: {type: string}\n      extra: {type: string}\n", "promote.yml: inputs.extra is declared and never used"},
			{"promote.yml", "      image: {type: string}\n", "", "promote.yml: inputs.image is used and not declared"},
			{"promote.yml", "      AIRLOCK_ENV: {required: false}\n", "      OTHER: {required: false}\n", "promote.yml: secrets.AIRLOCK_ENV is used and not declared"},
			{"promote.yml", "jobs.first.outputs.verdict", "jobs.last.outputs.verdict", "promote.yml: there is no jobs.last.outputs.verdict"},
			{"promote.yml", "jobs.first.outputs.verdict", "jobs.first.outputs.verdicts", "promote.yml: there is no jobs.first.outputs.verdicts"},
			{"promote.yml", "inputs.image", "inputs['image']", "promote.yml: inputs[ cannot be followed: write inputs.name"},
		}},
		{"jobs and steps are declared and used", namesOfJobs, []bad{
			{"promote.yml", "needs.plan.outputs.first }}", "needs.plan.outputs.fist }}", "promote.yml/first: there is no needs.plan.outputs.fist"},
			{"promote.yml", "needs: [plan, first]", "needs: [plan, second]", "promote.yml/recover: it needs second, which is no job"},
			{"promote.yml", "    needs: plan\n", "", "promote.yml/first: needs.plan.outputs.first: it does not need plan"},
			{"promote.yml", "needs.first.outputs.verdict", "needs.first.outputs.verdicts", "promote.yml/recover: there is no needs.first.outputs.verdicts"},
			{"promote.yml", "first: ${{ steps.plan.outputs.verdict }}", "first: ${{ steps.plan.outputs.first }}", "promote.yml/plan: there is no steps.plan.outputs.first"},
			{"promote.yml", "steps.plan.outputs.verdict", "steps.plans.outputs.verdict", "promote.yml/plan: there is no step plans"},
			{"promote.yml", "      first: ${{ steps.plan.outputs.verdict }}\n", "      first: ${{ steps.plan.outputs.verdict }}\n      more: ${{ steps.plan.outcome }}\n", "promote.yml/plan: the output more is never used"},
			{"promote.yml", "      - run: echo", "      - id: unused\n        run: echo", "promote.yml/plan: nothing refers to the step unused"},
			{"promote-environment.yml", "steps.deploy.outcome", "steps.deploy.result", "there is no steps.deploy.result"},
			{"promote.yml", "needs.first.result", "needs.first.outcome", "there is no needs.first.outcome"},
		}},
		{"actions get the inputs that they declare", inputsOfActions, []bad{
			{"promote.yml", "command: check", "comand: check", "promote.yml/plan, step 2: preflight has no input comand"},
			{"promote.yml", "command: check, environment: sandbox", "command: check", "promote.yml/plan, step 2: preflight needs the input environment"},
			{"promote.yml", "command: check", "command: chek", "preflight has no command chek"},
			{"promote-environment.yml", "{command: create, environment", "{command: create, to: 7, environment", "the input to of snapshot does not belong to create"},
		}},
		{"a job in an environment", jobsInEnvironments, []bad{
			{"promote-environment.yml", "      deployment: false\n", "", "promote-environment.yml/promote: deployment: false is needed"},
			{"promote-environment.yml", "deployment: false", "deployment: true", "deployment: false is needed"},
			{"promote-environment.yml", "      queue: max\n", "", "queue: max is needed"},
			{"promote-environment.yml", "      queue: max\n", "      queue: max\n      cancel-in-progress: true\n", "cancel-in-progress"},
			{"promote-environment.yml", "airlock-${{ inputs.environment }}", "airlock", "its group is airlock: what changes one environment must share"},
			{"promote-environment.yml", "airlock-${{ inputs.environment }}", "airlock", "its group must name the environment"},
			{"promote-environment.yml", "    timeout-minutes: 300\n", "", "promote-environment.yml/promote: it has no timeout-minutes"},
			{"promote.yml", "    timeout-minutes: 5\n", "", "promote.yml/recover: it has no timeout-minutes"},
		}},
		{"the verbs are in the order of a promotion", orderOfVerbs, []bad{
			{"promote-environment.yml", "$/actions/snapshot", "$/actions/migrate", "the verbs are\npreflight: preflight check\nopen: record open\nsnapshot: migrate create\n"},
			{"promote-environment.yml", "command: watch", "command: once", "watch: verify once\nclose"},
			{"promote-environment.yml", "      - id: rollback\n        uses: $/actions/rollback\n        with: {command: run, environment: x}\n", "", "close: record close\na promotion has"},
			{"promote-environment.yml", "id: migrate", "id: up", "up: migrate up"},
		}},
		{"an action is one step which becomes the binary", oneStep, []bad{
			{"action.yml", "using: composite", "using: node24", "preflight: it must be composite"},
			{"action.yml", "      shell: bash\n", "      shell: sh\n", "preflight: its step must be id airlock in bash"},
			{"action.yml", "toJSON(inputs)", "toJSON(github)", "preflight: its environment must be AIRLOCK_INPUTS and GITHUB_TOKEN alone"},
			{"action.yml", `        . "$GITHUB_ACTION_PATH/../../scripts/install"` + "\n", "", "preflight: its step must read"},
			{"action.yml", `exec "$AIRLOCK"`, `"$AIRLOCK"`, "preflight: its step must read"},
			{"action.yml", "exec \"$AIRLOCK\" VERB\n", "exec \"$AIRLOCK\" VERB\n    - run: echo\n      shell: bash\n", "preflight: 2 steps"},
			{"action.yml", "steps.airlock.outputs.verdict", "steps.airlock.outputs.verdicts", "preflight: the output verdict must be"},
		}},
	}
}

var (
	commit  = regexp.MustCompile(`^([\w.-]+/[\w./-]+)@[0-9a-f]{40}$`)
	useLine = regexp.MustCompile(`^(?:- )?uses: (\S+)(?: # (v\d+\.\d+\.\d+)$)?`)
	mine    = regexp.MustCompile(`^\$/(?:actions/([a-z]+)|\.github/workflows/([a-z-]+\.yml))$`)
)

// Whoever can move a tag of somebody else's action could run code with our rights.
func pinnedToACommit(ours *repository, report say) {
	versions := map[string]string{}
	each(ours.workflows, func(name string, file *workflow) {
		lines, number := 0, 0
		for line := range strings.Lines(file.source) {
			number++
			found := useLine.FindStringSubmatch(strings.TrimSpace(line))
			if found == nil {
				continue
			}
			lines++
			used, version := found[1], found[2]
			if target := mine.FindStringSubmatch(used); target != nil {
				if ours.actions[target[1]] == nil && ours.workflows[target[2]] == nil {
					report("%s:%d: there is no %s", name, number, used)
				}
				continue
			}
			repository := commit.FindStringSubmatch(used)
			switch {
			case repository == nil:
				report("%s:%d: %s is not pinned to a full commit", name, number, used)
			case version == "":
				report("%s:%d: %s needs its version beside it, as in # v1.2.3", name, number, used)
			case versions[repository[1]] != "" && versions[repository[1]] != used+" "+version:
				report("%s:%d: %s is pinned to %s %s here and %s elsewhere", name, number, repository[1], used, version, versions[repository[1]])
			default:
				versions[repository[1]] = used + " " + version
			}
		}
		keys := 0
		for _, at := range file.Jobs {
			if at.Uses != "" {
				keys++
			}
			for _, step := range at.Steps {
				if step.Uses != "" {
					keys++
				}
			}
		}
		if lines != keys {
			report("%s: %d lines say uses, %d keys are read", name, lines, keys)
		}
	})
}
