package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// startScript writes the process's own number, image and command before it becomes the application. Until then it holds the
// deployer's lock (descriptor 4) too, so that no other deployer can meet a running process that has not said who it is.
// The lock on running.lock (descriptor 3) is inherited by the application and ends with it and its children.
const startScript = `(umask 077; printf '%s %s\n' "$$" "$2" >"$1") && shift 2 && exec "$@" 4>&-`

// child is what holds running.lock. That lock, and never the number, says that it lives: a number can be another's by now.
type child struct {
	// pid is zero as long as the process has not said who it is.
	pid   int
	image string
	// command is the fingerprint of the command that it was started with; empty when it is not known.
	command string
}

// serves tells whether the child is the release, started as it was placed.
func (c *child) serves(release placement) bool {
	return c != nil && c.image == release.Image && c.command == release.fingerprint()
}

func (c *child) String() string {
	if c.pid == 0 {
		return "a process that has not said who it is"
	}
	return fmt.Sprintf("process %d", c.pid)
}

// running returns what runs, or nil.
func (p *Process) running() (*child, error) {
	lives, err := held(p.path("running.lock"))
	if err != nil || !lives {
		return nil, err
	}
	content, err := readSmall(p.path("app.pid"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	number, identity, _ := strings.Cut(strings.TrimSuffix(content, "\n"), " ")
	image, command, _ := strings.Cut(identity, " ")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 1 || !imageForm.MatchString(image) {
		return &child{}, nil
	}
	return &child{pid, image, command}, nil
}

// settled is running for a deployer, who holds the lock that a starting process keeps until it has said who it is.
func (p *Process) settled() (*child, error) {
	found, err := p.running()
	if err == nil && found != nil && found.pid == 0 {
		return nil, problem.Unknown("find it with `lsof "+p.path("running.lock")+"` and end it",
			"%s runs in %s, and app.pid cannot be read", found, p.options.Directory)
	}
	return found, err
}

// start starts the release and returns at once; nothing of ours runs.
func (p *Process) start(ctx context.Context, deployer *lockfile.Lock, release placement) (err error) {
	// The number of a process that ended goes before the lock is taken, or it would seem to be the one that holds it.
	for _, step := range []error{os.Remove(p.path("app.pid")), os.Rename(p.path("app.log"), p.path("app.log.1"))} {
		if step != nil && !errors.Is(step, fs.ErrNotExist) {
			return step
		}
	}
	running, err := waitFor(ctx, p.path("running.lock"), lockWait)
	if err != nil {
		return err
	}
	// Closing is enough, and unlocking would be wrong: the child's descriptor is the same open file.
	defer func() { err = errors.Join(err, running.Release()) }()
	log, err := os.OpenFile(p.path("app.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	identity := release.Image + " " + release.fingerprint()
	arguments := append([]string{"-c", startScript, "airlock", p.path("app.pid"), identity}, release.Command...)
	// Not bound to ctx: the application outlives Airlock.
	command := exec.Command("/bin/sh", arguments...)
	command.Dir = p.folder(release.Image)
	command.Env = p.environment()
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{running.File, deployer.File}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return err
	}
	go command.Wait()
	return nil
}

func (p *Process) environment() []string {
	var environment []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "LANG"} {
		if value, ok := p.options.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	for name, value := range p.options.Environment {
		environment = append(environment, name+"="+value)
	}
	slices.Sort(environment)
	return environment
}

// stop ends a child and all of its process group.
func (p *Process) stop(ctx context.Context, found *child) error {
	if err := ctx.Err(); err != nil {
		return problem.New("run again to finish", "interrupted before %s was stopped: %w", found, err)
	}
	ended := func(context.Context) (bool, error) {
		lives, err := held(p.path("running.lock"))
		return !lives, err
	}
	for _, last := range []struct {
		signal syscall.Signal
		wait   func(context.Context) error
	}{
		{syscall.SIGTERM, func(ctx context.Context) error { return until(ctx, p.options.StopTimeout, poll, ended) }},
		{syscall.SIGKILL, func(ctx context.Context) error { return until(ctx, killWait, poll, ended) }},
	} {
		if err := signalGroup(found.pid, last.signal); err != nil {
			return problem.New("end it by hand, then run again", "%s cannot be stopped: %w", found, err)
		}
		err := last.wait(ctx)
		switch {
		case ctx.Err() != nil:
			return problem.New("run again to finish", "interrupted while %s was stopping; it may still run: %w", found, ctx.Err())
		case err == nil:
			return nil
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
	}
	return problem.New("end what `lsof "+p.path("running.lock")+"` shows, then run again",
		"%s was killed, and something that it started still runs", found)
}

// signalGroup signals a process group. A leader that ended may have left children; a number that is now in another
// group belongs to a stranger.
func signalGroup(pid int, signal syscall.Signal) error {
	if group, err := syscall.Getpgid(pid); err == nil && group != pid {
		return fmt.Errorf("its number belongs to another program now")
	}
	if err := syscall.Kill(-pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Free returns nil when a release could serve: its own application does already, or no program listens on the port.
func (p *Process) Free(ctx context.Context) error {
	found, err := p.running()
	if err != nil || found != nil {
		return err
	}
	return portFree(ctx, p.address)
}

// portFree returns nil when no program listens on the TCP port of the address.
func portFree(ctx context.Context, address string) error {
	_, port, _ := net.SplitHostPort(address)
	used := func(ctx context.Context) (bool, error) {
		if accepts(ctx, address) {
			return false, nil
		}
		// A listener that is full, or on another of the machine's addresses, refuses us too.
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return true, listener.Close()
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			return false, nil
		}
		return false, problem.New("choose another port", "port %s cannot be used: %w", port, err)
	}
	err := until(ctx, portWait, poll, used)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return problem.New(fmt.Sprintf("stop it (`lsof -i :%s` names it), or choose another port", port),
			"port %s is in use by another program", port)
	}
	if ctx.Err() != nil {
		return problem.New("run again to finish", "interrupted while port %s was checked: %w", port, ctx.Err())
	}
	return err
}

func accepts(ctx context.Context, address string) bool {
	connection, err := (&net.Dialer{Timeout: portWait / 4}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// ready waits until version accepts connections.
func (p *Process) ready(ctx context.Context, version Version) error {
	var last *child
	err := until(ctx, p.options.StartTimeout, poll, func(ctx context.Context) (bool, error) {
		answered := accepts(ctx, p.address)
		// Asked after the connection: an answer counts only when our process was still there.
		found, err := p.running()
		if err != nil {
			return false, err
		}
		if found == nil {
			return false, problem.New("read "+p.path("app.log")+"; then deploy a version that starts, or go back",
				"version %s ended before it accepted connections on %s%s", version.Title(), p.address, p.lastLines())
		}
		last = found
		return answered && found.image == version.Image, nil
	})
	switch {
	case ctx.Err() != nil:
		return problem.New("run again to finish", "interrupted while version %s was starting; it is the current version, and its process stays: %w", version.Title(), ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return problem.New("read "+p.path("app.log")+"; then raise the start timeout, or go back",
			"version %s did not accept connections on %s within %s; %s still runs%s", version.Title(), p.address, p.options.StartTimeout, last, p.lastLines())
	}
	return err
}
