package rollout

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// What a release may hold at most: a folder given by mistake, such as a home, is refused before it is read.
const (
	maximumEntries = 10_000
	maximumBytes   = 4 << 30
)

// The kinds of entry, as they enter the digest.
const (
	kindFolder     = 'd'
	kindFile       = 'f'
	kindExecutable = 'x'
)

// entry is one file or folder of a release.
type entry struct {
	path string
	kind byte
	size int64
}

// DigestFolder returns "sha256:…" over every folder and file below folder: sorted relative paths, contents, and
// whether a file is executable. A symbolic link, device, socket or pipe is an error, since what it leads to can change
// without the folder changing; so is a folder without files, with over 10,000 entries, or over 4 GiB.
func DigestFolder(folder string) (string, error) {
	return digest(context.Background(), folder)
}

func digest(ctx context.Context, folder string) (string, error) {
	// A root refuses every path that leaves the folder, even when a file is swapped for a link after it was listed.
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", problem.New("check the path of the release's folder", "the release cannot be read: %w", err)
	}
	defer root.Close()
	entries, err := list(root, folder)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, e := range entries {
		// Each field has a known length, so that two different folders never make the same bytes.
		sum.Write(binary.BigEndian.AppendUint64([]byte{e.kind}, uint64(len(e.path))))
		io.WriteString(sum, e.path)
		if e.kind == kindFolder {
			continue
		}
		content := sha256.New()
		if err := read(ctx, root, e.path, content); err != nil {
			return "", fmt.Errorf("read release %s: %w", folder, err)
		}
		sum.Write(content.Sum(nil))
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// list returns what is below root, sorted by path.
func list(root *os.Root, folder string) ([]entry, error) {
	var entries []entry
	var bytes int64
	files := 0
	err := fs.WalkDir(root.FS(), ".", func(path string, found fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := found.Info()
		if err != nil {
			return err
		}
		e := entry{path: path, kind: kindFile, size: info.Size()}
		switch {
		case info.IsDir():
			e.kind, e.size = kindFolder, 0
		case !info.Mode().IsRegular():
			return problem.New("put the file itself into the folder", "release %s holds %q, which is neither a file nor a folder", folder, path)
		case info.Mode()&0o111 != 0:
			e.kind = kindExecutable
		}
		if e.kind != kindFolder {
			files++
		}
		entries = append(entries, e)
		bytes += e.size
		if len(entries) > maximumEntries || bytes > maximumBytes {
			return problem.New("is it the right folder?", "release %s is too large: at most %d entries and %d GiB", folder, maximumEntries, maximumBytes>>30)
		}
		return nil
	})
	if err == nil && files == 0 {
		err = problem.New("is it the right folder?", "release %s holds no files", folder)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return entries, err
}

func read(ctx context.Context, root *os.Root, path string, into io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	file, err := root.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(into, file)
	return err
}

// copyFolder copies source to the new folder target and makes the copy last.
func copyFolder(ctx context.Context, source, target string, progress Progress) error {
	from, err := os.OpenRoot(source)
	if err != nil {
		return err
	}
	defer from.Close()
	entries, err := list(from, source)
	if err != nil {
		return err
	}
	if err := os.Mkdir(target, 0o700); err != nil {
		return err
	}
	to, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	defer to.Close()
	var done, total int64
	for _, e := range entries {
		total += e.size
	}
	for _, e := range entries {
		if e.kind == kindFolder {
			err = to.Mkdir(e.path, 0o700)
		} else {
			err = copyFile(ctx, from, to, e)
		}
		if err != nil {
			return err
		}
		done += e.size
		advance(progress, done, total, e.path)
	}
	for _, e := range entries {
		if err := makeLast(to, e.path); err != nil {
			return err
		}
	}
	return makeLast(to, ".")
}

func copyFile(ctx context.Context, from, to *os.Root, e entry) error {
	mode := fs.FileMode(0o600)
	if e.kind == kindExecutable {
		mode = 0o700
	}
	// A child that is forked while an executable is open for writing keeps it open until its own exec, and starting
	// the executable then fails with "text file busy": https://go.dev/issue/22315.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	file, err := to.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err := read(ctx, from, e.path, file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// makeLast waits until the file or folder is on the disk.
func makeLast(root *os.Root, path string) error {
	file, err := root.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}
