// Package rollback leads back to what an environment served before its last promotion, and undoes nothing else.
package rollback

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rollout"
	"github.com/randomchaoslabs/airlock/internal/verb"
	"github.com/randomchaoslabs/airlock/internal/wayback"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb rollback.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "rollback", ActionYAML: actionYAML, Run: run,
		Uses:   slices.Concat(verb.DatabaseUses(), verb.DeployUses(), []string{"migrations", "environments.*.backups.directory", "checks.health", "checks.data"}),
		NotYet: slices.Concat(verb.DatabaseNotYet(), verb.DeployNotYet(), verb.ChecksNotYet()),
	}
}

// host is what a way back asks of the place where versions serve.
type host interface {
	State(ctx context.Context) (rollout.State, error)
	Check(ctx context.Context, image string) error
	Serve(ctx context.Context, image string, progress rollout.Progress) error
	Stop(ctx context.Context) error
}

// rollback is one call, and what it found out before it touches anything.
type rollback struct {
	call      *verb.Call
	workspace *verb.Workspace
	host      host
	list      checklist.Checklist
	// undone is the promotion to go back from, record the one that says how far the way back came: the same, or a rollback's
	// own when the promotion had ended well.
	undone, record history.Promotion
	// known are the images that this promotion, and those after it, put on the host or found there.
	known []string
	state rollout.State
	facts wayback.Facts
	// already says why there is nothing to go back from any more.
	already string
	// torn names the migration that runs without a transaction and may have run in part.
	torn string
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	host, err := workspace.Rollout()
	if err != nil {
		return verb.Result{}, err
	}
	unlock, err := workspace.Lock()
	if err != nil {
		return verb.Result{}, err
	}
	defer unlock()
	if limit := call.Inputs.Duration("within"); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, problem.New("look at what serves; run `airlock rollback` again", "there was no more time: %s are over", limit))
		defer cancel()
	}
	r := &rollback{call: call, workspace: workspace, host: host, list: call.Checklist()}
	if err := r.look(ctx); err != nil {
		err = r.list.Failure(ctx, "facts", "What to go back from is known", err)
		return verb.Result{Checklist: r.list}, err
	}
	switch {
	case r.already != "":
		r.conclude(checklist.Result{Verdict: checklist.Skip, Evidence: r.already, Hint: "promote the release that should be served"})
	case r.onlyLooks():
		r.plan()
	case r.nothingToUndo():
		err = r.leave(ctx)
	default:
		err = r.run(ctx)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		cause := context.Cause(ctx)
		r.conclude(checklist.Result{Verdict: checklist.Fail, Evidence: cause.Error(), Hint: problem.Hint(cause)})
	}
	return verb.Result{Checklist: r.list}, err
}

// onlyLooks tells that the ways back are shown, and none is gone.
func (r *rollback) onlyLooks() bool {
	return r.call.Inputs.Command() == "plan" || r.call.Inputs.Bool("dry-run")
}

// look collects the facts from the record, the host and the database. A database that does not answer is a fact too: the
// previous version may be what makes it answer again.
func (r *rollback) look(ctx context.Context) error {
	promotions, err := r.workspace.History.List(ctx, r.workspace.Name)
	if err != nil {
		return err
	}
	// A step of the run that is at work names its promotion; nobody else takes back what it is doing still.
	if r.call.OnGitHub() && r.call.Inputs.String("promotion") == "" && !r.onlyLooks() {
		if _, err := r.call.AtWork(ctx, r.workspace.Name, promotions); err != nil {
			return err
		}
	}
	if err := r.choose(promotions); err != nil || r.already != "" {
		return err
	}
	if r.state, err = r.host.State(ctx); err != nil {
		return err
	}
	if current := r.state.Current; current != nil && !slices.Contains(r.known, current.Image) {
		return problem.Unknown("look at who deployed it; `airlock deploy` serves a release by name",
			"the host serves %s, which is neither %s nor what was served before it", current.Title(), r.undone.Release.Name())
	}
	r.facts = wayback.Facts{Promotion: r.undone}
	r.facts.Schema, r.facts.SchemaUnknown = r.workspace.Schema(ctx)
	if set, err := r.call.MigrationSet(); err == nil {
		r.facts.Migrations = set.Digest()
		r.migrations(set)
	}
	if r.undone.From != nil {
		r.facts.Missing = r.host.Check(ctx, r.undone.From.Image)
	}
	if snapshot, err := r.workspace.SnapshotOf(ctx, r.undone); err == nil {
		r.facts.Snapshot = snapshot
	}
	return ctx.Err()
}

