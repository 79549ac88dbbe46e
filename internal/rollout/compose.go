package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// ComposeOptions say how the application runs as a service of a Compose project on this host.
type ComposeOptions struct {
	// App and Environment name whose service it is, so that no other environment takes it for its own.
	App, Environment string
	// File is the Compose file with which releases are placed: each is served with the file that it was placed with. It is
	// used as it is; of the service, only image, pull policy and Airlock's labels are set anew.
	File string
	// ProjectDirectory is where the file's relative paths begin, and where its ".env" is; the file's folder when empty.
	ProjectDirectory string
	// Project is the Compose project; when empty, app and environment in small letters, joined by a hyphen.
	Project string
	// Service is the service that is replaced. No other one is touched, started or stopped.
	Service string
	// Variables are all that the file interpolates, beside ".env". Values are never printed, and not kept with a release,
	// since they are secrets: going back serves the old image and file with the values of today.
	Variables map[string]string
	// Directory is where releases, their Compose files and the lock live; it is made with mode 0700. When empty, it is
	// airlock/<app>/<environment> in $XDG_STATE_HOME or ~/.local/state: a checkout would be cleaned.
	Directory string
	// StartTimeout bounds the wait until the service is healthy, or runs when it has no health check (60 s when zero).
	// StopTimeout is the time between SIGTERM and SIGKILL in whole seconds; the file's stop_grace_period when zero.
	StartTimeout, StopTimeout time.Duration
	// Keep is how many releases are kept beside the current and the previous one; 3 when zero.
	Keep int
	// Docker is the client; "docker" when empty.
	Docker string
	// LookupEnv reads the environment of Airlock itself; os.LookupEnv when nil.
	LookupEnv func(name string) (string, bool)
}

// How long the engine may take, and how often it is asked.
const (
	defaultComposeStart = time.Minute
	// askAgain is slower than this room's other waits, since every look starts the client.
	askAgain = 200 * time.Millisecond
	// A container without a health check is taken to run when it has for this long: many end at once or not at all.
	settled = time.Second
	// A deployer that was killed leaves the client to finish: whoever comes next waits that long for it.
	composeLockWait = 2 * time.Minute
)

// Compose serves a release as a service of a Compose project, and recreates that service only. What serves, and what
// served before, is in the labels of its containers; the images are kept on the host by tags airlock/<project>:<16
// digits>, and the Compose file of each release in the directory.
type Compose struct {
	shelf
	options ComposeOptions
	// repository is the name that all tags of ours share.
	repository string
	lockWait   time.Duration
}

