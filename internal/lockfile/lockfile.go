// Package lockfile lets one process at a time work on something that lives in a folder. The lock is the kernel's
// (flock), so it ends with the process that holds it, however that ends.
package lockfile

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// poll is how often Wait asks again: flock has no wait that a context could end.
const poll = 20 * time.Millisecond

// ErrHeld says that another process, or another open file of this one, holds the lock.
var ErrHeld = errors.New("the lock is held by another process")

// Lock is a held lock. A child process that inherits File keeps the lock until it has closed it too.
type Lock struct {
	File *os.File
}

// Try takes the lock at path, making the file with mode 0600 when it is missing, or returns ErrHeld.
func Try(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		return &Lock{File: file}, nil
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrHeld
	}
	return nil, errors.Join(err, file.Close())
}

// Wait takes the lock at path, asking until it is free or ctx ends. waiting, if given, is called once when it is held.
func Wait(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for told := false; ; told = true {
		lock, err := Try(path)
		if err == nil || !errors.Is(err, ErrHeld) {
			return lock, err
		}
		if !told && waiting != nil {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}

// Release gives the lock up. The file stays: removing it would let two processes hold two different files.
func (l *Lock) Release() error { return l.File.Close() }
