// Package snapshot keeps the database as it is before anything is touched.
package snapshot

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb snapshot.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "snapshot", ActionYAML: actionYAML, Run: run,
		Uses:   append(verb.DatabaseUses(), "app", "environments.*.backups.directory"),
		NotYet: slices.Concat(verb.DatabaseNotYet(), verb.BackupsNotYet()),
	}
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	if call.Inputs.Command() == "list" {
		return list(ctx, call, workspace)
	}
	result := verb.Result{Checklist: call.Checklist(), Outputs: map[string]string{}}
	release, err := workspace.Release(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return verb.Result{}, err
	}
	result.Checklist.Release = release.Name()
	// What went wrong is in the checklist.
	_ = result.Checklist.Do(ctx, "snapshot", "The database is kept as it is", func(ctx context.Context) (checklist.Result, error) {
		if workspace.NewDatabase() {
			return checklist.Skipped("the database does not exist yet: there is nothing to keep"), nil
		}
		schema, err := workspace.Schema(ctx)
		if err != nil {
			return checklist.Result{}, err
		}
		if call.Inputs.Bool("dry-run") {
			return checklist.Skipped(fmt.Sprintf("would keep the database at schema version %d", schema)), nil
		}
		promotion, err := workspace.Run(ctx, release)
		if err != nil {
			return checklist.Result{}, err
		}
		store, err := workspace.Backups(ctx)
		if err != nil {
			return checklist.Result{}, err
		}
		progress := call.Progress("snapshot of " + workspace.Name)
		defer progress.Done()
		tags := backup.Tags{Environment: workspace.Name, Run: promotion, Release: release.Image}
		snapshot, found, err := backup.Take(ctx, store, call.Now(), tags, schema, progress)
		if err != nil {
			return checklist.Result{}, err
		}
		result.Outputs["snapshot"], result.Outputs["location"] = snapshot.Name, snapshot.Location
		return checklist.Passed(describe(snapshot, found)), nil
	})
	return result, nil
}

func describe(snapshot backup.Snapshot, found bool) string {
	how := "taken"
	if found {
		how = "found again"
	}
	return fmt.Sprintf("%s, %s, schema version %d, restorable, %s", snapshot.Name, humanize.IBytes(uint64(snapshot.Bytes)), snapshot.SchemaVersion, how)
}

// list shows the snapshots, newest first.
func list(ctx context.Context, call *verb.Call, workspace *verb.Workspace) (verb.Result, error) {
	result := verb.Result{Checklist: call.Checklist()}
	store, err := workspace.Backups(ctx)
	if err != nil {
		return verb.Result{}, err
	}
	snapshots, err := store.List(ctx)
	if err != nil {
		return verb.Result{}, problem.New("", "the snapshots cannot be listed: %w", err)
	}
	for _, snapshot := range snapshots {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{
			ID: snapshot.Name, Title: snapshot.Name, Verdict: checklist.Pass,
			Evidence: fmt.Sprintf("%s, %s, schema version %d, %s", snapshot.Created.Format("2006-01-02 15:04 MST"),
				humanize.IBytes(uint64(snapshot.Bytes)), snapshot.SchemaVersion, snapshot.Location),
		})
	}
	if len(snapshots) == 0 {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{ID: "none", Title: "There is no snapshot", Verdict: checklist.Skip})
	}
	return result, nil
}