var (
	environmentForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	// https://docs.docker.com/compose/how-tos/project-name/
	projectForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,127}$`)
	// https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json
	serviceForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// NewCompose checks the options and touches nothing.
func NewCompose(options ComposeOptions) (*Compose, error) {
	options.Project = cmp.Or(options.Project, strings.ToLower(options.App+"-"+options.Environment))
	options.Docker = cmp.Or(options.Docker, "docker")
	options.Keep = cmp.Or(options.Keep, defaultKeep)
	options.StartTimeout = cmp.Or(options.StartTimeout, defaultComposeStart)
	if options.LookupEnv == nil {
		options.LookupEnv = os.LookupEnv
	}
	named, err := reference.WithName("airlock/" + options.Project)
	switch {
	case !environmentForm.MatchString(options.App) || !environmentForm.MatchString(options.Environment):
		return nil, problem.Wrong("letters, digits, hyphens and underscores", "app %.80q or environment %.80q cannot be a name", options.App, options.Environment)
	case !projectForm.MatchString(options.Project) || err != nil:
		return nil, problem.Wrong("small letters, digits, hyphens and underscores, such as wos-sandbox", "%.80q cannot be the name of a Compose project whose images are kept", options.Project)
	case !serviceForm.MatchString(options.Service):
		return nil, problem.Wrong("name a service of the Compose file", "%.80q cannot be the name of a service", options.Service)
	case options.File == "":
		return nil, problem.Wrong("name it under deploy.compose", "a Compose file is not given")
	case options.Keep < 0 || options.StartTimeout < 0 || options.StopTimeout < 0:
		return nil, problem.Wrong("", "keep, start timeout and stop timeout are not negative")
	}
	for name, value := range options.Variables {
		if !nameForm.MatchString(name) || strings.ContainsRune(value, 0) {
			return nil, problem.Wrong("a name has letters, digits and underscores; a value has no NUL", "variable %.80q cannot be set", name)
		}
		if slices.Contains(clientVariables(), name) || strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "COMPOSE_") {
			return nil, problem.Wrong("give the Compose file's variable another name", "variable %.80q would change what Docker itself does", name)
		}
	}
	if options.File, err = filepath.Abs(options.File); err != nil {
		return nil, fmt.Errorf("find the Compose file: %w", err)
	}
	if options.ProjectDirectory, err = filepath.Abs(cmp.Or(options.ProjectDirectory, filepath.Dir(options.File))); err != nil {
		return nil, fmt.Errorf("find the project's directory: %w", err)
	}
	if options.Directory, err = stateDirectory(options); err != nil {
		return nil, err
	}
	return &Compose{shelf{options.Directory, options.Keep}, options, named.Name(), composeLockWait}, nil
}

// stateDirectory follows https://specifications.freedesktop.org/basedir-spec/latest/.
func stateDirectory(options ComposeOptions) (string, error) {
	if options.Directory != "" {
		return filepath.Abs(options.Directory)
	}
	base, _ := options.LookupEnv("XDG_STATE_HOME")
	if home, _ := options.LookupEnv("HOME"); !filepath.IsAbs(base) {
		base = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(base) {
		return "", problem.Wrong("set HOME", "there is no folder to keep the Compose files of releases in")
	}
	return filepath.Join(base, "airlock", options.App, options.Environment), nil
}

// ImageDigest returns the digest, "sha256:" and 64 hexadecimal digits, of a reference such as
// registry.example.com/wos@sha256:…; a reference without one is an error, since it can mean another image tomorrow.
func ImageDigest(image string) (string, error) {
	_, digest, err := pinned(image)
	return digest, err
}

// pinned returns the reference in full, without a tag, and its digest. Its grammar has no reference that begins with a
// hyphen: none can be taken for an option.
func pinned(image string) (full, digest string, err error) {
	const hint = "name it as registry.example.com/name@sha256: and 64 hexadecimal digits; `docker push` prints them"
	named, err := reference.ParseDockerRef(image)
	if err != nil {
		return "", "", problem.Wrong(hint, "%.200q is not the reference of an image: %w", image, err)
	}
	canonical, ok := named.(reference.Canonical)
	if !ok || !imageForm.MatchString(canonical.Digest().String()) {
		return "", "", problem.Wrong(hint, "image %.200q is not pinned by a digest", image)
	}
	return canonical.String(), canonical.Digest().String(), nil
}

// State asks the engine. A service without containers is the empty state; what cannot be told is an error of the kind
// inconclusive. A container that someone started without Airlock counts, with the digest that its image was pulled or
// pushed by, or else the image's ID.
func (c *Compose) State(ctx context.Context) (State, error) {
	found, err := c.look(ctx)
	if err != nil {
		return State{}, err
	}
	state := State{Current: found.way.at(0), Previous: found.way.at(1), Running: found.running()}
	if state.Previous != nil {
		if _, err := c.present(ctx, state.Previous.Image); err != nil {
			if problem.KindOf(err) == problem.Inconclusive {
				return State{}, err
			}
			state.Previous = nil
		}
	}
	return state, nil
}

// Serve recreates the service with the placed release that has this image, with the Compose file that it was placed
// with and the variables of the options, waits until it is healthy, and removes releases that are no longer needed. A
// container that serves already, by the same file and variables, is left running. An interrupt that comes when the old
// version was told to stop lets the new one be started. What serves without Airlock is kept as a release first. Serving
// the previous image is going back: the version that is left does not become the previous one, the version before does.
// An error before the old version is stopped has changed nothing; when the new version does not come up, it is Current
// and the caller decides to go back. Killed at any moment and called again, it ends in the same state.
func (c *Compose) Serve(ctx context.Context, image string, progress Progress) (err error) {
	release, err := c.placed(image)
	if err != nil {
		return err
	}
	lock, err := c.lock(ctx, c.lockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	advance(progress, 0, stepsOfServe, "checking "+release.Title())
	found, err := c.look(ctx)
	if err != nil {
		return err
	}
	if err := c.servable(ctx, release); err != nil {
		return err
	}
	if err := c.adopt(ctx, found); err != nil {
		return err
	}
	way := found.way
	// The labels are part of what Compose compares: as they are, they leave the container alone.
	if current := way.at(0); !found.labelled || current.Image != image {
		way = c.kept(way.with(release.Version))
	}
	if err := c.writeOverride(release, way); err != nil {
		return fmt.Errorf("write down that %s is to serve: %w", release.Title(), err)
	}
	if err := c.tagPrevious(ctx, way.at(1)); err != nil {
		return err
	}
	advance(progress, 1, stepsOfServe, "replacing the version before")
	if err := c.replace(ctx, lock, release, found); err != nil {
		return err
	}
	advance(progress, 3, stepsOfServe, "waiting for "+release.Title())
	if err := c.ready(ctx, release.Version, found); err != nil {
		return err
	}
	detail := release.Title() + " serves"
	if err := c.prune(way, func(folder string) error { return c.forget(ctx, folder) }); err != nil {
		// The version serves: old images that stay on the disk until the next time are no reason to go back.
		detail += "; old releases could not be removed: " + err.Error()
	}
	advance(progress, stepsOfServe, stepsOfServe, detail)
	return nil
}

// Stop stops and removes the service's containers, and nothing else; none is no error. It needs no Compose file, since
// that may be what is broken.
func (c *Compose) Stop(ctx context.Context) (err error) {
	lock, err := c.lock(ctx, c.lockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	containers, err := c.containers(ctx)
	if err != nil || len(containers) == 0 {
		return err
	}
	if err := c.ours(containers); err != nil {
		return err
	}
	arguments := []string{"container", "stop"}
	if c.options.StopTimeout > 0 {
		arguments = append(arguments, "-t", seconds(c.options.StopTimeout))
	}
	if _, err := c.docker(ctx, changing+c.options.StopTimeout, append(arguments, ids(containers)...)...); err != nil {
		return err
	}
	_, err = c.docker(ctx, changing, append([]string{"container", "rm"}, ids(containers)...)...)
	return err
}
