package verb

import (
	"cmp"
	"context"
	"os"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rollout"
)

// maximumLabelBytes bounds what people call a release.
const maximumLabelBytes = 200

// Release describes what would be promoted into the environment: image, with the migrations of the work tree. An image is
// repository@sha256:… where containers serve, and a folder where processes do. When the caller has said what is promoted,
// anything else is an error.
func (w *Workspace) Release(ctx context.Context, image, label string) (history.Release, error) {
	deploy := w.Environment.Deploy
	_, isReference := rollout.ImageDigest(image)
	switch {
	case image == "" || deploy == nil:
	case deploy.Compose != nil && isReference != nil:
		return history.Release{}, isReference
	case deploy.Process != nil && isReference == nil:
		return history.Release{}, problem.Wrong("name the folder with its files", "%s serves a process, and %.200q is the image of a container", w.Name, image)
	}
	return w.call.NewRelease(ctx, image, label)
}

// NewRelease describes image with the migrations of the work tree, whatever environment it is for.
func (c *Call) NewRelease(ctx context.Context, image, label string) (history.Release, error) {
	if image == "" {
		return history.Release{}, problem.Wrong("--image names it: repository@sha256:…, or the folder with the release's files", "no release is named")
	}
	if len(label) > maximumLabelBytes || label != checklist.OneLine(label) {
		return history.Release{}, problem.Wrong("for example --label v2", "the label %.80q is not one printable line of at most %d bytes", label, maximumLabelBytes)
	}
	digest, err := rollout.ImageDigest(image)
	if err != nil {
		if _, missing := os.Stat(c.Path(image)); missing != nil {
			return history.Release{}, problem.Wrong("name it as registry.example.com/name@sha256: and 64 hexadecimal digits, since a tag can mean another image tomorrow; on a laptop, name the folder",
				"%.200q is neither an image with its digest nor a folder", image)
		}
		digest, err = rollout.DigestFolder(c.Path(image))
	}
	if err != nil {
		return history.Release{}, err
	}
	set, err := c.MigrationSet()
	if err != nil {
		return history.Release{}, err
	}
	if pinned := c.Release; pinned != nil {
		if digest != pinned.Image {
			return history.Release{}, problem.New(changedHint, "%s changed since the promotion began", image)
		}
		return *pinned, nil
	}
	// A laptop without git can still deploy; what needs the order of releases refuses an unknown commit itself.
	commit, _ := git.Tree{Directory: c.Root()}.Head(ctx)
	return history.Release{
		Label: cmp.Or(label, commit[:min(len(commit), 12)]), Commit: commit, Image: digest,
		Migrations: set.Digest(), Schema: set.Latest(),
	}, nil
}

// Run returns what tells this promotion from others in the tags of its snapshot: the open promotion of the release, which a
// later run goes on with; else the run on GitHub, or this minute.
func (w *Workspace) Run(ctx context.Context, release history.Release) (string, error) {
	if run := w.call.Inputs.String("run"); run != "" {
		return run, nil
	}
	promotions, err := w.History.List(ctx, w.Name)
	if err != nil {
		return "", err
	}
	if open := history.HalfDone(promotions); open != nil && open.Release.Same(release) {
		return open.ID, nil
	}
	return cmp.Or(w.call.RunID(), w.call.Now().UTC().Format("20060102-1504")), nil
}
