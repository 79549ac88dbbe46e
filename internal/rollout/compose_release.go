package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// maximumComposeBytes bounds a Compose file as it is kept.
const maximumComposeBytes = 1 << 20

// edition is the record of a release: the version, its image on this host, and where its Compose file's paths begin.
type edition struct {
	Version
	// ID is the image's own digest: unlike a tag, nobody can move it.
	ID string `json:"id"`
	// Reference is what the image was pulled by; empty when it was on the host before.
	Reference string `json:"reference,omitempty"`
	Directory string `json:"directory"`
}

// Beside its record, a release has its Compose file, with every ${NAME} as it was written, and what Airlock sets anew.
func (c *Compose) composeFile(image string) string {
	return filepath.Join(c.folder(image), "compose.yaml")
}
func (c *Compose) overrideFile(image string) string {
	return filepath.Join(c.folder(image), "airlock.yaml")
}

// Place brings the image with the reference source, such as registry.example.com/wos@sha256:…, to the host by the
// host's own login, tags it, keeps the Compose file with it, and returns version with its Image filled in; an Image
// that is given must be the reference's digest. The same release again is left alone but for its label, commit and file;
// another file is refused while the image serves or is the previous one, since a release has one file to go back to.
func (c *Compose) Place(ctx context.Context, source string, version Version, progress Progress) (_ Version, err error) {
	if len(version.Label)+len(version.Commit) > maximumNameBytes {
		return Version{}, problem.Wrong("", "the label and commit of a version have at most %d bytes", maximumNameBytes)
	}
	full, digest, err := pinned(source)
	if err != nil {
		return Version{}, err
	}
	if version.Image != "" && version.Image != digest {
		return Version{}, problem.New("place the image that was proven, or promote this one from the start",
			"image %s was given, and %s was to be placed", full, version.Image)
	}
	version.Image = digest
	lock, err := c.lock(ctx, c.lockWait)
	if err != nil {
		return Version{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := c.tidy(); err != nil {
		return Version{}, fmt.Errorf("remove what an interrupted run left in %s: %w", c.directory, err)
	}
	// The file first: one that cannot be read is no reason to load the network. Its variables are what Free and Serve ask for.
	file, err := c.unresolved(ctx, c.options.ProjectDirectory, c.options.File)
	if err != nil {
		return Version{}, err
	}
	if err := c.replaceable(ctx, digest, file); err != nil {
		return Version{}, err
	}
	found, pulled, err := c.pulled(ctx, full, digest, progress)
	if err != nil {
		return Version{}, err
	}
	release := edition{Version: version, ID: found.ID, Directory: c.options.ProjectDirectory}
	if before, err := c.placed(digest); pulled || err == nil && before.Reference == full {
		release.Reference = full
	}
	return version, c.put(ctx, release, file)
}

// replaceable returns an error when the file of the release with this image is needed as it is. What does not run is no
// way back: its file may be what is broken, and is free to be corrected.
func (c *Compose) replaceable(ctx context.Context, image string, file []byte) error {
	before, err := c.placed(image)
	if err != nil {
		return nil // There is nothing yet, or what cannot be served.
	}
	kept, err := os.ReadFile(c.composeFile(image))
	if errors.Is(err, fs.ErrNotExist) || err == nil && sameCompose(string(kept), before.Directory, string(file), c.options.ProjectDirectory) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the Compose file of release %s: %w", before.Title(), err)
	}
	found, err := c.look(ctx)
	if err != nil {
		return err
	}
	what := "serves"
	switch current, previous := found.way.at(0), found.way.at(1); {
	case found.labelled && found.running() && current.Image == image:
	case previous != nil && previous.Image == image:
		what = "is the version to go back to"
	default:
		return nil
	}
	return problem.New("build the image anew with a label of its own, such as its commit: another digest keeps a Compose file of its own",
		"image %.19s %s with another Compose file than %s, which would take its place", image, what, c.options.File)
}

// sameCompose tells whether two files say the same, each with paths that begin in its own folder: the same file in another
// checkout is no other one.
func sameCompose(first, from, second, to string) bool {
	return slices.EqualFunc(strings.Split(first, "\n"), strings.Split(second, "\n"), func(a, b string) bool {
		keyA, pathA, _ := strings.Cut(a, "/")
		keyB, pathB, _ := strings.Cut(b, "/")
		relativeA, errA := filepath.Rel(from, "/"+pathA)
		relativeB, errB := filepath.Rel(to, "/"+pathB)
		return a == b || from != to && keyA == keyB && errA == nil && errB == nil && relativeA == relativeB
	})
}

// put tags the image of a release and writes its file and then its record.
func (c *Compose) put(ctx context.Context, release edition, file []byte) error {
	if _, err := c.docker(ctx, changing, "image", "tag", release.ID, c.tag(release.Image)); err != nil {
		return err
	}
	err := os.MkdirAll(c.folder(release.Image), 0o700)
	if err == nil {
		err = replaceFile(c.composeFile(release.Image), file)
	}
	if err == nil {
		err = writeRecord(recordOf(c.folder(release.Image)), release)
	}
	if err != nil {
		return fmt.Errorf("keep release %s: %w", release.Title(), err)
	}
	return nil
}

// unresolved returns the Compose files as one, with what they include and with absolute paths, so that it can be served
// when they are gone; but not one value of the environment or of an env_file, which are secrets.
func (c *Compose) unresolved(ctx context.Context, directory string, files ...string) ([]byte, error) {
	// Every profile: the service may be of one.
	content, err := c.docker(ctx, asking, c.compose(directory, files, "--profile", "*", "config", "--no-interpolate", "--no-env-resolution")...)
	if err != nil {
		return nil, unusable(files, err)
	}
	if len(content) > maximumComposeBytes {
		return nil, problem.New("split it", "Compose file %s has more than %d bytes", strings.Join(files, ", "), maximumComposeBytes)
	}
	return []byte(content), nil
}

func unusable(files []string, err error) error {
	if !refusedWith(err, "") {
		return err
	}
	return problem.New("correct it, or set the variable that it asks for under deploy.compose.environment", "Compose file %s cannot be used: %w", strings.Join(files, ", "), err)
}

// project is what is asked of `docker compose config`: https://docs.docker.com/reference/cli/docker/compose/config/
type project struct {
	Services map[string]struct {
		Ports []port `json:"ports"`
	} `json:"services"`
}

// plan returns what the files say about the service with the variables of today.
func (c *Compose) plan(ctx context.Context, directory string, files ...string) ([]port, error) {
	answer, err := c.docker(ctx, asking, c.compose(directory, files, "--profile", "*", "config", "--format", "json")...)
	if err != nil {
		return nil, unusable(files, err)
	}
	var found project
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		return nil, problem.Unknown("", "docker compose config cannot be read: %w", err)
	}
	service, ok := found.Services[c.options.Service]
	if !ok {
		return nil, problem.Wrong("name one that it has", "Compose file %s has no service %s", strings.Join(files, ", "), c.options.Service)
	}
	return service.Ports, nil
}

