package rollout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// How long and how often this room waits for what takes a moment.
const (
	poll = 20 * time.Millisecond
	// A deployer that was killed lets go of its lock only when the process that it was starting has said who it is.
	lockWait = time.Second
	// Helpers of a stopped application may hold its port a moment longer than it lives.
	portWait = time.Second
	// After SIGKILL only the kernel is left to wait for.
	killWait            = 5 * time.Second
	defaultStartTimeout = 30 * time.Second
	defaultStopTimeout  = 10 * time.Second
	defaultKeep         = 3
	// Once the old version was told to stop, an interrupt must not leave nothing serving: this is how much longer a step
	// may take, a second less than a verb has after an interrupt.
	outliving            = 6 * time.Second
	stepsOfServe         = 4
	maximumPIDFileLength = 256
)

// Options say how the application runs as a process of this machine.
type Options struct {
	// Directory is where releases, state and log live, on a local file system; it is made with mode 0700.
	Directory string
	// Command is the program and its arguments, for the releases that are placed: each is started with the command that it
	// was placed with. It starts inside the release's folder, so "./app" is the release's own.
	// It must keep the file descriptors that it inherits, and must not write into its folder.
	Command []string
	// Environment is all that the application gets, but for PATH, HOME, TMPDIR, TZ and LANG. Values are never printed. It is
	// not kept with a release, since it holds secrets: going back serves the old files with the values of today.
	Environment map[string]string
	// URL is where the application listens: http://127.0.0.1:8502 and the like, on a loopback address.
	URL string
	// StartTimeout bounds the wait for the first connection (30 s when zero), StopTimeout the wait between SIGTERM and
	// SIGKILL (10 s when zero).
	StartTimeout, StopTimeout time.Duration
	// Keep is how many releases are kept beside the current and the previous one; 3 when zero.
	Keep int
	// LookupEnv reads the environment of Airlock itself; os.LookupEnv when nil.
	LookupEnv func(name string) (string, bool)
}

