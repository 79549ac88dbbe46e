// Package migration reads a folder of goose migrations and takes a database up and down through goose's provider.
package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

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
	// DownFault says why goose refuses the down section, and in which line, empty when it does not: it can go up and not back.
	DownFault string `json:"-"`
	// Sections is what goose reads in it.
	Sections `json:"-"`

	text string
	// filled are the values of the variables that were filled in, by their names.
	filled map[string]string
}

// Veil returns SQL of the file with the names of the variables in place of their values, which can be secret.
func (f File) Veil(sql string) string {
	for name, value := range f.filled {
		sql = strings.ReplaceAll(sql, value, "${"+name+"}")
	}
	return sql
}

// Text returns the file as it is.
func (f File) Text() string { return f.text }

// constant finds a query of a constant, such as the one that templates put where nothing is to be done.
var constant = regexp.MustCompile(`(?is)^(?:\s|--[^\n]*(?:\n|$))*select\s+(?:'(?:[^']|'')*'|[0-9]+|null|true|false)(?:\s|;|--[^\n]*(?:\n|$))*$`)

// EmptyDown tells that the file has no down section, or one whose statements do nothing: taking it back moves the version and changes
// nothing.
func (f File) EmptyDown() bool {
	return !slices.ContainsFunc(f.Down, func(statement Statement) bool { return !blank(statement.SQL) && !constant.MatchString(statement.SQL) })
}

// Set is the migrations of a folder in the order of their versions.
type Set struct {
	Files []File
	// Ignored names the SQL files that goose passes over, because their names do not begin with a version.
	Ignored []string
}

// Read lists the migrations in folder, which is called title in errors. A folder without any, and anything that keeps goose
// from running all of them, is an error.
func Read(folder fs.FS, title string) (Set, error) {
	set, faults, err := Inspect(folder, title)
	if err != nil {
		return Set{}, err
	}
	for _, fault := range faults {
		if fault.Kind != Ignored && !set.downOnly(fault) {
			return Set{}, problem.Wrong(fault.Hint, "%s: %s", fault.place(title), fault.Message)
		}
	}
	for _, file := range set.Files {
		if len(file.Unset) > 0 {
			return Set{}, problem.Wrong("set it, or give it a default: ${NAME:-value}",
				"%s/%s:%d: the variable %s is not set, and goose would put nothing in its place", title, file.Name, file.Unset[0].Line, file.Unset[0].Name)
		}
	}
	return set, nil
}

// downOnly tells whether a fault is that of a down section: what is applied may stay so, and can only not be taken back.
func (s Set) downOnly(fault Fault) bool {
	return fault.Kind == Refused && slices.ContainsFunc(s.Files, func(file File) bool { return file.Name == fault.File && file.DownRefused })
}

// readFile reads one file: a regular one, or what a link to one leads to, and no more of it than is allowed.
func readFile(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is no regular file (%s)", info.Mode().Type())
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maximumFileBytes+1))
	if err == nil && len(content) > maximumFileBytes {
		return nil, fmt.Errorf("it has %d bytes or more, and at most %d are read", max(info.Size(), maximumFileBytes), maximumFileBytes)
	}
	return content, err
}

// Digest returns one hexadecimal SHA-256 over all versions, names and contents, and over the statements of the files into which
// variables are filled in: their bytes do not say what runs.
func (s Set) Digest() string {
	hash := sha256.New()
	for _, file := range s.Files {
		fmt.Fprintf(hash, "%d %q %s\n", file.Version, file.Name, file.SHA256)
		if !file.Substitutes {
			continue
		}
		for _, statement := range slices.Concat(file.Up, file.Down) {
			fmt.Fprintf(hash, "%q\n", statement.SQL)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Latest returns the highest version of the set.
func (s Set) Latest() int64 { return s.Files[len(s.Files)-1].Version }

// Folder returns the files as goose reads them: those that were read, whatever became of them on the disk since. A down section that
// goose refuses is left out, which its command line does not look at either on the way up.
func (s Set) Folder() fs.FS {
	files := fstest.MapFS{}
	for _, file := range s.Files {
		text := file.text
		if file.DownFault != "" {
			lines := strings.SplitAfter(text, "\n")
			text = strings.Join(lines[:max(0, min(file.DownLine-1, len(lines)))], "")
		}
		files[file.Name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return files
}

// Excerpt is the beginning of a statement for people: one line of at most limit bytes.
func Excerpt(sql string, limit int) string {
	sql = strings.Join(strings.Fields(sql), " ")
	if len(sql) > limit {
		sql = strings.ToValidUTF8(sql[:limit], "") + "…"
	}
	return sql
}

// Find returns the file of a version.
func (s Set) Find(version int64) (File, bool) {
	for _, file := range s.Files {
		if file.Version == version {
			return file, true
		}
	}
	return File{}, false
}
