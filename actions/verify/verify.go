// Package verify looks at the running system: once, or again and again for a time.
package verify

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/probe"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/verb"
	"github.com/randomchaoslabs/airlock/internal/watch"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb verify.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "verify", ActionYAML: actionYAML, Run: run,
		Uses:   append(verb.DatabaseUses(), "environments.*.url", "environments.*.watch", "checks.health", "checks.data"),
		NotYet: slices.Concat(verb.DatabaseNotYet(), verb.ChecksNotYet()),
	}
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	result := verb.Result{Checklist: call.Checklist()}
	plan := watch.Plan{For: call.Inputs.Duration("for"), Every: call.Inputs.Duration("every")}
	var probes []probe.Probe
	var err error
	if locations := call.Inputs.List("url"); len(locations) > 0 {
		for _, other := range []string{"environment", "config"} {
			if call.Inputs.Given(other) {
				return verb.Result{}, problem.Wrong("leave one of them out", "--url and --%s exclude each other", other)
			}
		}
		probes, err = verb.URLProbes(locations)
	} else {
		var workspace *verb.Workspace
		if workspace, err = call.Workspace(); err != nil {
			return verb.Result{}, err
		}
		if configured := workspace.Environment.Watch; configured != nil {
			plan.For, plan.Every = or(plan.For, time.Duration(configured.For)), or(plan.Every, time.Duration(configured.Every))
		}
		if call.Inputs.Bool("dry-run") {
			err = workspace.ValidChecks()
		} else {
			var end func()
			probes, end, err = workspace.Probes(ctx)
			defer end()
		}
	}
	if err != nil {
		err = result.Checklist.Failure(ctx, "checks", "The checks can be made", err)
		return result, err
	}
	if call.Inputs.Bool("dry-run") {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{ID: "verify", Title: "The running system", Verdict: checklist.Skip, Evidence: "would look at it"})
		return result, nil
	}
	if call.Inputs.Command() == "once" {
		once(ctx, &result.Checklist, probes, call.Inputs.Duration("within"))
		return result, nil
	}
	if plan.For == 0 || plan.Every == 0 {
		return verb.Result{}, problem.Wrong("--for 30m --every 5s, or watch: {for: 30m, every: 5s} in the config", "how long to watch is not said")
	}
	progress := call.Progress("watching " + call.Inputs.String("environment"))
	defer progress.Done()
	observe(ctx, &result.Checklist, probes, plan, progress)
	return result, nil
}

func or(given, configured time.Duration) time.Duration {
	if given != 0 {
		return given
	}
	return configured
}

// once lists the last look through each probe: the first one, unless there is time to wait until all pass.
func once(ctx context.Context, list *checklist.Checklist, probes []probe.Probe, within time.Duration) {
	for _, look := range probe.Settle(ctx, probes, within) {
		list.Items = append(list.Items, checklist.Item{
			ID: identifier(look.Name), Title: look.Name, Verdict: look.Verdict, Evidence: look.Evidence, Milliseconds: look.Took.Milliseconds(),
		})
	}
}

// observe watches, and lists what each probe saw and what it comes to.
func observe(ctx context.Context, list *checklist.Checklist, probes []probe.Probe, plan watch.Plan, progress watch.Progress) {
	seen := watch.Run(ctx, probes, plan, progress)
	for _, p := range seen.Probes {
		evidence := fmt.Sprintf("%d looks, %d failed, median %d ms, 95th percentile %d ms", p.Looks, p.Failures, p.Median.Milliseconds(), p.Percentile95.Milliseconds())
		if p.LastFailure != "" {
			evidence += "; last failure: " + p.LastFailure
		}
		list.Items = append(list.Items, checklist.Item{ID: identifier(p.Name), Title: p.Name, Verdict: judged(p), Evidence: evidence})
	}
	list.Items = append(list.Items, checklist.Item{
		ID: "watch", Title: "Watched for " + plan.For.String(), Verdict: seen.Verdict, Evidence: seen.Evidence, Milliseconds: seen.Took.Milliseconds(),
	})
}

// judged is the verdict on what one probe saw; the watch judges the whole.
func judged(p watch.Summary) checklist.Verdict {
	switch {
	case p.Failures > 0:
		return checklist.Warn
	case p.Looks == p.Unknown:
		return checklist.Inconclusive
	}
	return checklist.Pass
}

// identifier makes an item's id of a probe's name: lower-case letters and digits joined by hyphens.
func identifier(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
