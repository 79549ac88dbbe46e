package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// replace lets Compose make the service's container what the release says; one that is so already is left alone.
// Between the versions nothing serves, so Compose is not bound to ctx, nor to this program: it goes on when either ends.
// It holds the deployer's lock too, so that whoever comes next waits until it is done.
func (c *Compose) replace(ctx context.Context, lock *lockfile.Lock, release edition, found seen) error {
	// Compose would start what it was interrupted with under a name that it gives for the moment.
	if len(found.leftovers) > 0 {
		if _, err := c.docker(ctx, changing, append([]string{"container", "rm"}, ids(found.leftovers)...)...); err != nil && !refusedWith(err, "no such container") {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return problem.New("run again to finish", "interrupted; what was served is left as it is: %w", err)
	}
	// Not a pipe: that would end Compose when this program is gone.
	log, err := os.OpenFile(c.path("compose.log"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	arguments := []string{"up", "--detach", "--no-deps", "--no-build", "--quiet-pull"}
	if c.options.StopTimeout > 0 {
		arguments = append(arguments, "--timeout", seconds(c.options.StopTimeout))
	}
	arguments = c.compose(release.Directory, []string{c.composeFile(release.Image), c.overrideFile(release.Image)}, append(arguments, c.options.Service)...)
	command := exec.Command(c.options.Docker, arguments...)
	command.Env = c.environment()
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{lock.File}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return c.refused("compose up", "", err)
	}
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	patient, cancel := outlive(ctx, outliving)
	defer cancel()
	limit := time.NewTimer(changing + c.options.StopTimeout)
	defer limit.Stop()
	select {
	case err = <-done:
	case <-patient.Done():
		return problem.New("run again to finish", "interrupted while %s was put in place; Docker goes on with it: %w", release.Title(), context.Cause(ctx))
	case <-limit.C:
		return problem.Unknown("look at the engine's log, and at "+log.Name(), "Docker was not done putting %s in place within %s", release.Title(), changing+c.options.StopTimeout)
	}
	if err == nil {
		return nil
	}
	spoken, _ := io.ReadAll(io.NewSectionReader(log, 0, maximumComplaintBytes))
	err = c.refused("compose up", string(spoken), err)
	if refusedWith(err, "") {
		err = problem.New("read "+log.Name()+"; then deploy a version that starts, or go back", "%s cannot be started: %w", release.Title(), err)
	}
	return err
}

// ready waits until the service serves the version; before is what there was before it was replaced.
func (c *Compose) ready(ctx context.Context, version Version, before seen) error {
	var last []container
	restarts, since := -1, time.Time{}
	err := until(ctx, c.options.StartTimeout, askAgain, func(ctx context.Context) (bool, error) {
		found, err := c.look(ctx)
		if err != nil {
			return false, err
		}
		last = found.serving
		if current := found.way.at(0); !found.labelled || current.Image != version.Image {
			return false, problem.Unknown("find out who else deploys here", "%s was put in place, and the service runs something else", version.Title())
		}
		count, waiting := 0, false
		for _, each := range last {
			count += each.RestartCount
			switch status := each.State.Status; {
			case status == "exited", status == "dead", each.State.Restarting:
				return false, c.failed(ctx, each, fmt.Sprintf("ended with exit code %d", each.State.ExitCode), version)
			case each.State.Health != nil && each.State.Health.Status == "unhealthy":
				return false, c.failed(ctx, each, "is unhealthy", version)
			case each.State.Health != nil && each.State.Health.Status == "starting", !each.State.Running:
				waiting = true
			case each.State.Health == nil && !slices.Contains(ids(before.serving), each.ID) && (since.IsZero() || time.Since(since) < settled):
				waiting = true
			}
			if since.IsZero() && each.State.Running {
				since = time.Now()
			}
		}
		if restarts >= 0 && count > restarts {
			return false, c.failed(ctx, last[0], "was started again by Docker", version)
		}
		restarts = count
		return !waiting, nil
	})
	switch {
	case ctx.Err() != nil:
		return problem.New("run again to finish", "interrupted while version %s was starting; it is the current version, and its container stays: %w", version.Title(), ctx.Err())
	case errors.Is(err, context.DeadlineExceeded) && len(last) > 0:
		return c.failed(ctx, last[0], fmt.Sprintf("was not healthy within %s", c.options.StartTimeout), version)
	}
	return err
}

// failed says why a version does not serve, with the end of its log and of what its health check said.
func (c *Compose) failed(ctx context.Context, from container, how string, version Version) error {
	name, secrets := strings.TrimPrefix(from.Name, "/"), c.secrets()
	detail := ""
	if health := from.State.Health; health != nil && len(health.Log) > 0 {
		if said := lastOf(health.Log[len(health.Log)-1].Output, secrets); said != "" {
			detail = "; its health check says: " + said
		}
	}
	// The application writes to both outputs. What cannot be read of them is no reason to say less about the rest.
	log := &bounded{left: maximumAnswerBytes}
	if err := c.logs(ctx, from.ID, log); err == nil {
		detail += excerpt(log.String(), secrets)
	}
	return problem.New(fmt.Sprintf("read `docker logs %s`; then deploy a version that starts, or go back", name), "version %s %s%s", version.Title(), how, detail)
}

func (c *Compose) logs(ctx context.Context, id string, into io.Writer) error {
	bound, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	command := exec.CommandContext(bound, c.options.Docker, "container", "logs", "--tail", fmt.Sprint(tailLines), id)
	command.Env, command.WaitDelay = c.environment(), clientWait
	command.Stdout, command.Stderr = into, into
	return command.Run()
}
