// Package rollback leads back to what an environment served before its last promotion, and undoes nothing else.
package rollback

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/history"
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
		Uses: []string{
			"migrations", "environments.*.url", "environments.*.database.postgres", "environments.*.database.sqlite",
			"environments.*.database.url", "environments.*.backups.directory", "environments.*.deploy.process", "checks.health", "checks.data",
		},
		NotYet: slices.Concat(verb.DatabaseNotYet(), verb.DeployNotYet(), verb.ChecksNotYet()),
	}
}

// rollback is one call, and what it found out before it touches anything.
type rollback struct {
	call      *verb.Call
	workspace *verb.Workspace
	host      *rollout.Process
	list      checklist.Checklist
	// undone is the promotion to go back from, record the one that says how far the way back came: the same, unless the
	// promotion had succeeded.
	undone, record history.Promotion
	state          rollout.State
	facts          wayback.Facts
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
	r := &rollback{call: call, workspace: workspace, host: host, list: call.Checklist()}
	if err := r.look(ctx); err != nil {
		err = r.list.Failure(ctx, "facts", "What to go back from is known", err)
		return verb.Result{Checklist: r.list}, err
	}
	switch {
	case call.Inputs.Command() == "plan" || call.Inputs.Bool("dry-run"):
		r.plan()
	case r.nothingToDo():
		r.list.Items = append(r.list.Items, checklist.Item{ID: "rollback", Title: "The promotion is undone",
			Verdict: checklist.Skip, Evidence: "it changed nothing: " + r.target() + " is as it was"})
		err = r.mark(ctx, history.Failure, "nothing was changed")
	default:
		err = r.run(ctx)
	}
	return verb.Result{Checklist: r.list}, err
}

// look collects the facts from the record, the host and the database.
func (r *rollback) look(ctx context.Context) error {
	promotions, err := r.workspace.History.List(ctx, r.workspace.Name)
	if err != nil {
		return err
	}
	if err := r.choose(promotions); err != nil {
		return err
	}
	if r.state, err = r.host.State(ctx); err != nil {
		return err
	}
	if err := r.ours(); err != nil {
		return err
	}
	schema, err := r.workspace.Schema(ctx)
	if err != nil {
		return err
	}
	r.facts = wayback.Facts{Promotion: r.undone, Schema: schema}
	if set, err := r.workspace.MigrationSet(); err == nil {
		r.facts.Migrations = set.Digest()
	}
	if r.undone.From != nil {
		r.facts.Missing = r.host.Check(ctx, r.undone.From.Image)
	}
	r.facts.Snapshot, err = r.workspace.SnapshotOf(ctx, r.undone)
	return err
}

// choose finds the promotion to go back from. A rollback that was begun is gone on with; one that ended is not undone:
// that would serve again what someone went away from.
func (r *rollback) choose(promotions []history.Promotion) error {
	if len(promotions) == 0 {
		return problem.New("promote a release first", "nothing was ever promoted into %s: there is nothing to go back from", r.workspace.Name)
	}
	r.record = promotions[0]
	if r.record.Task == history.Rollback && r.record.State() == history.Success {
		return problem.New("promote the release that should be served", "the last thing that was done here is a rollback already")
	}
	for _, promotion := range promotions {
		if promotion.Task == history.Promote {
			r.undone = promotion
			break
		}
	}
	r.list.Release = r.undone.Release.Name()
	return nil
}

// ours refuses when the host serves what this promotion neither put there nor found there.
func (r *rollback) ours() error {
	current := r.state.Current
	if current == nil || current.Image == r.undone.Release.Image || r.undone.From != nil && current.Image == r.undone.From.Image {
		return nil
	}
	return problem.Unknown("look at who deployed it; `airlock deploy` serves a release by name",
		"the host serves %s, which is neither %s nor what was served before it", current.Title(), r.undone.Release.Name())
}

// nothingToDo tells whether host and schema are as they were before the promotion.
func (r *rollback) nothingToDo() bool {
	if r.facts.Schema != r.undone.FromSchema {
		return false
	}
	if r.undone.From == nil {
		return !r.state.Running
	}
	return r.state.Running && r.state.Current.Image == r.undone.From.Image
}

