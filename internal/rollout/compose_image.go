package rollout

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// image is what is asked of https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImageInspect
type image struct {
	ID string
	// RepoDigests are the references, with digest, that registries know it by.
	RepoDigests []string
}

// image finds an image by its ID or a reference; what is not on the host is a failure, not a doubt.
func (c *Compose) image(ctx context.Context, name string) (image, error) {
	var found []image
	err := c.inspect(ctx, "image", []string{name}, &found)
	switch {
	case refusedWith(err, "no such image"):
		return image{}, problem.New("docker pull it, or promote it again", "image %s is not on the host", name)
	case err != nil:
		return image{}, unsure(err)
	case len(found) != 1 || !imageForm.MatchString(found[0].ID):
		return image{}, problem.Unknown("", "docker image inspect answered something else than image %s", name)
	}
	return found[0], nil
}

// pulled returns the image, pulling it by the host's own login unless it is there, and whether it was pulled.
func (c *Compose) pulled(ctx context.Context, full, digest string, progress Progress) (image, bool, error) {
	found, err := c.image(ctx, full)
	pull := err != nil && problem.KindOf(err) != problem.Inconclusive
	if pull {
		layers := &layers{progress: progress, name: full}
		if err = c.stream(ctx, pulling, layers, "image", "pull", full); err != nil {
			if refusedWith(err, "") {
				err = problem.New("is it pushed, and may this host pull it? `docker login` gives it a login", "image %s cannot be pulled: %w", full, err)
			}
			return image{}, false, err
		}
		found, err = c.image(ctx, full)
	}
	if err != nil {
		return image{}, false, err
	}
	if !slices.ContainsFunc(found.RepoDigests, func(each string) bool { return strings.HasSuffix(each, "@"+digest) }) {
		return image{}, false, problem.New("do not serve it; find out who answers for the registry", "image %s was asked for, and %.400q came", full, found.RepoDigests)
	}
	return found, pull, nil
}

// tag is the name by which an image is kept: `docker image prune` removes what has none.
func (c *Compose) tag(digest string) string {
	return c.repository + ":" + strings.TrimPrefix(digest, "sha256:")[:16]
}

// tagPrevious moves the tag "previous" to the image of the version, or removes it when there is none.
func (c *Compose) tagPrevious(ctx context.Context, version *Version) error {
	name := c.repository + ":previous"
	if version != nil {
		if release, err := c.placed(version.Image); err == nil {
			_, err = c.docker(ctx, changing, "image", "tag", release.ID, name)
			// Without its image there is no way back, which is no reason not to go on.
			if err == nil || !refusedWith(err, "no such image") {
				return err
			}
		}
	}
	return c.untag(ctx, name)
}

// untag removes a name; the image goes with its last one.
func (c *Compose) untag(ctx context.Context, name string) error {
	_, err := c.docker(ctx, changing, "image", "rm", name)
	if refusedWith(err, "no such image") {
		return nil
	}
	return err
}

// layers reads what `docker image pull` prints: a line for each state of each layer.
type layers struct {
	progress    Progress
	name        string
	line        bytes.Buffer
	done, total int64
}

// maximumLineBytes bounds a line that is kept until its end comes.
const maximumLineBytes = 1024

func (l *layers) Write(content []byte) (int, error) {
	for _, each := range content {
		if each != '\n' && each != '\r' {
			if l.line.Len() < maximumLineBytes {
				l.line.WriteByte(each)
			}
			continue
		}
		l.see(l.line.String())
		l.line.Reset()
	}
	return len(content), nil
}

func (l *layers) see(line string) {
	_, state, _ := strings.Cut(line, ": ")
	switch strings.TrimSpace(state) {
	case "Pulling fs layer":
		l.total++
	case "Already exists":
		l.total++
		l.done++
	case "Pull complete":
		l.done++
	default:
		return
	}
	advance(l.progress, l.done, l.total, fmt.Sprintf("pulling %s", l.name))
}
