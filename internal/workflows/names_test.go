package workflows_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// namesOfFiles holds what a workflow says at its door to what its expressions refer to.
func namesOfFiles(ours *repository, report say) {
	each(ours.workflows, func(name string, file *workflow) {
		all := references(file.tree)
		for _, one := range all {
			if strings.HasPrefix(one.name, bracket) {
				report("%s: %s[ cannot be followed: write %s.name", name, one.context, one.context)
			}
		}
		door := file.On.Call
		if door == nil {
			return
		}
		declaredAndUsed(report, name, "inputs", door.Inputs, all)
		declaredAndUsed(report, name, "secrets", door.Secrets, all)
		for _, one := range references(below(file.tree, "on", "workflow_call", "outputs")) {
			if one.context == "jobs" && !ours.jobHasOutput(file, one) {
				report("%s: there is no %s", name, one)
			}
		}
	})
}

// jobHasOutput tells whether the job that a reference names has the output that it names.
func (r *repository) jobHasOutput(file *workflow, one reference) bool {
	at := file.Jobs[one.name]
	if at == nil || one.property != "outputs" {
		return false
	}
	if called := r.workflows[calledWorkflow(at.Uses)]; called != nil && called.On.Call != nil {
		_, ok := called.On.Call.Outputs[one.output]
		return ok
	}
	_, ok := at.Outputs[one.output]
	return ok
}

// namesOfJobs holds the jobs, their steps and their outputs to what expressions refer to: a misspelt one is silently empty.
func namesOfJobs(ours *repository, report say) {
	ours.eachJob(func(place string, file *workflow, at *job) {
		for _, needed := range at.Needs {
			if file.Jobs[needed] == nil {
				report("%s: it needs %s, which is no job", place, needed)
			}
		}
		all := references(below(file.tree, "jobs", place[strings.Index(place, "/")+1:]))
		for _, one := range all {
			switch {
			case one.context == "needs" && one.name != "" && one.name != "*":
				ours.followNeed(report, place, file, at, one)
			case one.context == "steps" && one.name != "":
				ours.followStep(report, place, at, one)
			}
		}
		if used, whole := uses(all, "steps"); !whole {
			for _, step := range at.Steps {
				if step.ID != "" && !used[step.ID] {
					report("%s: nothing refers to the step %s", place, step.ID)
				}
			}
		}
	})
	ours.unusedOutputs(report)
}

func (r *repository) followNeed(report say, place string, file *workflow, at *job, one reference) {
	switch {
	case !slices.Contains(at.Needs, one.name):
		report("%s: %s: it does not need %s", place, one, one.name)
	case one.property == "result" || one.property == "outputs" && r.jobHasOutput(file, one):
	default:
		report("%s: there is no %s", place, one)
	}
}

func (r *repository) followStep(report say, place string, at *job, one reference) {
	index := slices.IndexFunc(at.Steps, func(s step) bool { return s.ID == one.name })
	if index < 0 {
		report("%s: there is no step %s", place, one.name)
		return
	}
	found := at.Steps[index]
	ours := r.actions[calledVerb(found.Uses)]
	ok := true
	switch {
	case one.property == "outcome" || one.property == "conclusion":
	case one.property != "outputs":
		ok = false
	case ours != nil:
		ok = false
		for _, output := range ours.declaration.AllOutputs {
			ok = ok || output.Name == one.output
		}
	case found.Run != "":
		ok = regexp.MustCompile(`\b` + regexp.QuoteMeta(one.output) + `(=|<<)`).MatchString(found.Run)
	}
	if !ok {
		report("%s: there is no %s", place, one)
	}
}

// unusedOutputs reports the outputs of jobs that neither another job nor the workflow's own outputs take.
func (r *repository) unusedOutputs(report say) {
	taken := map[*workflow]map[reference]bool{}
	whole := map[*workflow]bool{}
	for _, file := range r.workflows {
		taken[file] = map[reference]bool{}
		for _, one := range references(file.tree) {
			if one.context == "needs" || one.context == "jobs" {
				taken[file][reference{name: one.name, output: one.output}] = true
				whole[file] = whole[file] || one.name == ""
			}
		}
	}
	r.eachJob(func(place string, file *workflow, at *job) {
		id := place[strings.Index(place, "/")+1:]
		for _, output := range slices.Sorted(maps.Keys(at.Outputs)) {
			if !whole[file] && !taken[file][reference{name: id, output: output}] {
				report("%s: the output %s is never used", place, output)
			}
		}
	})
}