// Process serves a release as a process of this machine. It holds no state: the directory does.
type Process struct {
	shelf
	options Options
	// address is the host and port of the URL.
	address string
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// NewProcess checks the options and touches nothing.
func NewProcess(options Options) (*Process, error) {
	if options.Directory == "" {
		return nil, problem.Wrong("name the folder under deploy.process", "a process needs a directory for its releases")
	}
	directory, err := filepath.Abs(options.Directory)
	if err != nil {
		return nil, fmt.Errorf("find the directory of the releases: %w", err)
	}
	options.Directory = directory
	if len(options.Command) == 0 || options.Command[0] == "" || strings.HasPrefix(options.Command[0], "-") {
		return nil, problem.Wrong(`name the program, such as ["./app"]`, "a process needs a command")
	}
	for name, value := range options.Environment {
		if !nameForm.MatchString(name) || strings.ContainsRune(value, 0) {
			return nil, problem.Wrong("a name has letters, digits and underscores; a value has no NUL", "environment variable %.80q cannot be set", name)
		}
	}
	if options.Keep < 0 || options.StartTimeout < 0 || options.StopTimeout < 0 {
		return nil, problem.Wrong("", "keep, start timeout and stop timeout are not negative")
	}
	address, err := loopback(options.URL)
	if err != nil {
		return nil, err
	}
	if options.StartTimeout == 0 {
		options.StartTimeout = defaultStartTimeout
	}
	if options.StopTimeout == 0 {
		options.StopTimeout = defaultStopTimeout
	}
	if options.Keep == 0 {
		options.Keep = defaultKeep
	}
	if options.LookupEnv == nil {
		options.LookupEnv = os.LookupEnv
	}
	return &Process{shelf{options.Directory, options.Keep}, options, address}, nil
}

// loopback returns host and port of an HTTP URL that leads to this machine.
func loopback(text string) (string, error) {
	const hint = "a process serves on this machine: its URL is of the form http://127.0.0.1:8502"
	location, err := url.Parse(text)
	if err != nil || (location.Scheme != "http" && location.Scheme != "https") {
		return "", problem.Wrong(hint, "the URL of a process cannot be read")
	}
	host, port := location.Hostname(), location.Port()
	if address := net.ParseIP(host); host != "localhost" && (address == nil || !address.IsLoopback()) {
		return "", problem.Wrong(hint, "the URL of a process leads to another machine: %.80q", host)
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[location.Scheme]
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", problem.Wrong(hint, "the URL of a process has no usable port: %.80q", port)
	}
	return net.JoinHostPort(host, port), nil
}

// State asks the host. A directory that does not exist is the empty state; what cannot be told is an error of the
// kind inconclusive. A release that serves under another label than it was placed with later keeps the one it serves with.
func (p *Process) State(ctx context.Context) (State, error) {
	if err := ctx.Err(); err != nil {
		return State{}, err
	}
	way, err := p.readServed()
	if err != nil {
		return State{}, err
	}
	found, err := p.running()
	if err != nil {
		return State{}, err
	}
	state := State{Current: way.at(0), Previous: way.at(1)}
	if state.Previous != nil {
		if _, err := p.placed(state.Previous.Image); err != nil {
			state.Previous = nil
		}
	}
	if found != nil && state.Current == nil {
		return State{}, problem.Unknown("put state.json back, or end that process",
			"what serves in %s is unknown: %s runs, and state.json is missing", p.options.Directory, found)
	}
	if found != nil && found.image == state.Current.Image {
		// A record that cannot be read says nothing against the process that serves.
		release, err := p.placed(found.image)
		state.Running = err != nil || found.serves(release)
	}
	return state, nil
}

// Serve makes the placed release with this image the one that serves, with the command that it was placed with and the
// environment of the options, and removes releases that are no longer needed. A release that serves already, with this
// command, is left running. An interrupt that comes when the old version was told to stop lets the new one be started.
// Serving the previous image is going back: the version that is left
// does not become the previous one, the version before does. An error before the old version is stopped has changed
// nothing; when the new version does not come up, it is Current and the caller decides to go back. Killed at any
// moment and called again, it ends in the same state.
func (p *Process) Serve(ctx context.Context, image string, progress Progress) (err error) {
	release, err := p.placed(image)
	if err != nil {
		return err
	}
	version := release.Version
	lock, err := p.lock(ctx, lockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	way, err := p.readServed()
	if err != nil {
		return err
	}
	old, err := p.settled()
	if err != nil {
		return err
	}
	serves := old.serves(release)
	if !serves {
		advance(progress, 0, stepsOfServe, "checking "+version.Title())
		if err := p.Check(ctx, image); err != nil {
			return err
		}
		if old == nil {
			if err := portFree(ctx, p.address); err != nil {
				return err
			}
		}
	}
	// The way is written before the host follows it: a run that finds them different knows where it was going.
	if next := way.with(version); !slices.Equal(next, way) {
		if err := p.writeServed(next); err != nil {
			return fmt.Errorf("record that %s is to serve: %w", version.Title(), err)
		}
		way = next
	}
	if !serves {
		advance(progress, 1, stepsOfServe, "stopping the version before")
		if err := p.replace(ctx, lock, old, release, progress); err != nil {
			return err
		}
	}
	advance(progress, 3, stepsOfServe, "waiting for "+version.Title())
	if err := p.ready(ctx, version); err != nil {
		return err
	}
	detail := version.Title() + " serves"
	if err := p.prune(way, remove); err != nil {
		// The version serves: old files that stay on the disk until the next time are no reason to go back.
		detail += "; old releases could not be removed: " + err.Error()
	}
	advance(progress, stepsOfServe, stepsOfServe, detail)
	return nil
}

// replace stops old, if any, and starts the release.
func (p *Process) replace(ctx context.Context, lock *lockfile.Lock, old *child, release placement, progress Progress) error {
	if err := ctx.Err(); err != nil {
		return problem.New("run again to finish", "interrupted; what was served is left as it is: %w", err)
	}
	ctx, cancel := outlive(ctx, outliving)
	defer cancel()
	if old != nil {
		if err := p.stop(ctx, old); err != nil {
			return fmt.Errorf("%s is not started: %w", release.Title(), err)
		}
		// What answers on the port now is not ours, and would be taken for the new version.
		if err := portFree(ctx, p.address); err != nil {
			return fmt.Errorf("the version before is stopped and %s is not started: %w", release.Title(), err)
		}
	}
	advance(progress, 2, stepsOfServe, "starting "+release.Title())
	if err := p.start(ctx, lock, release); err != nil {
		return fmt.Errorf("start %s: %w", release.Title(), err)
	}
	return nil
}

// outlive returns a context that ends a time after its parent does.
func outlive(parent context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		select {
		case <-ctx.Done():
		case <-time.After(by):
			cancel()
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// Stop ends what serves, first with SIGTERM and after StopTimeout with SIGKILL; nothing running is no error.
func (p *Process) Stop(ctx context.Context) (err error) {
	if _, err := os.Stat(p.options.Directory); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	lock, err := p.lock(ctx, lockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	found, err := p.settled()
	if err != nil || found == nil {
		return err
	}
	return p.stop(ctx, found)
}
