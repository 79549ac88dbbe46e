package verb

import (
	"context"
	"path/filepath"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rollout"
)

// Host is where versions are put in front of users.
type Host interface {
	HostState
	HostChange
}

// HostState tells what a host serves, and what it could.
type HostState interface {
	// State asks the host what it serves.
	State(ctx context.Context) (rollout.State, error)
	// Check returns nil when the image is on the host and can be served again.
	Check(ctx context.Context, image string) error
	// Free returns nil when nothing stands in the way of a new version.
	Free(ctx context.Context) error
}

// HostChange changes what a host serves.
type HostChange interface {
	// Place brings a release to the host: source is a folder, or the reference of an image.
	Place(ctx context.Context, source string, version rollout.Version, progress rollout.Progress) (rollout.Version, error)
	// Serve makes a placed image the one that serves.
	Serve(ctx context.Context, image string, progress rollout.Progress) error
	// Stop ends what serves.
	Stop(ctx context.Context) error
}

// Rollout returns how versions are put in front of users of the environment.
func (w *Workspace) Rollout() (Host, error) {
	deploy := w.Environment.Deploy
	switch {
	case deploy != nil && deploy.Compose != nil:
		return w.compose()
	case deploy == nil || deploy.Process == nil:
		return nil, problem.Wrong("for example deploy: {process: {command: [./app], directory: .airlock/hosts/"+w.Name+"}}",
			"the environment %s has no deploy", w.Name)
	}
	process := deploy.Process
	return rollout.NewProcess(rollout.Options{
		Directory: w.Path(process.Directory), Command: process.Command, Environment: process.Environment, URL: w.Environment.URL,
		StartTimeout: time.Duration(process.StartTimeout), StopTimeout: time.Duration(process.StopTimeout),
	})
}

func (w *Workspace) compose() (Host, error) {
	compose := w.Environment.Deploy.Compose
	file := w.Path(compose.File)
	if host := w.Environment.Deploy.Host; host != nil && host.Directory != "" && !filepath.IsAbs(compose.File) {
		file = filepath.Join(w.Path(host.Directory), compose.File)
	}
	return rollout.NewCompose(rollout.ComposeOptions{
		App: w.Config.App, Environment: w.Name, File: file, Project: compose.Project, Service: compose.Service, Variables: compose.Environment,
		StartTimeout: time.Duration(compose.StartTimeout), StopTimeout: time.Duration(compose.StopTimeout), LookupEnv: w.call.lookupEnv,
	})
}

// StartTimeout returns how long a version may take until it answers.
func (w *Workspace) StartTimeout() time.Duration {
	switch deploy := w.Environment.Deploy; {
	case deploy == nil:
		return 0
	case deploy.Compose != nil:
		return time.Duration(deploy.Compose.StartTimeout)
	case deploy.Process != nil:
		return time.Duration(deploy.Process.StartTimeout)
	}
	return 0
}

// Source returns what Place takes for an image as the input has it: a reference as it is, a folder as a full path.
func (w *Workspace) Source(image string) string {
	if _, err := rollout.ImageDigest(image); err == nil {
		return image
	}
	return w.call.Path(image)
}

// Serving returns the image that the host serves now, empty when it serves nothing.
func (w *Workspace) Serving(ctx context.Context) (string, error) {
	host, err := w.Rollout()
	if err != nil {
		return "", err
	}
	state, err := host.State(ctx)
	if err != nil || !state.Running {
		return "", err
	}
	return state.Current.Image, nil
}
