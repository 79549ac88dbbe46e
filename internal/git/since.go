package git

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Difference is how the SQL files of a folder differ from those of a commit, by their names.
type Difference struct {
	// Before are the files at the commit from which the work tree and the named one both come; Tip are those of the named one.
	Before, Tip []string
	// Edited and Deleted are files of Before that are another in the work tree by now, or gone.
	Edited, Deleted []string
}

// Since compares the SQL files directly in the folder with those of a commit or branch, untracked ones included.
func (t Tree) Since(ctx context.Context, revision string) (Difference, error) {
	unknown := func(err error) (Difference, error) {
		return Difference{}, problem.Unknown("fetch it with its history: git fetch --unshallow, or actions/checkout with fetch-depth: 0",
			"which migrations are new since %.100q is not known: %w", revision, err)
	}
	tip, err := t.run(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return unknown(err)
	}
	tip = strings.TrimSpace(tip)
	base, err := t.run(ctx, "merge-base", tip, "HEAD")
	if err != nil {
		return unknown(err)
	}
	var difference Difference
	if difference.Before, err = t.sqlFiles(ctx, strings.TrimSpace(base)); err != nil {
		return unknown(err)
	}
	if difference.Tip, err = t.sqlFiles(ctx, tip); err != nil {
		return unknown(err)
	}
	changed, err := t.run(ctx, "diff", "--name-status", "--no-renames", "--relative", "-z", strings.TrimSpace(base), "--", ".")
	if err != nil {
		return unknown(err)
	}
	// Status and name alternate, each ended by NUL.
	fields := strings.Split(changed, "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		name := fields[i+1]
		switch {
		case !slices.Contains(difference.Before, name):
		case fields[i] == "D":
			difference.Deleted = append(difference.Deleted, name)
		default:
			difference.Edited = append(difference.Edited, name)
		}
	}
	return difference, nil
}

// sqlFiles lists the SQL files directly in the folder as a commit has them.
func (t Tree) sqlFiles(ctx context.Context, commit string) ([]string, error) {
	output, err := t.run(ctx, "ls-tree", "-z", "--name-only", commit, ".")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(output, "\x00"), func(name string) bool { return path.Ext(name) != ".sql" }), nil
}