// placed returns what the release was placed as.
func (c *Compose) placed(image string) (edition, error) {
	var found edition
	if err := c.find(image, &found); err != nil {
		return edition{}, err
	}
	if found.Image != image || !imageForm.MatchString(found.ID) || !filepath.IsAbs(found.Directory) {
		return edition{}, problem.New("place it again", "the record of release %s is damaged", c.folder(image))
	}
	return found, nil
}

// present returns the release when its image and its Compose file are on the host.
func (c *Compose) present(ctx context.Context, image string) (edition, error) {
	release, err := c.placed(image)
	if err != nil {
		return edition{}, err
	}
	if _, err := c.image(ctx, release.ID); err != nil {
		hint := "place it again"
		if release.Reference != "" {
			hint = "docker pull " + release.Reference
		}
		if problem.KindOf(err) == problem.Inconclusive {
			return edition{}, err
		}
		return edition{}, problem.New(hint, "the image of release %s is not on the host any more", release.Title())
	}
	if _, err := os.Stat(c.composeFile(image)); err != nil {
		return edition{}, problem.New("place it again", "the Compose file of release %s is gone: %w", release.Title(), err)
	}
	return release, nil
}

// Check returns nil when the release with this image can serve: its image is on the host, and its Compose file can be
// used with the variables of today.
func (c *Compose) Check(ctx context.Context, image string) error {
	release, err := c.present(ctx, image)
	if err == nil {
		_, err = c.plan(ctx, release.Directory, c.composeFile(image))
	}
	return err
}

