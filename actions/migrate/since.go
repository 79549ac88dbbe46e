package migrate

import (
	"context"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/review"
)

// knownSince compares the folder with what a commit or branch has in it. Edits and deletions are those since the two parted;
// what the branch has got meanwhile counts for the order of versions only.
func knownSince(ctx context.Context, directory, since string) (*review.Known, error) {
	tree := git.Tree{Directory: directory}
	difference, err := tree.Since(ctx, since)
	if err != nil {
		return nil, err
	}
	known := &review.Known{Commit: since, Files: difference.Before, Edited: difference.Edited, Deleted: difference.Deleted}
	for _, name := range difference.Tip {
		if version, err := goose.NumericComponent(name); err == nil {
			known.Latest = max(known.Latest, version)
		}
	}
	return known, nil
}
