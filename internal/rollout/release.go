package rollout

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// maximumNameBytes bounds label and commit together, and maximumCommandBytes the command as JSON, so that a record always
// fits its bound.
const (
	maximumNameBytes    = 1024
	maximumCommandBytes = 32 << 10
)

// placement is the record of a release: the version, and the command that belongs to its files.
type placement struct {
	Version
	Command []string `json:"command"`
}

func (p placement) equal(other placement) bool {
	return p.Version == other.Version && slices.Equal(p.Command, other.Command)
}

// fingerprint tells commands apart; it is of the command's parts and where they end.
func (p placement) fingerprint() string {
	sum := sha256.New()
	for _, part := range p.Command {
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		io.WriteString(sum, part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Place copies the folder source to the host, under its digest, and returns version with its Image filled in; an
// Image that is given must be the folder's. The release keeps the command of the options. The same release again, whole, is
// left alone but for its label, commit and command.
func (p *Process) Place(ctx context.Context, source string, version Version, progress Progress) (_ Version, err error) {
	if len(version.Label)+len(version.Commit) > maximumNameBytes {
		return Version{}, problem.Wrong("", "the label and commit of a version have at most %d bytes", maximumNameBytes)
	}
	encoded, err := json.Marshal(p.options.Command)
	if err != nil || len(encoded) > maximumCommandBytes {
		return Version{}, problem.Wrong("put it into a script of the release", "the command of a process has at most %d bytes", maximumCommandBytes)
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
	lock, err := p.lock(ctx, lockWait)
	if err != nil {
		return Version{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := p.tidy(); err != nil {
		return Version{}, fmt.Errorf("remove what an interrupted run left in %s: %w", p.options.Directory, err)
	}
	wanted := placement{version, p.options.Command}
	placed, err := p.check(ctx, image)
	switch {
	case err == nil && placed.equal(wanted):
		return version, nil
	case err != nil && ctx.Err() != nil:
		return Version{}, ctx.Err()
	case err != nil:
		if err := p.copyRelease(ctx, source, image, progress); err != nil {
			return Version{}, fmt.Errorf("place release %s: %w", version.Title(), err)
		}
	}
	return version, writeRecord(recordOf(p.folder(image)), wanted)
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

func (p *Process) check(ctx context.Context, image string) (placement, error) {
	release, err := p.placed(image)
	if err != nil {
		return placement{}, err
	}
	got, err := digest(ctx, p.folder(image))
	if err != nil {
		return placement{}, err
	}
	if got != image {
		return placement{}, problem.New("place it again; an application must not write into its release's folder",
			"release %s changed after it was placed: %s is now %s", release.Title(), p.folder(image), got)
	}
	return release, nil
}

// placed returns what the release was placed as.
func (p *Process) placed(image string) (placement, error) {
	var found placement
	if err := p.find(image, &found); err != nil {
		return placement{}, err
	}
	switch {
	case found.Image != image:
		return placement{}, problem.New("", "%s holds release %.80q, not %s", p.folder(image), found.Image, image)
	case len(found.Command) == 0:
		return placement{}, problem.New("place it again", "the record of release %s has no command", found.Title())
	}
	return found, nil
}
