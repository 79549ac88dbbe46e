package rollout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// maximumRecordBytes bounds state.json and a release's record.
const maximumRecordBytes = 64 << 10

var imageForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// served is the way that led to the version that serves: oldest first, current last, the one before it previous.
// It is a way and not a pair, because after going back from B to A the version to go back to next is the one before A:
// never B, which was left for a reason, and to which running the same rollback again must not return.
type served []Version

// with returns the way after version was put in front of users. A version that is on the way is a return to it: what
// came after is left. The same files under a new label or commit are a new version, except directly after themselves:
// they would be their own way back.
func (s served) with(version Version) served {
	if at := slices.Index(s, version); at >= 0 {
		return s[:at+1]
	}
	before := slices.Clone(s)
	if last := len(before) - 1; last >= 0 && before[last].Image == version.Image {
		before = before[:last]
	}
	return append(before, version)
}

// at returns the version that is back steps before the current one, or nil.
func (s served) at(back int) *Version {
	if back >= len(s) {
		return nil
	}
	return &s[len(s)-1-back]
}

// record is state.json.
type record struct {
	Served served `json:"served"`
}

// readServed returns an empty way when nothing was ever served, and an error when the record cannot be trusted.
func (p *Process) readServed() (served, error) {
	var found record
	err := readRecord(p.path("state.json"), &found)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(found.Served) == 0 {
		err = errors.New("it names no version")
	}
	for _, version := range found.Served {
		if !imageForm.MatchString(version.Image) {
			err = fmt.Errorf("image %.80q is not a digest", version.Image)
		}
	}
	if err != nil {
		return nil, problem.Unknown("find out which version serves, then correct the file or put back a copy of it",
			"what serves in %s is unknown: state.json cannot be read: %w", p.options.Directory, err)
	}
	return found.Served, nil
}

func (p *Process) writeServed(way served) error {
	return writeRecord(p.path("state.json"), record{p.kept(way)})
}

func readRecord(path string, into any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maximumRecordBytes+1))
	if err != nil {
		return err
	}
	if len(content) > maximumRecordBytes {
		return fmt.Errorf("it is larger than %d bytes", maximumRecordBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("it is not the JSON that was written: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its JSON")
	}
	return nil
}

// writeRecord replaces the file at path as a whole.
func writeRecord(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(content, '\n'))
}

// replaceFile replaces the file at path as a whole: whoever is killed leaves the old one or the new one.
func replaceFile(path string, content []byte) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.Base(path)
	if err := root.WriteFile(name+".tmp", content, 0o600); err != nil {
		return err
	}
	if err := makeLast(root, name+".tmp"); err != nil {
		return err
	}
	if err := root.Rename(name+".tmp", name); err != nil {
		return err
	}
	return makeLast(root, ".")
}
