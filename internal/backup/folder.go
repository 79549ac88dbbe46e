package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	recordName = "snapshot.json"
	// recordLimit bounds what is read of a record; a thousand tables need about 60 kB.
	recordLimit = 16 << 20
	// partial begins the names of folders that are being written or removed. Whoever holds the lock may remove them.
	partial = ".partial-"
)

// nameForm is the rule for an RDS identifier, in lower case; it also keeps a name inside its directory.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// folder keeps each snapshot in <directory>/<name>/: the record snapshot.json, and the copy under data.
// Nobody but the owner can read them: it is production data.
type folder struct {
	directory, kind string
	now             func() time.Time
}

// content is what a copy holds.
type content struct {
	tables []Table
	notes  []string
}

// create lets fill write the copy to a path that does not exist yet. The lock is the kernel's: fill hands it on to the
// programs that write the copy, so that no other attempt begins while one of them still runs.
func (f folder) create(ctx context.Context, name string, tags Tags, schemaVersion int64,
	fill func(path string, lock *os.File) (content, error)) (snapshot Snapshot, err error) {
	if !nameForm.MatchString(name) || len(name) > 255 {
		return Snapshot{}, problem.Wrong("use lower-case letters, digits and single hyphens", "%q cannot name a snapshot", name)
	}
	lock, err := f.lock(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	// Asked again under the lock: another attempt may have taken it while this one waited.
	snapshots, err := f.list()
	if err != nil {
		return Snapshot{}, err
	}
	if snapshot, found := find(snapshots, tags); found {
		return snapshot, nil
	}
	if err := f.clean(); err != nil {
		return Snapshot{}, err
	}
	work := filepath.Join(f.directory, partial+name)
	if err := os.Mkdir(work, 0o700); err != nil {
		return Snapshot{}, f.explain(err)
	}
	defer func() { err = errors.Join(err, f.clean()) }()

	snapshot = Snapshot{Name: name, Tags: tags, Kind: f.kind, Created: f.now().UTC().Truncate(time.Millisecond), SchemaVersion: schemaVersion}
	copied, err := fill(filepath.Join(work, "data"), lock.File)
	if err != nil {
		return Snapshot{}, err
	}
	snapshot.Tables, snapshot.Notes = copied.tables, copied.notes
	if err := f.seal(work, &snapshot); err != nil {
		return Snapshot{}, f.explain(err)
	}
	return snapshot, nil
}

// seal writes the record and gives the snapshot its name, once all of it is on the disk.
func (f folder) seal(work string, snapshot *Snapshot) (err error) {
	if err := settle(work); err != nil {
		return err
	}
	if snapshot.Bytes, snapshot.Digest, err = measure(filepath.Join(work, "data")); err != nil {
		return err
	}
	record, err := json.MarshalIndent(snapshot, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(work, recordName)
	if err := os.WriteFile(path, append(record, '\n'), 0o600); err != nil {
		return err
	}
	if err := errors.Join(synchronize(path), synchronize(work)); err != nil {
		return err
	}
	if err := os.Rename(work, f.path(snapshot.Name)); err != nil {
		return err
	}
	snapshot.Location = f.location(snapshot.Name)
	return synchronize(f.directory)
}

func (f folder) path(name string) string     { return filepath.Join(f.directory, name) }
func (f folder) location(name string) string { return filepath.Join(f.path(name), "data") }

func (f folder) lock(ctx context.Context) (*lockfile.Lock, error) {
	if err := os.MkdirAll(f.directory, 0o700); err != nil {
		return nil, f.explain(err)
	}
	lock, err := lockfile.Wait(ctx, filepath.Join(f.directory, ".lock"), nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil, problem.New("let it end, then run again", "another snapshot in %s was still being taken: %w", f.directory, err)
		}
		return nil, f.explain(err)
	}
	return lock, nil
}

// clean removes what interrupted attempts left. The caller holds the lock.
func (f folder) clean() error {
	entries, err := os.ReadDir(f.directory)
	if err != nil {
		return f.explain(err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), partial) {
			continue
		}
		if err := os.RemoveAll(f.path(entry.Name())); err != nil {
			return problem.New("remove it by hand", "what is left of an interrupted snapshot cannot be removed: %w", err)
		}
	}
	return nil
}