// servable finds out before anything is stopped what else would be found out after.
func (c *Compose) servable(ctx context.Context, release edition) error {
	if _, err := c.present(ctx, release.Image); err != nil {
		return err
	}
	ports, err := c.plan(ctx, release.Directory, c.composeFile(release.Image))
	if err != nil {
		return err
	}
	if err := c.portsFree(ctx, ports); err != nil {
		return err
	}
	// A tag can be moved by anyone: the service is to get the image of the record.
	_, err = c.docker(ctx, changing, "image", "tag", release.ID, c.tag(release.Image))
	return err
}

// adopt keeps what someone started without Airlock, so that there is something to go back to.
func (c *Compose) adopt(ctx context.Context, found seen) error {
	if len(found.serving) == 0 || found.labelled {
		return nil
	}
	from, version := found.serving[0], *found.way.at(0)
	if _, err := c.placed(version.Image); err == nil {
		return nil
	}
	directory, files := from.Config.Labels[labelDirectory], strings.Split(from.Config.Labels[labelFiles], ",")
	readable := filepath.IsAbs(directory) && !slices.ContainsFunc(files, func(file string) bool {
		info, err := os.Stat(file)
		return err != nil || !info.Mode().IsRegular() || !filepath.IsAbs(file)
	})
	if readable {
		_, err := c.plan(ctx, directory, files...)
		readable = err == nil
	}
	if !readable {
		// The files that it was started with are gone or changed: those of today are the nearest.
		directory, files = c.options.ProjectDirectory, []string{c.options.File}
	}
	content, err := c.unresolved(ctx, directory, files...)
	if err == nil {
		err = c.put(ctx, edition{Version: version, ID: from.Image, Directory: directory}, content)
	}
	if err != nil {
		return fmt.Errorf("keep what serves now, which was started without Airlock: %w", err)
	}
	return nil
}

// writeOverride writes what is set anew when the release serves at the end of the way. JSON is YAML.
func (c *Compose) writeOverride(release edition, way served) error {
	current := way.at(0)
	previous, err := json.Marshal(append(served{}, way[:len(way)-1]...))
	if err != nil {
		return err
	}
	labels := map[string]string{labelEnvironment: c.owner(), labelImage: current.Image, labelLabel: current.Label,
		labelCommit: current.Commit, labelPrevious: string(previous)}
	for name, value := range labels {
		// Compose would put variables into it: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
		labels[name] = strings.ReplaceAll(value, "$", "$$")
	}
	return writeRecord(c.overrideFile(release.Image), map[string]any{"services": map[string]any{c.options.Service: map[string]any{
		"image": c.tag(release.Image), "pull_policy": "never", "labels": labels,
	}}})
}

// forget removes a release that is no longer needed: its tag, the reference that it was pulled by, its files.
func (c *Compose) forget(ctx context.Context, folder string) error {
	var release edition
	if err := readRecord(recordOf(folder), &release); err != nil || !imageForm.MatchString(release.Image) {
		return remove(folder)
	}
	names := []string{c.tag(release.Image)}
	if release.Reference != "" {
		names = append(names, release.Reference)
	}
	for _, name := range names {
		if err := c.untag(ctx, name); err != nil {
			return err
		}
	}
	return remove(folder)
}
