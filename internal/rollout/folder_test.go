package rollout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
)

func folderOf(t *testing.T, files fstest.MapFS) string {
	t.Helper()
	folder := t.TempDir()
	for name, file := range files {
		path := filepath.Join(folder, name)
		var err error
		if file.Mode.IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, file.Data, 0o644), os.Chmod(path, file.Mode))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func file(content string, mode fs.FileMode) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(content), Mode: mode}
}

func TestDigestFolder(t *testing.T) {
	t.Parallel()
	digestOf := func(files fstest.MapFS) string {
		got, err := DigestFolder(folderOf(t, files))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	base := digestOf(fstest.MapFS{"app": file("x", 0o755), "a/b": file("y", 0o644)})
	// The value is fixed: a host must recognise what an older Airlock placed.
	if want := "sha256:9bc8d69dc1022e64b65c3852745fea206ef4ebfe1b643b706edb92a38e1cd071"; base != want {
		t.Errorf("got %s, want %s", base, want)
	}
	if got := digestOf(fstest.MapFS{"a/b": file("y", 0o600), "app": file("x", 0o700)}); got != base {
		t.Error("a mode that does not matter changed the digest")
	}
	for name, other := range map[string]fstest.MapFS{
		"content":         {"app": file("z", 0o755), "a/b": file("y", 0o644)},
		"name":            {"apq": file("x", 0o755), "a/b": file("y", 0o644)},
		"executable":      {"app": file("x", 0o644), "a/b": file("y", 0o644)},
		"one more":        {"app": file("x", 0o755), "a/b": file("y", 0o644), "c": file("", 0o644)},
		"an empty folder": {"app": file("x", 0o755), "a/b": file("y", 0o644), "c": file("", fs.ModeDir|0o755)},
		"moved":           {"app": file("x", 0o755), "b": file("y", 0o644), "a": file("", fs.ModeDir|0o755)},
	} {
		if digestOf(other) == base {
			t.Errorf("%s: the digest did not change", name)
		}
	}
}

func TestDigestFolderRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make func(folder string) error
		want string
	}{
		"a link":         {func(folder string) error { return os.Symlink("/etc/passwd", filepath.Join(folder, "link")) }, `"link", which is neither`},
		"a pipe":         {func(folder string) error { return syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600) }, `"pipe", which is neither`},
		"an empty one":   {func(folder string) error { return os.Remove(filepath.Join(folder, "app")) }, "holds no files"},
		"a missing one":  {os.RemoveAll, "cannot be read"},
		"too many files": {manyFolders, "too large"},
		"a huge file":    {func(folder string) error { return os.Truncate(filepath.Join(folder, "app"), maximumBytes+1) }, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := folderOf(t, fstest.MapFS{"app": file("x", 0o755)})
			if err := test.make(folder); err != nil {
				t.Fatal(err)
			}
			_, err := DigestFolder(folder)
			wants(t, err, test.want)
		})
	}
}

func manyFolders(folder string) error {
	for i := range maximumEntries {
		if err := os.Mkdir(filepath.Join(folder, fmt.Sprint(i)), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// steps counts what it is told.
type steps struct{ done, total []int64 }

func (s *steps) Advance(done, total int64, _ string) {
	s.done, s.total = append(s.done, done), append(s.total, total)
}

func TestPlace(t *testing.T) {
	t.Parallel()
	process := given(t, nil)
	folder := source(t, "v1", "")
	progress := &steps{}
	version, err := process.Place(t.Context(), folder, Version{Label: "v1", Commit: "c1"}, progress)
	if err != nil {
		t.Fatal(err)
	}
	if last := len(progress.done) - 1; !slices.IsSorted(progress.done) || progress.done[last] != progress.total[last] {
		t.Errorf("got progress %v of %v", progress.done, progress.total)
	}
	if want, _ := DigestFolder(folder); version.Image != want {
		t.Errorf("got image %s, want %s", version.Image, want)
	}
	before, err := os.Stat(recordOf(process.folder(version.Image)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process.Place(t.Context(), folder, version, nil); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(recordOf(process.folder(version.Image))); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("placing it again wrote its record again: %v", err)
	}
	_, err = process.Place(t.Context(), source(t, "v2", ""), version, nil)
	wants(t, err, "was to be placed")
}

func TestReleasesThatAreNoLongerNeeded(t *testing.T) {
	t.Parallel()
	process := given(t, func(o *Options) { o.Keep = 1 })
	versions := map[string]Version{}
	for i, label := range []string{"v1", "v2", "v3", "v4", "v5"} {
		versions[label] = place(t, process, label, "")
		// Clocks of file systems can be coarser than two placements are apart.
		moment := time.Unix(int64(1_000_000+i), 0)
		if err := os.Chtimes(recordOf(process.folder(versions[label].Image)), moment, moment); err != nil {
			t.Fatal(err)
		}
	}
	// Given what killed runs can leave.
	for _, name := range []string{".placing/half", "0123456789abcdef/without-record"} {
		if err := os.MkdirAll(process.path("releases", name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(process.path("releases", "fedcba9876543210.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, process, versions["v1"])
	entries, err := os.ReadDir(process.path("releases"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	for _, label := range []string{"v1", "v5"} {
		folder := filepath.Base(process.folder(versions[label].Image))
		want = append(want, folder, recordOf(folder))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"no directory": func(o *Options) { o.Directory = "" }, "no command": func(o *Options) { o.Command = nil },
		"an option as command": func(o *Options) { o.Command = []string{"-c"} }, "a negative number": func(o *Options) { o.Keep = -1 },
		"another machine": func(o *Options) { o.URL = "http://example.com" }, "no URL": func(o *Options) { o.URL = "" },
		"every address": func(o *Options) { o.URL = "http://0.0.0.0:80" }, "port zero": func(o *Options) { o.URL = "http://localhost:0" },
		"another scheme": func(o *Options) { o.URL = "ftp://localhost:21" }, "a strange name": func(o *Options) { o.Environment = map[string]string{"A=B": ""} },
		"a NUL": func(o *Options) { o.Environment = map[string]string{"A": "\x00"} },
	} {
		settings := options(t.TempDir(), "127.0.0.1:1")
		change(&settings)
		if _, err := NewProcess(settings); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("panic: postgres://u:hunter22@h/d\n\x1b[0m", "postgres://u:hunter22@h/d")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := excerpt(text, map[string]string{"S": secret})
		if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is not printable", got)
		}
		if lines := strings.Count(got, " | "); lines > tailLines*tailLineRunes {
			t.Errorf("%d lines", lines)
		}
		// The words of the sentence itself are no leak.
		frame := "; the end of its log: *** | … its log is empty"
		if len(secret) >= minimumSecretLen && !strings.Contains(frame, secret) && strings.Contains(got, secret) && strings.Contains(text, secret) {
			t.Errorf("%q holds %q", got, secret)
		}
	})
}