// target names what is to be served again.
func (r *rollback) target() string {
	if r.undone.From == nil {
		return "serving nothing"
	}
	return r.undone.From.Name()
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

// run follows the cheapest way that leads back, and records how it ended.
func (r *rollback) run(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	ways := map[wayback.Kind]wayback.Way{}
	for _, way := range wayback.Ways(r.facts) {
		ways[way.Kind] = way
	}
	wanted := r.call.Inputs.String("way")
	image, schema := wanted != "schema" && ways[wayback.Image].Certainty != wayback.Impossible, wanted != "image" && ways[wayback.Schema].Certainty != wayback.Impossible
	var taken string
	switch {
	case image && r.byImage(ctx, schema):
		taken = "the image way; the schema stays at version " + fmt.Sprint(r.facts.Schema)
	case schema && ctx.Err() == nil && r.bySchema(ctx):
		taken = fmt.Sprintf("the schema way, to version %d", r.undone.FromSchema)
	}
	if taken == "" {
		return r.lost(ctx, ways)
	}
	r.list.Items = append(r.list.Items, checklist.Item{ID: "rollback", Title: "The promotion is undone", Verdict: checklist.Pass,
		Evidence: r.target() + " by " + taken})
	return r.end(ctx, taken)
}

// lost says that no way led back, and records it; a cancelled way back stays open, to be gone on with.
func (r *rollback) lost(ctx context.Context, ways map[wayback.Kind]wayback.Way) error {
	if ctx.Err() != nil {
		return nil
	}
	restore := ways[wayback.Restore]
	hint := "restoring is left: " + string(restore.Certainty) + ", " + restore.Reason
	if schema := ways[wayback.Schema]; r.call.Inputs.String("way") == "image" && schema.Certainty != wayback.Impossible {
		hint = "the schema way is left, --way schema: " + schema.Reason
	}
	r.list.Items = append(r.list.Items, checklist.Item{ID: "rollback", Title: "The promotion is undone", Verdict: checklist.Fail,
		Evidence: "no way led back to " + r.target(), Hint: hint})
	return r.mark(ctx, history.Error, "the way back failed")
}

// byImage serves the previous version on the schema as it is. It tells whether the checks pass then; when another way is
// left, a no is a warning.
func (r *rollback) byImage(ctx context.Context, another bool) bool {
	if !r.serve(ctx, another) {
		return false
	}
	if r.undone.From == nil {
		return true
	}
	return r.check(ctx, "checks", "It works on the schema as it is", another)
}

// bySchema takes the promotion's migrations back and serves the previous version.
func (r *rollback) bySchema(ctx context.Context) bool {
	err := r.list.Do(ctx, "schema", "Migrations are taken back", func(ctx context.Context) (checklist.Result, error) {
		progress := r.call.Progress("migrate down")
		defer progress.Done()
		names, err := r.workspace.MigrateDown(ctx, r.undone.FromSchema, progress)
		if err != nil {
			return checklist.Result{}, err
		}
		return checklist.Passed(fmt.Sprintf("from version %d to %d: %s", r.facts.Schema, r.undone.FromSchema, strings.Join(names, ", "))), nil
	})
	if err != nil || !r.serve(ctx, false) {
		return false
	}
	return r.undone.From == nil || r.check(ctx, "checks-again", "It works on the schema of before", false)
}

// serve puts the previous version in front of users; without one, it stops the promotion's. When another way is left, a
// failure is a warning.
func (r *rollback) serve(ctx context.Context, another bool) bool {
	progress := r.call.Progress("rollback " + r.workspace.Name)
	defer progress.Done()
	serves := false
	_ = r.list.Do(ctx, "serve", "The previous version serves", func(ctx context.Context) (checklist.Result, error) {
		evidence, err := "nothing was served before; what served is stopped", error(nil)
		if r.undone.From == nil {
			err = r.host.Stop(ctx)
		} else {
			evidence, err = r.undone.From.Name(), r.host.Serve(ctx, r.undone.From.Image, progress)
		}
		serves = err == nil
		if err != nil && another && ctx.Err() == nil {
			return checklist.Result{Verdict: checklist.Warn, Evidence: err.Error(), Hint: "the schema way is taken"}, nil
		}
		return checklist.Passed(evidence), err
	})
	return serves
}

// check takes one look through every check of the config.
func (r *rollback) check(ctx context.Context, id, title string, another bool) bool {
	var failures []string
	err := r.list.Do(ctx, id, title, func(ctx context.Context) (checklist.Result, error) {
		probes, end, err := r.workspace.Probes(ctx)
		defer end()
		if err != nil {
			return checklist.Result{}, err
		}
		for _, p := range probes {
			if look := p.Look(ctx); look.Verdict != checklist.Pass {
				failures = append(failures, look.Name+": "+look.Evidence)
			}
		}
		switch {
		case len(failures) == 0:
			return checklist.Passed(fmt.Sprintf("%d checks pass", len(probes))), nil
		case another:
			return checklist.Result{Verdict: checklist.Warn, Evidence: strings.Join(failures, "; "), Hint: "the schema way is taken"}, nil
		}
		return checklist.Result{}, problem.New("", "%s", strings.Join(failures, "; "))
	})
	return err == nil && len(failures) == 0
}

// begin opens a record of its own when the promotion had ended well: then this is a new thing that someone does.
func (r *rollback) begin(ctx context.Context) (err error) {
	if r.record.State() != history.Success {
		return nil
	}
	record := history.Promotion{Task: history.Rollback, Environment: r.workspace.Name, From: &r.undone.Release, FromSchema: r.facts.Schema}
	if r.undone.From != nil {
		record.Release = *r.undone.From
	}
	r.record, err = r.workspace.History.Create(ctx, record)
	return err
}

// end closes the record: the promotion failed and is undone, or the rollback of a promotion that had ended well succeeded.
func (r *rollback) end(ctx context.Context, description string) error {
	if r.record.Task == history.Rollback {
		return r.mark(ctx, history.Success, description)
	}
	return r.mark(ctx, history.Failure, "rolled back by "+description)
}

func (r *rollback) mark(ctx context.Context, state history.State, description string) error {
	if r.record.State() == history.Success || r.record.State() == history.Failure {
		return nil // It has ended, and this call changed nothing.
	}
	return r.workspace.History.Mark(ctx, r.record.ID, history.Status{State: state, Description: description})
}
