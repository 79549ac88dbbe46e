package preflight

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// weakened says what the config asks less than it did when the environment's last release was promoted: a gate must not
// fall in the same change that it should have stopped.
func (p *planning) weakened(ctx context.Context, name string, current *history.Promotion) (checklist.Result, error) {
	if current == nil {
		return checklist.Skipped("nothing was promoted yet"), nil
	}
	given := p.call.Inputs.String("config")
	path := p.call.Path(cmp.Or(current.Config, given))
	source, err := git.Tree{Directory: filepath.Dir(path)}.File(ctx, current.Release.Commit, filepath.Base(path))
	var before *config.Config
	if err == nil {
		before, err = config.Parse(filepath.Base(path)+" at "+current.Release.Commit[:12], []byte(source))
	}
	var falls []string
	if filepath.Clean(path) != filepath.Clean(p.call.Path(given)) {
		falls = append(falls, fmt.Sprintf("it was promoted by another config, %.200s", current.Config))
	}
	if err != nil {
		falls = append(falls, "what it asked before is not known: "+err.Error())
	} else {
		falls = append(falls, weaker(before, p.config, name)...)
	}
	switch {
	case len(falls) == 0:
		return checklist.Passed("it asks no less than for " + current.Release.Name()), nil
	case p.call.Inputs.Bool("accept-weaker"):
		return checklist.Result{Verdict: checklist.Warn, Evidence: "accepted: " + strings.Join(falls, "; ")}, nil
	}
	return checklist.Result{}, problem.New("if that is meant, run once with accept-weaker: true", "the config asks less than for %s: %s", current.Release.Name(), strings.Join(falls, "; "))
}

// weaker says what the environment of that name, its place in the order and the checks ask less, or otherwise.
func weaker(before, now *config.Config, name string) []string {
	asked, known := before.Environments[name]
	if !known {
		return []string{"what it asked before is not known: the config did not have it"}
	}
	falls := append(weakerOrder(before.Promotion, now.Promotion, name), weakerEnvironment(asked, now.Environments[name])...)
	return append(falls, weakerChecks(before.Checks, now.Checks)...)
}

// weakerOrder tells that an environment which had to be gone through before this one no longer has to.
func weakerOrder(before, now []string, name string) []string {
	var falls []string
	for previous := gate.Before(before, name); previous != ""; previous = gate.Before(before, previous) {
		place := slices.Index(now, previous)
		if place < 0 || place > slices.Index(now, name) {
			falls = append(falls, previous+" no longer comes before it")
		}
	}
	return falls
}

func weakerEnvironment(before, now config.Environment) []string {
	falls := weakerApproval(before.Approval, now.Approval)
	add := func(weaker bool, format string, values ...any) {
		if weaker {
			falls = append(falls, fmt.Sprintf(format, values...))
		}
	}
	add(before.Window != nil && now.Window == nil, "it has no maintenance window any more")
	add(before.Window != nil && now.Window != nil && now.Window.Outside == "warn" && before.Window.Outside != "warn",
		"outside the maintenance window it only warns")
	if before.Window != nil && now.Window != nil {
		same := before.Window.From == now.Window.From && before.Window.To == now.Window.To && before.Window.Timezone.Location().String() == now.Window.Timezone.Location().String()
		add(!same, "its maintenance window is another")
	}
	add(before.Watch != nil && now.Watch == nil, "it is not watched any more")
	if before.Watch != nil && now.Watch != nil {
		add(now.Watch.For < before.Watch.For, "it is watched for %s, not %s", time.Duration(now.Watch.For), time.Duration(before.Watch.For))
		add(now.Watch.Every > before.Watch.Every, "it is looked at every %s, not every %s", time.Duration(now.Watch.Every), time.Duration(before.Watch.Every))
		add(before.Watch.OnInconclusive == "rollback" && now.Watch.OnInconclusive != "rollback", "what cannot be told is not rolled back any more")
	}
	add(before.Evidence != nil && now.Evidence == nil, "it needs no evidence any more")
	if before.Evidence != nil && now.Evidence != nil && before.Evidence.MaxAge > 0 {
		add(now.Evidence.MaxAge == 0 || now.Evidence.MaxAge > before.Evidence.MaxAge, "its evidence may be older")
	}
	return falls
}

func weakerApproval(before, now *config.Approval) []string {
	if before == nil {
		return nil
	}
	if now == nil {
		return []string{"nobody has to approve it any more"}
	}
	var falls []string
	if before.By == gate.ByEnvironment && now.By != gate.ByEnvironment {
		falls = append(falls, "GitHub does not ask for its approval any more")
	}
	for _, name := range now.Reviewers {
		if len(before.Reviewers) > 0 && !slices.Contains(before.Reviewers, name) {
			falls = append(falls, fmt.Sprintf("%.100s may approve it too", name))
		}
	}
	if len(before.Reviewers) > 0 && len(now.Reviewers) == 0 {
		falls = append(falls, "it does not say who may approve it any more")
	}
	if before.PreventSelfReview && !now.PreventSelfReview {
		falls = append(falls, "whoever starts a run may approve it")
	}
	for _, branch := range now.Branches {
		if len(before.Branches) > 0 && !slices.Contains(before.Branches, branch) {
			falls = append(falls, fmt.Sprintf("branch %.100s may be promoted too", branch))
		}
	}
	if len(before.Branches) > 0 && len(now.Branches) == 0 {
		falls = append(falls, "any branch may be promoted")
	}
	return falls
}

// weakerChecks names the checks that are gone or ask something else: which of two is the stricter cannot be told.
func weakerChecks(before, now config.Checks) []string {
	var falls []string
	for _, one := range before.Health {
		if !slices.Contains(now.Health, one) {
			falls = append(falls, fmt.Sprintf("%.100s is not looked at as before", one.Get))
		}
	}
	for _, one := range before.Data {
		if !slices.Contains(now.Data, one) {
			falls = append(falls, fmt.Sprintf("%.100q is not checked as before", one.Name))
		}
	}
	return falls
}
