// Package backup takes snapshots of a database, finds them again and proves that they can be restored.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Tags say what a snapshot was taken for. All three are needed: by them a later attempt finds it again.
type Tags struct {
	// Environment is the name of the environment in the config.
	Environment string `json:"environment"`
	// Run is the same in each attempt of one promotion, and in no other promotion.
	Run string `json:"run"`
	// Release names what is promoted.
	Release string `json:"release"`
}

// Snapshot is a complete copy of a database.
type Snapshot struct {
	// Name is unique among the snapshots of a store, and valid as an identifier of an RDS snapshot.
	Name string `json:"name"`
	Tags Tags   `json:"tags"`
	// Kind is "sqlite", "pg_dump" or "rds".
	Kind string `json:"kind"`
	// Created is the moment before the copy began, in UTC.
	Created time.Time `json:"created"`
	// Bytes is the size of the copy.
	Bytes int64 `json:"bytes"`
	// Location is where the data lies: a database file (sqlite), a folder for pg_restore (pg_dump), or the ARN (rds).
	Location string `json:"location"`
	// SchemaVersion is the version of the last migration that the copy holds.
	SchemaVersion int64 `json:"schemaVersion"`
	// Tables are in the order of their names; RDS does not tell them.
	Tables []Table `json:"tables"`
	// Notes are what a person should know about the data, such as rows that break a foreign key already.
	Notes []string `json:"notes,omitempty"`
	// Digest is of the names, sizes and contents of the copy's files: "sha256:" and 64 hexadecimal digits; RDS has no files.
	Digest string `json:"digest"`
}

// Table is what a snapshot holds of one table.
type Table struct {
	Name string `json:"name"`
	// Rows is -1 when the rows were not counted, which on a large server would take as long as the copy.
	Rows int64 `json:"rows"`
}

// Progress is told how far a snapshot is, in bytes. total is an estimate: a copy can be smaller or larger than the
// database. A nil Progress is silent.
type Progress interface {
	Advance(done, total int64, detail string)
}

// Store keeps snapshots of one database.
type Store interface {
	// Create takes a snapshot, or returns the one that has the same tags already. An interrupted one is never listed.
	Create(ctx context.Context, name string, tags Tags, schemaVersion int64, progress Progress) (Snapshot, error)
	// List returns all complete snapshots, the newest first.
	List(ctx context.Context) ([]Snapshot, error)
	// Check returns nil when the snapshot can be restored as it was taken.
	Check(ctx context.Context, snapshot Snapshot) error
	// Remove removes a snapshot; one that is gone already is an error.
	Remove(ctx context.Context, snapshot Snapshot) error
}

// Ready returns nil when the store could take a snapshot now, as far as can be told without writing anything. A store
// that cannot tell is an error.
func Ready(ctx context.Context, store Store) error {
	able, ok := store.(interface{ ready(context.Context) error })
	if !ok {
		return problem.Unknown("", "whether a snapshot can be taken is not known")
	}
	return able.ready(ctx)
}

// Take returns the snapshot that belongs to tags, checked. One that an earlier attempt took is found again, and never
// taken anew: by now the database may hold this promotion's migrations, and a copy of that is no way back.
func Take(ctx context.Context, store Store, now time.Time, tags Tags, schemaVersion int64, progress Progress) (snapshot Snapshot, found bool, err error) {
	if tags.Environment == "" || tags.Run == "" || tags.Release == "" {
		return Snapshot{}, false, problem.Wrong("", "a snapshot needs an environment, a run and a release to be found again by")
	}
	snapshots, err := store.List(ctx)
	if err != nil {
		return Snapshot{}, false, err
	}
	snapshot, found = find(snapshots, tags)
	if !found {
		if snapshot, err = store.Create(ctx, Name(now, tags), tags, schemaVersion, progress); err != nil {
			return Snapshot{}, false, err
		}
	}
	if err := store.Check(ctx, snapshot); err != nil {
		if ctx.Err() != nil || problem.Hint(err) != "" {
			return Snapshot{}, found, err
		}
		return Snapshot{}, found, problem.New("nothing can be promoted on it: see that the storage is sound, then start a new run, which takes a new one",
			"snapshot %s cannot be restored: %w", snapshot.Name, err)
	}
	return snapshot, found, nil
}

// find returns the oldest of the snapshots with these tags: the one from before the first migration.
func find(newestFirst []Snapshot, tags Tags) (Snapshot, bool) {
	for i := len(newestFirst) - 1; i >= 0; i-- {
		if newestFirst[i].Tags == tags {
			return newestFirst[i], true
		}
	}
	return Snapshot{}, false
}

// Name returns "pre-deploy-YYYYMMDD-HHMM-xxxxxx", in UTC. The last part comes from the tags and is the same in any attempt.
// It keeps to the rules for RDS identifiers:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func Name(now time.Time, tags Tags) string {
	// JSON keeps the tags apart; marshalling three strings cannot fail.
	text, _ := json.Marshal(tags)
	digest := sha256.Sum256(text)
	return "pre-deploy-" + now.UTC().Format("20060102-1504") + "-" + hex.EncodeToString(digest[:3])
}