// choose finds the promotion to go back from: the newest that did not fail, since what failed is undone. A rollback that
// was begun is gone on with; one that ended is not undone: that would serve again what someone went away from.
func (r *rollback) choose(promotions []history.Promotion) error {
	if len(promotions) == 0 {
		return problem.New("promote a release first", "nothing was ever promoted into %s: there is nothing to go back from", r.workspace.Name)
	}
	newest := promotions[0]
	if only := r.call.Inputs.String("promotion"); only != "" && (newest.ID != only || newest.Task != history.Promote) {
		return problem.Unknown("`airlock record list` shows what was promoted", "promotion %.40q is not the last thing that was done to %s", only, r.workspace.Name)
	}
	if newest.Task == history.Rollback && newest.State() == history.Success {
		r.already = "the last thing that was done here is a rollback already"
		return nil
	}
	for _, promotion := range promotions {
		r.known = append(r.known, promotion.Release.Image)
		if promotion.From != nil {
			r.known = append(r.known, promotion.From.Image)
		}
		if r.undone.ID == "" && promotion.Task == history.Promote && promotion.State() != history.Failure {
			r.undone, r.record = promotion, promotion
		}
		if r.undone.ID != "" && promotion.Succeeded() {
			break // What is older was replaced by what ended well.
		}
	}
	switch {
	case r.undone.ID == "":
		return problem.New("promote a release first", "no promotion into %s stands: there is nothing to go back from", r.workspace.Name)
	case newest.Task == history.Rollback && newest.State() != history.Failure:
		r.record = newest
	case newest.Task == history.Promote && newest.State() == history.Failure && !r.unsettled() && r.call.Inputs.Command() == "run" && r.call.Inputs.String("way") == "auto":
		r.already = fmt.Sprintf("the last promotion failed and is undone already: %s serves; to go back from it as well, say --way image", r.undone.Release.Name())
	}
	r.list.Release = r.undone.Release.Name()
	return nil
}

// migrations finds what the files say about the way back.
func (r *rollback) migrations(set migration.Set) {
	for _, file := range set.Files {
		switch {
		case file.Version > r.undone.FromSchema && file.Version <= r.facts.Schema && file.EmptyDown():
			r.facts.EmptyDowns = append(r.facts.EmptyDowns, file.Name)
		case file.Version > r.facts.Schema && file.NoTransaction && r.torn == "" && r.unsettled():
			r.torn = file.Name
		}
	}
}

// unsettled tells whether the promotion did not end well, so that its last step may have stopped anywhere.
func (r *rollback) unsettled() bool { return r.undone.State() != history.Success }

// back tells whether host and schema are as they were before the promotion.
func (r *rollback) back() bool {
	if r.facts.SchemaUnknown != nil || r.facts.Schema != r.undone.FromSchema {
		return false
	}
	if r.undone.From == nil {
		return !r.state.Running
	}
	return r.state.Running && r.state.Current.Image == r.undone.From.Image
}

// nothingToUndo tells whether an unsettled promotion left everything as it was. A rollback that was begun is always
// finished: its record must say how it ended.
func (r *rollback) nothingToUndo() bool {
	return r.record.Task == history.Promote && r.unsettled() && r.back()
}

// leave closes the record of a promotion that left everything as it was, after one more look.
func (r *rollback) leave(ctx context.Context) error {
	seen := checklist.Passed("")
	if r.undone.From != nil {
		seen = r.check(ctx)
	}
	evidence := fmt.Sprintf("nothing is left to undo: %s on schema version %d; %s", r.target(), r.facts.Schema, seen.Evidence)
	if r.torn != "" {
		seen = r.doubt()
	} else if seen.Verdict == checklist.Pass {
		seen.Verdict, seen.Evidence = checklist.Skip, strings.TrimSuffix(evidence, "; ")
	}
	r.conclude(seen)
	if seen.Verdict != checklist.Skip {
		return r.mark(ctx, history.Error, seen.Evidence)
	}
	return r.mark(ctx, history.Failure, seen.Evidence)
}

// doubt is what a migration without a transaction leaves behind: nobody can tell how much of it ran.
func (r *rollback) doubt() checklist.Result {
	return checklist.Result{
		Verdict: checklist.Inconclusive, Evidence: r.torn + " runs without a transaction, and may have run in part",
		Hint: "compare the schema with the file by hand; the snapshot is " + cmp.Or(r.facts.Snapshot, "missing"),
	}
}

// target names what is to be served again.
func (r *rollback) target() string {
	if r.undone.From == nil {
		return "serving nothing"
	}
	return r.undone.From.Name()
}

// conclude adds the item that says what it all came to.
func (r *rollback) conclude(result checklist.Result) {
	r.list.Items = append(r.list.Items, checklist.Item{
		ID: "rollback", Title: "The promotion is undone", Verdict: result.Verdict, Evidence: result.Evidence, Hint: result.Hint,
	})
}

// plan shows the ways back.
func (r *rollback) plan() {
	for _, way := range wayback.Ways(r.facts) {
		verdict := checklist.Pass
		switch way.Certainty {
		case wayback.Unproven:
			verdict = checklist.Warn
		case wayback.Impossible:
			verdict = checklist.Skip
		}
		r.list.Items = append(r.list.Items, checklist.Item{
			ID: string(way.Kind), Title: "The " + string(way.Kind) + " way back to " + r.target(), Verdict: verdict,
			Evidence: string(way.Certainty) + ": " + way.Reason,
		})
	}
}
