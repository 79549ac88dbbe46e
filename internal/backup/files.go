package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// poll is how often a growing copy is measured for a person who watches it.
const poll = 500 * time.Millisecond

func readBounded(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return text, err
}

// eachFile calls visit for all files below root, or for root itself, in the order of their names.
// What is neither a file nor a folder is an error: a copy has no links.
func eachFile(root string, visit func(path, name string, size int64) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(path, name, info.Size())
	})
}

// settle takes the files away from everybody else and waits until they, and their folders, are on the disk.
func settle(root string) error {
	err := eachFile(root, func(path, _ string, _ int64) error {
		return errors.Join(os.Chmod(path, 0o600), synchronize(path))
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return synchronize(path)
	})
}

func synchronize(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// measure returns the size in bytes of all files below root and a digest of their names, sizes and contents.
func measure(root string) (size int64, digest string, err error) {
	hash := sha256.New()
	err = eachFile(root, func(path, name string, fileSize int64) error {
		size += fileSize
		fmt.Fprintf(hash, "%q %d\n", name, fileSize)
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(hash, file)
		return err
	})
	return size, "sha256:" + hex.EncodeToString(hash.Sum(nil)), err
}

// follow reports the size of a growing copy until the returned function is called.
func follow(ctx context.Context, progress Progress, path string, total int64, detail string) (stop func()) {
	if progress == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	report := func() {
		var size int64
		// A file can go while it is looked at; the next look is right again.
		_ = eachFile(path, func(_, _ string, fileSize int64) error { size += fileSize; return nil })
		progress.Advance(size, max(size, total), detail)
	}
	go func() {
		defer close(ended)
		for {
			report()
			select {
			case <-ctx.Done():
				return
			case <-time.After(poll):
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
