package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// maximumNameBytes bounds label and commit together, so that a record always fits its bound.
const maximumNameBytes = 1024

// A release is placed when its record, releases/<16 digits>.json, is there beside its folder, releases/<16 digits>.
// The record is written last and removed first, so whatever is there without its other half was left by a killed
// process and is removed.
func (p *Process) folder(image string) string {
	return p.path("releases", strings.TrimPrefix(image, "sha256:")[:16])
}

func recordOf(folder string) string { return folder + ".json" }

// Place copies the folder source to the host, under its digest, and returns version with its Image filled in; an
// Image that is given must be the folder's. The same release again, whole, is left alone but for its label and commit.
func (p *Process) Place(ctx context.Context, source string, version Version, progress Progress) (_ Version, err error) {
	if len(version.Label)+len(version.Commit) > maximumNameBytes {
		return Version{}, problem.Wrong("", "the label and commit of a version have at most %d bytes", maximumNameBytes)
	}
	image, err := digest(ctx, source)
	if err != nil {
		return Version{}, err
	}
	if version.Image != "" && version.Image != image {
		return Version{}, problem.New("place the folder that was proven, or promote this one from the start",
			"folder %s is %s, and %s was to be placed", source, image, version.Image)
	}
	version.Image = image
	lock, err := p.lock(ctx)
	if err != nil {
		return Version{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := p.tidy(); err != nil {
		return Version{}, fmt.Errorf("remove what an interrupted run left in %s: %w", p.options.Directory, err)
	}
	placed, err := p.check(ctx, image)
	switch {
	case err == nil && placed == version:
		return version, nil
	case err != nil && ctx.Err() != nil:
		return Version{}, ctx.Err()
	case err != nil:
		if err := p.copyRelease(ctx, source, image, progress); err != nil {
			return Version{}, fmt.Errorf("place release %s: %w", version.Title(), err)
		}
	}
	return version, writeRecord(recordOf(p.folder(image)), version)
}

// copyRelease brings the folder to its place, where a damaged one may be, but writes no record.
func (p *Process) copyRelease(ctx context.Context, source, image string, progress Progress) error {
	beside := p.path("releases", ".placing")
	err := copyFolder(ctx, source, beside, progress)
	if err == nil {
		var got string
		if got, err = digest(ctx, beside); err == nil && got != image {
			err = problem.New("place it again", "folder %s changed while it was copied", source)
		}
	}
	if err != nil {
		// Were this to fail too, the next run would remove what is left.
		os.RemoveAll(beside)
		return err
	}
	if err := remove(p.folder(image)); err != nil {
		return err
	}
	return os.Rename(beside, p.folder(image))
}

// Check returns nil when the release with this image is placed and has not changed since: only then can it serve.
func (p *Process) Check(ctx context.Context, image string) error {
	_, err := p.check(ctx, image)
	return err
}

func (p *Process) check(ctx context.Context, image string) (Version, error) {
	version, err := p.placed(image)
	if err != nil {
		return Version{}, err
	}
	got, err := digest(ctx, p.folder(image))
	if err != nil {
		return Version{}, err
	}
	if got != image {
		return Version{}, problem.New("place it again; an application must not write into its release's folder",
			"release %s changed after it was placed: %s is now %s", version.Title(), p.folder(image), got)
	}
	return version, nil
}

// placed returns the version that the release was placed as.
func (p *Process) placed(image string) (Version, error) {
	if !imageForm.MatchString(image) {
		return Version{}, problem.Wrong(`an image is "sha256:" and 64 hexadecimal digits`, "%.80q is not an image", image)
	}
	var version Version
	err := readRecord(recordOf(p.folder(image)), &version)
	if err == nil {
		_, err = os.Stat(p.folder(image))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Version{}, problem.New("place it first", "release %s is not in %s", image, p.path("releases"))
	case err != nil:
		return Version{}, fmt.Errorf("read the record of release %s: %w", image, err)
	case version.Image != image:
		return Version{}, problem.New("", "%s holds release %.80q, not %s", p.folder(image), version.Image, image)
	}
	return version, nil
}

// remove takes the record first: a folder without it is never served.
func remove(folder string) error {
	if err := os.Remove(recordOf(folder)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(folder)
}

// release is a folder with its record; placed is when the record was last written.
type release struct {
	folder string
	placed time.Time
}

// tidy removes what a killed process left, and returns the releases that are placed, newest first.
func (p *Process) tidy() ([]release, error) {
	entries, err := os.ReadDir(p.path("releases"))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	var releases []release
	for _, e := range entries {
		name := e.Name()
		if folder, isRecord := strings.CutSuffix(name, ".json"); isRecord && names[folder] {
			info, err := e.Info()
			if err != nil {
				return nil, err
			}
			releases = append(releases, release{p.path("releases", folder), info.ModTime()})
		} else if isRecord || !names[recordOf(name)] {
			if err := os.RemoveAll(p.path("releases", name)); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(releases, func(a, b release) int {
		return cmp.Or(b.placed.Compare(a.placed), strings.Compare(a.folder, b.folder))
	})
	return releases, nil
}

// prune removes the releases that are neither on the last two steps of the way nor among the newest of the others.
func (p *Process) prune(way served) error {
	releases, err := p.tidy()
	if err != nil {
		return err
	}
	left := p.options.Keep
	for _, found := range releases {
		if slices.ContainsFunc(way[max(0, len(way)-2):], func(v Version) bool { return p.folder(v.Image) == found.folder }) {
			continue
		}
		if left--; left >= 0 {
			continue
		}
		if err := remove(found.folder); err != nil {
			return err
		}
	}
	return nil
}

// path joins names to the directory.
func (p *Process) path(names ...string) string {
	return filepath.Join(append([]string{p.options.Directory}, names...)...)
}
