package rollout

import (
	"cmp"
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

// shelf is the directory of one environment on the host: its lock, and its releases with their records.
type shelf struct {
	directory string
	// keep is how many releases are kept beside the current and the previous one.
	keep int
}

// A release is placed when its record, releases/<16 digits>.json, is there beside its folder, releases/<16 digits>.
// The record is written last and removed first, so whatever is there without its other half was left by a killed
// process and is removed.
func (s shelf) folder(image string) string {
	return s.path("releases", strings.TrimPrefix(image, "sha256:")[:16])
}

func recordOf(folder string) string { return folder + ".json" }

// find reads the record of the release with this image.
func (s shelf) find(image string, record any) error {
	if !imageForm.MatchString(image) {
		return problem.Wrong(`an image is "sha256:" and 64 hexadecimal digits`, "%.80q is not an image", image)
	}
	err := readRecord(recordOf(s.folder(image)), record)
	if err == nil {
		_, err = os.Stat(s.folder(image))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return problem.New("place it first", "release %s is not in %s", image, s.path("releases"))
	}
	if err != nil {
		return fmt.Errorf("read the record of release %s: %w", image, err)
	}
	return nil
}

// kept is as much of the way as releases are kept for.
func (s shelf) kept(way served) served { return way[max(0, len(way)-2-s.keep):] }

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
func (s shelf) tidy() ([]release, error) {
	entries, err := os.ReadDir(s.path("releases"))
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
			releases = append(releases, release{s.path("releases", folder), info.ModTime()})
		} else if isRecord || !names[recordOf(name)] {
			if err := os.RemoveAll(s.path("releases", name)); err != nil {
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
func (s shelf) prune(way served, forget func(folder string) error) error {
	releases, err := s.tidy()
	if err != nil {
		return err
	}
	left := s.keep
	for _, found := range releases {
		if slices.ContainsFunc(way[max(0, len(way)-2):], func(v Version) bool { return s.folder(v.Image) == found.folder }) {
			continue
		}
		if left--; left >= 0 {
			continue
		}
		if err := forget(found.folder); err != nil {
			return err
		}
	}
	return nil
}

// path joins names to the directory.
func (s shelf) path(names ...string) string {
	return filepath.Join(append([]string{s.directory}, names...)...)
}
