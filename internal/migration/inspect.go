package migration

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// FaultKind says what is wrong with a file.
type FaultKind string

// The kinds of faults.
const (
	// Duplicate: another file has the same version.
	Duplicate FaultKind = "duplicate"
	// Refused: goose cannot read the file.
	Refused FaultKind = "refused"
	// Unreadable: it is no UTF-8 text, or too large.
	Unreadable FaultKind = "unreadable"
	// WrittenInGo: only the program that contains it can run it.
	WrittenInGo FaultKind = "written-in-go"
	// Ignored: its name does not begin with a version, so goose passes it over.
	Ignored FaultKind = "ignored"
)

// Fault is what keeps goose from running a file of the folder.
type Fault struct {
	Kind FaultKind
	File string
	// Line is zero when the fault is that of the whole file.
	Line          int
	Message, Hint string
}

// place returns folder/file, with the line when there is one.
func (f Fault) place(title string) string {
	place := title + "/" + f.File
	if f.Line > 0 {
		place += fmt.Sprintf(":%d", f.Line)
	}
	return place
}

// Inspect lists the migrations in folder, which is called title in errors, and what is wrong with single files; those are not
// in the set, but for the first of several with one version and for those of which only the down section is refused. A folder
// that cannot be read or has no migrations is an error.
func Inspect(folder fs.FS, title string) (Set, []Fault, error) {
	entries, err := fs.ReadDir(folder, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return Set{}, nil, problem.Wrong("name it with --dir, or under migrations.dir of the config", "there is no migrations folder %s", title)
	} else if err != nil {
		return Set{}, nil, problem.Wrong("", "the migrations folder %s cannot be read: %w", title, err)
	}
	var set Set
	var faults []Fault
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
			faults = append(faults, Fault{Kind: Ignored, File: name, Message: "its name does not begin with a version, so goose passes it over", Hint: "rename it, or move it out of the folder"})
			continue
		case path.Ext(name) == ".go":
			faults = append(faults, Fault{
				Kind: WrittenInGo, File: name, Message: "a migration written in Go, which only the program that contains it can run",
				Hint: "write it in SQL, or run it with your own goose binary before the promotion",
			})
			continue
		}
		set.Files = append(set.Files, File{Name: name, Version: version})
	}
	refused := readAll(folder, set.Files)
	set.Files = slices.DeleteFunc(set.Files, func(file File) bool { return refused[file.Name] != nil && !file.DownRefused })
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		faults = append(faults, *refused[name])
	}
	if len(set.Files) == 0 && len(faults) == len(set.Ignored) {
		return Set{}, nil, problem.Wrong("a migration is a file such as 00001_create_users.sql; `goose create NAME sql` makes one",
			"the migrations folder %s has no migrations", title)
	}
	slices.SortStableFunc(set.Files, func(a, b File) int { return cmp.Compare(a.Version, b.Version) })
	set.Files = slices.CompactFunc(set.Files, func(second, first File) bool {
		if first.Version != second.Version {
			return false
		}
		faults = append(faults, Fault{
			Kind: Duplicate, File: second.Name, Hint: "give one of them a new version",
			Message: fmt.Sprintf("it has the same version %d as %s", first.Version, first.Name),
		})
		return true
	})
	return set, faults, nil
}

// readAll reads the files, as many at once as there are processors, and returns what is wrong with those that goose could not run.
func readAll(folder fs.FS, files []File) map[string]*Fault {
	faults := make([]*Fault, len(files))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		readers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(files)); i = next.Add(1) - 1 {
				version := files[i].Version
				files[i], faults[i] = read(folder, files[i].Name, os.LookupEnv)
				files[i].Version = version
			}
		})
	}
	readers.Wait()
	refused := map[string]*Fault{}
	for _, fault := range faults {
		if fault != nil {
			refused[fault.File] = fault
		}
	}
	return refused
}

// read reads one file.
func read(folder fs.FS, name string, lookup func(string) (string, bool)) (File, *Fault) {
	unreadable := func(line int, hint, format string, arguments ...any) (File, *Fault) {
		return File{Name: name}, &Fault{Kind: Unreadable, File: name, Line: line, Message: fmt.Sprintf(format, arguments...), Hint: hint}
	}
	content, err := readFile(folder, name)
	if err != nil {
		return unreadable(0, "", "it cannot be read: %v", err)
	}
	text := string(content)
	for mark, encoding := range map[string]string{"\xff\xfe": "UTF-16", "\xfe\xff": "UTF-16", "\xef\xbb\xbf": "UTF-8 with a byte order mark"} {
		if strings.HasPrefix(text, mark) {
			return unreadable(1, "save it as UTF-8 without a byte order mark", "it is %s, which goose does not read", encoding)
		}
	}
	if place := notText(text); place >= 0 {
		return unreadable(1+strings.Count(text[:place], "\n"), "save it as UTF-8", "byte %d is no part of a UTF-8 text", place+1)
	}
	sum := sha256.Sum256(content)
	file := File{Name: name, SHA256: hex.EncodeToString(sum[:]), text: text}
	// A short value stands for itself: it hides nothing, and would be found everywhere.
	const shortest = 4
	file.Sections, err = Parse(text, func(name string) (string, bool) {
		value, set := lookup(name)
		if len(value) >= shortest {
			if file.filled == nil {
				file.filled = map[string]string{}
			}
			file.filled[name] = value
		}
		return value, set
	})
	var refused *SyntaxError
	if errors.As(err, &refused) {
		if file.DownRefused {
			file.DownFault = fmt.Sprintf("line %d: %s", refused.Line, refused.Message)
		}
		return file, &Fault{Kind: Refused, File: name, Line: refused.Line, Message: refused.Message, Hint: refused.Hint}
	}
	return file, nil
}

// notText returns the first byte that is NUL or no UTF-8, -1 when there is none.
func notText(text string) int {
	if utf8.ValidString(text) {
		return strings.IndexByte(text, 0)
	}
	for place, character := range text {
		if _, size := utf8.DecodeRuneInString(text[place:]); character == utf8.RuneError && size == 1 || character == 0 {
			return place
		}
	}
	return -1
}
