package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// printOutputs sets the outputs of the step on GitHub, also of one that failed: what comes after it decides by them.
func (a *airlock) printOutputs(result verb.Result, err error) error {
	verdict, why := result.Verdict(), reason(result.Checklist)
	if err != nil {
		// Redacted before it is cut, which could halve a secret; the items of a checklist are already.
		verdict, why = failedVerdict(err), checklist.Shorten(checklist.OneLine(a.runner.Redact(err.Error())), maximumReason)
	}
	facts := maps.Clone(result.Outputs)
	if facts == nil {
		facts = map[string]string{}
	}
	facts["reason"] = why
	steering := maps.Clone(result.Steering)
	if steering == nil {
		steering = map[string]string{}
	}
	steering["verdict"] = string(verdict)
	// One that cannot be set keeps none of the others back: how the step ended is among them.
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		failed := a.runner.Output(name, facts[name])
		if errors.Is(failed, runner.ErrMasked) {
			a.runner.Annotate(runner.Annotation{Level: runner.LevelWarning, Title: "output " + name, Message: failed.Error() + "\n" + problem.Hint(failed)})
			continue
		}
		errs = append(errs, failed)
	}
	for _, name := range slices.Sorted(maps.Keys(steering)) {
		errs = append(errs, a.runner.Output(name, steering[name]))
	}
	return errors.Join(errs...)
}

// maximumReason bounds the output that says what stood in the way, in characters.
const maximumReason = 500

// reason names the first item that did not pass.
func reason(list checklist.Checklist) string {
	for _, item := range list.Items {
		if item.Verdict == checklist.Fail || item.Verdict == checklist.Inconclusive {
			return checklist.Shorten(checklist.OneLine(item.Title+": "+item.Evidence), maximumReason)
		}
	}
	return ""
}

// failedVerdict is the verdict of a call that an error ended.
func failedVerdict(err error) checklist.Verdict {
	if problem.KindOf(err) == problem.Inconclusive {
		return checklist.Inconclusive
	}
	return checklist.Fail
}

// report keeps the checklist of a step on GitHub as JSON, in the order of the calls; the workflow makes the folder an
// artifact.
func (a *airlock) report(result verb.Result) error {
	temporary := a.getenv("RUNNER_TEMP")
	if !a.runner.OnGitHub() || temporary == "" || len(result.Checklist.Items) == 0 {
		return nil
	}
	folder := filepath.Join(temporary, "airlock-reports")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder for reports: %w", err)
	}
	before, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("read the folder for reports: %w", err)
	}
	name := fmt.Sprintf("%02d-%s.json", len(before)+1, strings.Trim(result.Checklist.Verb+"-"+result.Checklist.Command, "-"))
	return checklist.WriteFile(filepath.Join(folder, name), result.Checklist)
}
