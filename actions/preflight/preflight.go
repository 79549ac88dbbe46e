// Package preflight runs every gate that must hold before a promotion may touch an environment.
package preflight

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb preflight.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "preflight", ActionYAML: actionYAML, Run: run,
		Uses: slices.Concat(verb.DatabaseUses(), verb.DeployUses(), []string{
			"version", "promotion", "migrations.dir", "environments.*.window", "environments.*.approval", "environments.*.evidence",
			"environments.*.runner", "checks.health", "checks.data",
		}),
		NotYet: verb.PromotionNotYet(),
	}
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	switch call.Inputs.Command() {
	case "plan":
		return plan(ctx, call)
	case "evidence":
		return evidence(ctx, call)
	case "protection":
		return protection(ctx, call)
	}
	return check(ctx, call)
}

// gates is one call: the facts that the gates look at.
type gates struct {
	call       *verb.Call
	workspace  *verb.Workspace
	release    history.Release
	promotions []history.Promotion
	list       checklist.Checklist
}

// check asks every gate, also after one said no: a person wants to know all that stands in the way.
func check(ctx context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	// A check that cannot be made would be noticed when the release is verified, and there the way back could not be verified either.
	if err := workspace.ValidChecks(); err != nil {
		return verb.Result{}, err
	}
	g := gates{call: call, workspace: workspace, list: call.Checklist()}
	if err := g.ask(ctx); err != nil {
		return verb.Result{}, err
	}
	g.do(ctx, "window", "The maintenance window is open", g.window)
	return verb.Result{Checklist: g.list}, nil
}

// ask reads what the gates look at and asks them all but the window's, which can wait. Answers from before are dropped.
func (g *gates) ask(ctx context.Context) (err error) {
	if g.release, err = g.workspace.Release(ctx, g.call.Inputs.String("image"), g.call.Inputs.String("label")); err != nil {
		return err
	}
	if g.promotions, err = g.workspace.History.List(ctx, g.workspace.Name); err != nil {
		return err
	}
	g.list.Release, g.list.Items = g.release.Name(), []checklist.Item{}
	g.do(ctx, "config", "The config is valid", g.config)
	g.do(ctx, "freeze", "No freeze is declared", func(context.Context) (checklist.Result, error) { return gate.Freeze(g.call.Getenv("AIRLOCK_FREEZE")) })
	if g.call.OnGitHub() {
		g.askGitHub(ctx)
	}
	g.do(ctx, "half-done", "No other promotion is half done", func(context.Context) (checklist.Result, error) {
		return gate.HalfDone(ctx, git.Tree{Directory: g.workspace.Root}, g.promotions, g.release)
	})
	g.do(ctx, "sandbox-proof", "Proven in the environment before", g.proof)
	g.do(ctx, "descends", "Contains what is served", g.descends)
	g.do(ctx, "committed", "Promotes what was committed", g.committed)
	g.do(ctx, "previous-version", "Previous version available", g.previousVersion)
	g.do(ctx, "host", "The host can serve a release", g.host)
	g.do(ctx, "database", "The database can be migrated", g.database)
	g.do(ctx, "backup", "The database can be kept", g.backup)
	return nil
}

func (g *gates) do(ctx context.Context, id, title string, ask func(context.Context) (checklist.Result, error)) {
	// What a gate says is in the checklist, and the next one is asked all the same.
	_ = g.list.Do(ctx, id, title, ask)
}

// config says what was read: that it is valid was found out before.
func (g *gates) config(context.Context) (checklist.Result, error) {
	return checklist.Passed(fmt.Sprintf("%s: %s, schema version %d", g.workspace.Config.App, g.workspace.Name, g.release.Schema)), nil
}

func (g *gates) proof(ctx context.Context) (checklist.Result, error) {
	before := gate.Before(g.workspace.Config.Promotion, g.workspace.Name)
	if before == "" {
		return gate.SandboxProof("", nil, g.release)
	}
	promotions, err := g.workspace.History.About(ctx, before, g.release)
	if err != nil {
		return checklist.Result{}, err
	}
	return gate.SandboxProof(before, promotions, g.release)
}

func (g *gates) descends(ctx context.Context) (checklist.Result, error) {
	var served *history.Release
	if current := history.Current(g.promotions); current != nil {
		served = &current.Release
	}
	return gate.Descends(ctx, git.Tree{Directory: g.workspace.Root}, served, g.release)
}

