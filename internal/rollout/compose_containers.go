package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// The labels that Airlock gives a container. Compose gives its own:
// https://github.com/docker/compose/blob/v2.40.3/pkg/api/labels.go
const (
	labelPrefix      = "com.randomchaoslabs.airlock."
	labelEnvironment = labelPrefix + "environment"
	labelImage       = labelPrefix + "image"
	labelLabel       = labelPrefix + "label"
	labelCommit      = labelPrefix + "commit"
	// labelPrevious holds the way that led here as JSON, oldest first.
	labelPrevious = labelPrefix + "previous"

	labelProject   = "com.docker.compose.project"
	labelService   = "com.docker.compose.service"
	labelOneOff    = "com.docker.compose.oneoff"
	labelFiles     = "com.docker.compose.project.config_files"
	labelDirectory = "com.docker.compose.project.working_dir"
)

// container is what is asked of https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerInspect
type container struct {
	ID, Name, Image string
	Created         time.Time
	RestartCount    int
	State           struct {
		Status              string
		Running, Restarting bool
		ExitCode            int
		Error               string
		Health              *struct {
			Status string
			Log    []struct{ Output string }
		}
	}
	Config struct {
		Image  string
		Labels map[string]string
	}
	NetworkSettings struct {
		Ports map[string][]struct{ HostIP, HostPort string }
	}
}

// identity is what tells containers of different versions apart.
func (c container) identity() string { return cmp.Or(c.Config.Labels[labelImage], c.Image) }

// serves tells whether the container runs, and nothing says that it is broken.
func (c container) serves() bool {
	return c.State.Running && !c.State.Restarting && (c.State.Health == nil || c.State.Health.Status != "unhealthy")
}

func ids(containers []container) []string {
	var result []string
	for _, each := range containers {
		result = append(result, each.ID)
	}
	return result
}

// list returns the containers, running or not, that all filters let through.
func (c *Compose) list(ctx context.Context, arguments ...string) ([]container, error) {
	// What is removed between the list and the look at it is gone: the list is made anew.
	for attempt := 0; ; attempt++ {
		answer, err := c.docker(ctx, asking, append([]string{"container", "ls", "--quiet", "--no-trunc"}, arguments...)...)
		if err != nil {
			return nil, unsure(err)
		}
		names := strings.Fields(answer)
		if len(names) == 0 {
			return nil, nil
		}
		var found []container
		if err = c.inspect(ctx, "container", names, &found); err == nil {
			return found, nil
		}
		if attempt == 3 || !refusedWith(err, "no such container") {
			return nil, unsure(err)
		}
	}
}

// unsure makes a complaint about a question inconclusive.
func unsure(err error) error {
	if refusedWith(err, "") {
		return problem.Unknown("ask by hand: docker ps --all", "what the engine runs cannot be told: %w", err)
	}
	return err
}

// containers returns those of the service, newest first.
func (c *Compose) containers(ctx context.Context) ([]container, error) {
	found, err := c.list(ctx, "--all", "--filter", "label="+labelProject+"="+c.options.Project,
		"--filter", "label="+labelService+"="+c.options.Service, "--filter", "label="+labelOneOff+"=False")
	slices.SortFunc(found, func(a, b container) int { return b.Created.Compare(a.Created) })
	return found, err
}

// ours returns an error when another environment serves by this service.
func (c *Compose) ours(containers []container) error {
	for _, each := range containers {
		if owner := each.Config.Labels[labelEnvironment]; owner != "" && owner != c.owner() {
			return problem.Wrong("give each environment a Compose project of its own", "service %s of project %s belongs to %.80q, not to %s",
				c.options.Service, c.options.Project, owner, c.owner())
		}
	}
	return nil
}

func (c *Compose) owner() string { return c.options.App + "/" + c.options.Environment }

// seen is what the engine knows about the service.
type seen struct {
	// serving are the containers that count, leftovers those that were created and never started beside them.
	serving, leftovers []container
	// way led to what serves; it is empty when there is no container.
	way served
	// labelled tells whether Airlock made the containers.
	labelled bool
}

func (s seen) running() bool {
	return len(s.serving) > 0 && !slices.ContainsFunc(s.serving, func(c container) bool { return !c.serves() })
}

// look finds out what serves. Compose replaces a container by creating the new one, removing the old one and starting
// the new one. Whoever is killed meanwhile leaves both: what runs counts, and when nothing does, the newest.
func (c *Compose) look(ctx context.Context) (seen, error) {
	containers, err := c.containers(ctx)
	if err != nil || len(containers) == 0 {
		return seen{}, err
	}
	if err := c.ours(containers); err != nil {
		return seen{}, err
	}
	var found seen
	for _, each := range containers {
		if each.State.Running || each.State.Restarting {
			found.serving = append(found.serving, each)
		} else if each.State.Status == "created" {
			found.leftovers = append(found.leftovers, each)
		}
	}
	if len(found.serving) == 0 {
		found.serving, found.leftovers = containers[:1], nil
	}
	first := found.serving[0]
	for _, other := range found.serving[1:] {
		if other.identity() != first.identity() {
			return seen{}, problem.Unknown(fmt.Sprintf("keep one of them: docker ps --filter label=%s=%s", labelProject, c.options.Project),
				"service %s of project %s runs two versions at once: %.19s and %.19s", c.options.Service, c.options.Project, first.identity(), other.identity())
		}
	}
	_, found.labelled = first.Config.Labels[labelImage]
	if found.labelled {
		found.way, err = labelledWay(first)
		return found, err
	}
	image, err := c.pulledAs(ctx, first)
	found.way = served{{Image: image}}
	return found, err
}

// labelledWay reads what writeOverride wrote.
func labelledWay(from container) (served, error) {
	labels := from.Config.Labels
	var way served
	err := json.Unmarshal([]byte(labels[labelPrevious]), &way)
	way = append(way, Version{labels[labelImage], labels[labelLabel], labels[labelCommit]})
	for _, version := range way {
		if err == nil && !imageForm.MatchString(version.Image) {
			err = fmt.Errorf("image %.80q is not a digest", version.Image)
		}
	}
	if err != nil {
		return nil, problem.Unknown("deploy the service by hand once, without Airlock: then it counts as new", "the labels of container %.80s cannot be read: %w", from.Name, err)
	}
	return way, nil
}

// pulledAs returns the digest by which the image of a container is known to a registry: the one of the repository that
// the container names, or the first, or the image's ID when no registry knows it.
func (c *Compose) pulledAs(ctx context.Context, from container) (string, error) {
	found, err := c.image(ctx, from.Image)
	if err != nil && problem.KindOf(err) == problem.Inconclusive {
		return "", err
	}
	best := from.Image
	named, _ := reference.ParseDockerRef(from.Config.Image)
	slices.Sort(found.RepoDigests)
	for at, each := range found.RepoDigests {
		full, digest, err := pinned(each)
		if err != nil {
			continue
		}
		same := named != nil && strings.HasPrefix(full, named.Name()+"@")
		if same || at == 0 {
			best = digest
		}
		if same {
			break
		}
	}
	if !imageForm.MatchString(best) {
		return "", problem.Unknown("", "the image of container %.80s is unknown: %.80q", from.Name, best)
	}
	return best, nil
}