// writable tells whether this user may write into the directory, or into the folder in which it would be made.
func (f folder) writable() error {
	path := f.directory
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		path = filepath.Dir(path)
	}
	// The slash makes a file in the way an error.
	if err := unix.Access(path+"/", unix.W_OK|unix.X_OK); err != nil {
		return f.explain(&fs.PathError{Op: "write", Path: path, Err: err})
	}
	return nil
}

func (f folder) explain(err error) error {
	return problem.New("see that the disk has space and that this user may write there",
		"a snapshot cannot be kept in %s: %w", f.directory, err)
}

// list returns the complete snapshots of this kind, the newest first.
func (f folder) list() ([]Snapshot, error) {
	entries, err := os.ReadDir(f.directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Unknown("see that this user may read it", "the snapshots cannot be listed: %w", err)
	}
	var snapshots []Snapshot
	for _, entry := range entries {
		if !entry.IsDir() || !nameForm.MatchString(entry.Name()) {
			continue
		}
		snapshot, err := f.read(entry.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			// It may be the one that is looked for, so the others are no answer.
			return nil, problem.Unknown("move it away if it is not needed", "the record of snapshot %s cannot be read: %w", f.path(entry.Name()), err)
		}
		if snapshot.Kind == f.kind {
			snapshots = append(snapshots, snapshot)
		}
	}
	slices.SortStableFunc(snapshots, func(a, b Snapshot) int {
		if order := b.Created.Compare(a.Created); order != 0 {
			return order
		}
		return strings.Compare(b.Name, a.Name)
	})
	return snapshots, nil
}

// read returns the record of a snapshot, which says where it lies now and not where it was made.
func (f folder) read(name string) (Snapshot, error) {
	text, err := readBounded(filepath.Join(f.path(name), recordName), recordLimit)
	if err != nil {
		return Snapshot{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var snapshot Snapshot
	if err := decoder.Decode(&snapshot); err != nil {
		return Snapshot{}, err
	}
	if decoder.More() || snapshot.Name != name || snapshot.Digest == "" {
		return Snapshot{}, fmt.Errorf("it is not the record of %s", name)
	}
	snapshot.Location = f.location(name)
	return snapshot, nil
}

// List returns the complete snapshots, the newest first.
func (f folder) List(context.Context) ([]Snapshot, error) { return f.list() }

// check compares a snapshot with its record.
func (f folder) check(snapshot Snapshot) (Snapshot, error) {
	if !nameForm.MatchString(snapshot.Name) {
		return Snapshot{}, fmt.Errorf("%q cannot name a snapshot", snapshot.Name)
	}
	recorded, err := f.read(snapshot.Name)
	if err != nil {
		return Snapshot{}, err
	}
	if recorded.Kind != f.kind || recorded.Digest != snapshot.Digest {
		return Snapshot{}, fmt.Errorf("its record is of another one: %s with %s", recorded.Kind, recorded.Digest)
	}
	size, digest, err := measure(recorded.Location)
	if err != nil {
		return Snapshot{}, err
	}
	if size != recorded.Bytes || digest != recorded.Digest {
		return Snapshot{}, fmt.Errorf("its files are not the ones that were written: %d bytes with %s, and the record says %d bytes with %s",
			size, digest, recorded.Bytes, recorded.Digest)
	}
	return recorded, nil
}

// Remove removes a snapshot. One that cannot be read can be removed; one that is gone already is an error.
func (f folder) Remove(ctx context.Context, snapshot Snapshot) (err error) {
	if !nameForm.MatchString(snapshot.Name) {
		return problem.Wrong("", "%q cannot name a snapshot", snapshot.Name)
	}
	lock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	// Only what has a record is a snapshot.
	if _, err := os.Stat(filepath.Join(f.path(snapshot.Name), recordName)); err != nil {
		return problem.New("list the snapshots to see which there are", "there is no snapshot %s in %s", snapshot.Name, f.directory)
	}
	if err := os.Rename(f.path(snapshot.Name), f.path(partial+snapshot.Name)); err != nil {
		return problem.New("", "snapshot %s cannot be removed: %w", snapshot.Name, err)
	}
	return f.clean()
}
