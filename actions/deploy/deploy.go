// Package deploy puts a version in front of users and keeps the previous one.
package deploy

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/rollout"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb deploy.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "deploy", ActionYAML: actionYAML, Run: run,
		Uses:   verb.DeployUses(),
		NotYet: verb.DeployNotYet(),
	}
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	release, err := workspace.Release(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return verb.Result{}, err
	}
	host, err := workspace.Rollout()
	if err != nil {
		return verb.Result{}, err
	}
	result := verb.Result{Checklist: call.Checklist(), Outputs: map[string]string{}}
	list := &result.Checklist
	list.Release = release.Name()
	if call.Inputs.Bool("dry-run") {
		state, err := host.State(ctx)
		if err != nil {
			return verb.Result{}, err
		}
		list.Items = append(list.Items, checklist.Item{ID: "serve", Title: "The release serves", Verdict: checklist.Skip,
			Evidence: fmt.Sprintf("would serve %s in place of %s", release.Name(), title(state.Current))})
		return result, nil
	}
	unlock, err := workspace.Lock()
	if err != nil {
		return verb.Result{}, err
	}
	defer unlock()
	// Before anything is placed: a release that cannot be served need not be on the host.
	if err := host.Free(ctx); err != nil {
		err = list.Failure(ctx, "serve", "The release serves", err)
		return result, err
	}
	progress := call.Progress("deploy " + workspace.Name)
	defer progress.Done()
	version := rollout.Version{Image: release.Image, Label: release.Label, Commit: release.Commit}
	err = list.Do(ctx, "place", "The release is on the host", func(ctx context.Context) (checklist.Result, error) {
		version, err = host.Place(ctx, workspace.Source(call.Inputs.String("image")), version, progress)
		return checklist.Passed(fmt.Sprintf("%.19s", version.Image)), err
	})
	if err != nil {
		return result, nil // The checklist says why.
	}
	// The release that serves may have got another command.
	state, err := host.State(ctx)
	if err != nil {
		return result, err
	}
	_ = list.Do(ctx, "serve", "The release serves", func(ctx context.Context) (checklist.Result, error) {
		if err := host.Serve(ctx, version.Image, progress); err != nil {
			return checklist.Result{}, err
		}
		if state.Running && state.Current.Image == version.Image {
			return checklist.Passed(release.Name() + " served already and was left alone"), nil
		}
		return checklist.Passed(fmt.Sprintf("%s serves at %s in place of %s", release.Name(), workspace.Environment.URL, title(state.Current))), nil
	})
	err = outputs(ctx, host, result.Outputs)
	return result, err
}

// outputs asks the host what came of it.
func outputs(ctx context.Context, host verb.HostState, outputs map[string]string) error {
	state, err := host.State(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if state.Current != nil {
		outputs["image"] = state.Current.Image
	}
	if state.Previous != nil {
		outputs["previous"] = state.Previous.Image
	}
	return nil
}

func title(version *rollout.Version) string {
	if version == nil {
		return "nothing"
	}
	return version.Title()
}
