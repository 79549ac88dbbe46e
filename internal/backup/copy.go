package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// UnknownSchema is the SchemaVersion of a snapshot that airlock did not take: its database says it once it is restored.
const UnknownSchema int64 = -1

// CopyOptions say where a snapshot is restored to, and how it will be used.
type CopyOptions struct {
	// Settings lead to the database as its migrations sign in to it. The copy of a dump is made beside it, on the same
	// server. The copy of a snapshot in RDS is an instance of its own, of which the settings lead to the same database as the
	// same user; settings without a URL lead to the database that has migrations applied, as the owner of their table. SQLite needs none.
	Settings database.Settings
	// MaximumBytes is the size of a dump up to which its rows are restored too, of a larger one the copy has the schema only.
	// RDS and SQLite restore all of it.
	MaximumBytes int64
	// Progress is told what is waited for.
	Progress Progress
}

// copier is a store whose snapshots can be restored beside what they were taken of.
type copier interface {
	// newest returns the newest complete snapshot, checked.
	newest(ctx context.Context) (Snapshot, error)
	// restore returns a copy, or leaves none.
	restore(ctx context.Context, snapshot Snapshot, options CopyOptions) (*Scratch, error)
}

// Copy restores the newest snapshot of a store into a temporary database, and leaves everything else as it is. The caller
// drops the copy. Copies that earlier runs left behind because they were killed are removed. On RDS it takes as long as
// restoring takes, a quarter of an hour at least, and an instance is paid for meanwhile.
func Copy(ctx context.Context, store Store, options CopyOptions) (*Scratch, error) {
	able, ok := store.(copier)
	if !ok {
		return nil, problem.Unknown("", "whether a snapshot can be restored into a copy is not known")
	}
	snapshot, err := able.newest(ctx)
	if err != nil {
		return nil, err
	}
	scratch, err := able.restore(ctx, snapshot, options)
	if err != nil {
		return nil, err
	}
	scratch.Snapshot = snapshot
	return scratch, nil
}

// newestOf returns the first of snapshots, which are the newest first, unless it cannot be restored.
func newestOf(ctx context.Context, store Store, snapshots []Snapshot, where string) (Snapshot, error) {
	if len(snapshots) == 0 {
		return Snapshot{}, problem.New("take one with `airlock snapshot create`, or promote something", "there is no snapshot %s that a copy could be made of", where)
	}
	if err := store.Check(ctx, snapshots[0]); err != nil {
		return Snapshot{}, problem.New("take another with `airlock snapshot create`", "the newest snapshot %s, %s, cannot be restored: %w", where, snapshots[0].Name, err)
	}
	return snapshots[0], nil
}

// title names a copy for people.
func title(of string, snapshot Snapshot, now time.Time) string {
	return fmt.Sprintf("a copy of %s as the snapshot %s has it, which is of %s", of, snapshot.Name, humanize.RelTime(snapshot.Created, now, "ago", "ahead"))
}

// tell reports what is done to a copy that is n bytes large.
func tell(progress Progress, n int64, detail string) {
	if progress != nil {
		progress.Advance(0, n, detail)
	}
}
