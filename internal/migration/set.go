// Package migration reads a folder of goose migrations and takes a database up and down through goose's provider.
package migration

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// maximumFileBytes bounds what is read of one migration: a larger one is a data load, not a migration.
const maximumFileBytes = 64 << 20

// File is one migration of a folder.
type File struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	// SHA256 is the hexadecimal digest of the file's bytes.
	SHA256 string `json:"sha256"`
	// NoTransaction tells that goose runs the file's statements one by one, up and down: one that fails leaves those before it done.
	NoTransaction bool `json:"-"`
	// EmptyDown tells that the file has no down section, or one without a statement: taking it back moves the version and changes nothing.
	EmptyDown bool `json:"-"`
}

// Set is the migrations of a folder in the order of their versions.
type Set struct {
	Files []File
	// Ignored names the SQL files that goose passes over, because their names do not begin with a version.
	Ignored []string

	folder fs.FS
}

// Read lists the migrations in folder, which is called title in errors. A folder without any, two files of one version
// and a migration written in Go are errors.
func Read(folder fs.FS, title string) (Set, error) {
	entries, err := fs.ReadDir(folder, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return Set{}, problem.Wrong("name it with --dir, or under migrations.dir of the config", "there is no migrations folder %s", title)
	} else if err != nil {
		return Set{}, problem.Wrong("", "the migrations folder %s cannot be read: %w", title, err)
	}
	set := Set{folder: folder}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || path.Ext(name) != ".sql" && path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		version, err := goose.NumericComponent(name)
		switch {
		case err != nil && path.Ext(name) == ".go":
			continue
		case err != nil:
			set.Ignored = append(set.Ignored, name)
			continue
		case path.Ext(name) == ".go":
			return Set{}, problem.Wrong("write it in SQL, or run it with your own goose binary before the promotion",
				"%s/%s is a migration written in Go, which only the program that contains it can run", title, name)
		}
		content, err := readFile(folder, name)
		if err != nil {
			return Set{}, problem.Wrong("", "%s/%s cannot be read: %w", title, name, err)
		}
		sum := sha256.Sum256(content)
		file := File{Version: version, Name: name, SHA256: hex.EncodeToString(sum[:])}
		if err := file.annotate(title, string(content)); err != nil {
			return Set{}, err
		}
		set.Files = append(set.Files, file)
	}
	if len(set.Files) == 0 {
		return Set{}, problem.Wrong("a migration is a file such as 00001_create_users.sql; `goose create NAME sql` makes one",
			"the migrations folder %s has no migrations", title)
	}
	slices.SortFunc(set.Files, func(a, b File) int { return cmp.Compare(a.Version, b.Version) })
	for i := 1; i < len(set.Files); i++ {
		if set.Files[i].Version == set.Files[i-1].Version {
			return Set{}, problem.Wrong("give one of them a new version", "%s and %s in %s have the same version %d",
				set.Files[i-1].Name, set.Files[i].Name, title, set.Files[i].Version)
		}
	}
	return set, nil
}

func readFile(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maximumFileBytes {
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), maximumFileBytes)
	}
	return fs.ReadFile(folder, name)
}

// Digest returns one hexadecimal SHA-256 over all versions, names and contents.
func (s Set) Digest() string {
	hash := sha256.New()
	for _, file := range s.Files {
		fmt.Fprintf(hash, "%d %q %s\n", file.Version, file.Name, file.SHA256)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Latest returns the highest version of the set.
func (s Set) Latest() int64 { return s.Files[len(s.Files)-1].Version }

// find returns the file of a version.
func (s Set) find(version int64) (File, bool) {
	for _, file := range s.Files {
		if file.Version == version {
			return file, true
		}
	}
	return File{}, false
}
