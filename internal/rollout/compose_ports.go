package rollout

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// port is one that the service publishes; Published is empty when the engine chooses one.
type port struct {
	Host      string `json:"host_ip"`
	Published string `json:"published"`
	Protocol  string `json:"protocol"`
}

// Free returns nil when the service could be started: each host port that its Compose file publishes is free, or held by
// its own container.
func (c *Compose) Free(ctx context.Context) error {
	ports, err := c.plan(ctx, c.options.ProjectDirectory, c.options.File)
	if err != nil {
		return err
	}
	return c.portsFree(ctx, ports)
}

func (c *Compose) portsFree(ctx context.Context, ports []port) error {
	for _, each := range ports {
		// A range leaves the choice to the engine.
		if each.Published == "" || strings.Contains(each.Published, "-") {
			continue
		}
		held, err := c.holders(ctx, each)
		if err != nil {
			return err
		}
		if held || each.Protocol == "udp" {
			continue
		}
		// A port below 1024 is the engine's to try, and not ours.
		if err := portFree(ctx, net.JoinHostPort(each.Host, each.Published)); err != nil && !errors.Is(err, syscall.EACCES) {
			return err
		}
	}
	return nil
}

// holders tells whether the service's own container holds a port; that another one does is an error.
func (c *Compose) holders(ctx context.Context, wanted port) (bool, error) {
	found, err := c.list(ctx, "--filter", "publish="+wanted.Published+"/"+wanted.Protocol)
	own := false
	for _, each := range found {
		if !each.publishes(wanted) {
			continue
		}
		labels := each.Config.Labels
		if labels[labelProject] == c.options.Project && labels[labelService] == c.options.Service {
			own = true
			continue
		}
		owner := "no Compose project"
		if labels[labelProject] != "" {
			owner = "service " + labels[labelService] + " of project " + labels[labelProject]
		}
		return false, problem.New("stop it, or publish another port",
			"port %s is held by container %.80s, of %.200s", wanted.Published, strings.TrimPrefix(each.Name, "/"), owner)
	}
	return own, err
}

// publishes tells whether the container has the port, on an address that collides.
func (c container) publishes(wanted port) bool {
	everywhere := func(address string) bool {
		parsed := net.ParseIP(address)
		return address == "" || parsed != nil && parsed.IsUnspecified()
	}
	for inside, bindings := range c.NetworkSettings.Ports {
		for _, binding := range bindings {
			if strings.HasSuffix(inside, "/"+wanted.Protocol) && binding.HostPort == wanted.Published &&
				(binding.HostIP == wanted.Host || everywhere(binding.HostIP) || everywhere(wanted.Host)) {
				return true
			}
		}
	}
	return false
}