func (g *gates) committed(ctx context.Context) (checklist.Result, error) {
	if g.release.Commit == "" {
		return checklist.Result{Verdict: checklist.Warn, Evidence: "this is not a git work tree", Hint: "keep the migrations and the config in git"}, nil
	}
	return gate.Committed(ctx, git.Tree{Directory: g.workspace.Root}, g.workspace.Path(g.workspace.Config.Migrations.Directory), g.call.Path(g.call.Inputs.String("config")))
}

func (g *gates) previousVersion(ctx context.Context) (checklist.Result, error) {
	host, err := g.workspace.Rollout()
	if err != nil {
		return checklist.Result{}, err
	}
	state, err := host.State(ctx)
	if err != nil {
		return checklist.Result{}, err
	}
	seen := gate.Host{Running: state.Running}
	if state.Current != nil {
		seen.Image = state.Current.Image
	}
	if current := history.Current(g.promotions); current != nil {
		seen.Missing = host.Check(ctx, current.Release.Image)
	}
	return gate.PreviousVersion(seen, g.promotions)
}

// host finds out before the migrations what else would be found out after them.
func (g *gates) host(ctx context.Context) (checklist.Result, error) {
	host, err := g.workspace.Rollout()
	if err != nil {
		return checklist.Result{}, err
	}
	return checklist.Passed(g.workspace.Environment.URL + " is free, or its own"), host.Free(ctx)
}

func (g *gates) database(ctx context.Context) (checklist.Result, error) {
	if g.workspace.NewDatabase() {
		if err := gate.Recorded(g.workspace.Environment.Database.SQLite, nil, g.promotions); err != nil {
			return checklist.Result{}, err
		}
		return checklist.Passed(fmt.Sprintf("%s does not exist yet: the first migration makes it", g.workspace.Environment.Database.SQLite)), nil
	}
	db, err := g.workspace.Database(ctx)
	if err != nil {
		return checklist.Result{}, err
	}
	defer db.Close()
	set, err := g.call.MigrationSet()
	if err != nil {
		return checklist.Result{}, err
	}
	status, err := migration.ReadStatus(ctx, db, set)
	if err != nil {
		return checklist.Result{}, err
	}
	if err := gate.Recorded(db.Title, &status.Current, g.promotions); err != nil {
		return checklist.Result{}, err
	}
	if err := status.Check(); err != nil {
		return checklist.Result{}, err
	}
	return checklist.Passed(fmt.Sprintf("%s is at version %d, %d pending", db.Title, status.Current, len(status.Pending))), nil
}

// backup finds out before a record is opened what would stop the snapshot.
func (g *gates) backup(ctx context.Context) (checklist.Result, error) {
	if g.workspace.NewDatabase() {
		return checklist.Skipped("there is nothing to keep yet"), nil
	}
	store, err := g.workspace.Backups(ctx)
	if err != nil {
		return checklist.Result{}, err
	}
	return checklist.Passed("a snapshot can be taken"), backup.Ready(ctx, store)
}

// window waits when the config says so, within what the job or the person allows. Nobody waits for what a gate forbids,
// and what the gates saw before the wait can be otherwise by its end: they are asked again, once.
func (g *gates) window(ctx context.Context) (checklist.Result, error) {
	result, wait, err := gate.Window(verb.Window(g.workspace.Environment), g.call.Now())
	switch {
	case err != nil || wait == 0:
		return result, err
	case g.list.Failed():
		return checklist.Skipped("not waited for: a gate said no"), nil
	case g.call.Inputs.Bool("dry-run"):
		return checklist.Skipped(fmt.Sprintf("would wait %s for the window to open", wait.Round(time.Minute))), nil
	}
	if err := g.wait(ctx, wait); err != nil {
		return checklist.Result{}, err
	}
	if err := g.ask(ctx); err != nil {
		return checklist.Result{}, err
	}
	result, again, err := gate.Window(verb.Window(g.workspace.Environment), g.call.Now())
	if err == nil && again > 0 {
		err = problem.New("run again: this machine slept through it, or its clock was set", "waited %s, and the window is closed again", wait.Round(time.Second))
	}
	result.Evidence = fmt.Sprintf("waited %s, %s", wait.Round(time.Second), result.Evidence)
	return result, err
}

func (g *gates) wait(ctx context.Context, wait time.Duration) error {
	progress := g.call.Progress("waiting for the maintenance window")
	defer progress.Done()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for opens := g.call.Now().Add(wait); g.call.Now().Before(opens); {
		left := opens.Sub(g.call.Now())
		progress.Advance(int64(wait-left), int64(wait), "opens in "+left.Round(time.Second).String())
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return nil
}
