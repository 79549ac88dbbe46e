package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// lock makes the directory and lets one deployer in: any other gets an error that names its process after it has waited.
func (s shelf) lock(ctx context.Context, wait time.Duration) (*lockfile.Lock, error) {
	if err := os.MkdirAll(s.path("releases"), 0o700); err != nil {
		return nil, problem.New("", "the directory of the releases cannot be made: %w", err)
	}
	path := s.path("lock")
	lock, err := waitFor(ctx, path, wait)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		holder := ""
		if content, err := readSmall(path); err == nil {
			if pid, err := strconv.Atoi(strings.TrimSpace(content)); err == nil {
				holder = fmt.Sprintf(" (process %d)", pid)
			}
		}
		return nil, problem.New("wait until it is done, then run again", "another airlock%s is deploying in %s", holder, s.directory)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", s.directory, err)
	}
	// The number is only for that message: the kernel's lock is what counts.
	if err = lock.File.Truncate(0); err == nil {
		_, err = lock.File.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", s.directory, err), lock.Release())
	}
	return lock, nil
}

// waitFor takes a lock that is held for a moment at most.
func waitFor(ctx context.Context, path string, moment time.Duration) (*lockfile.Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	return lockfile.Wait(ctx, path, nil)
}

// held tells whether a lock is held. It asks with a shared lock, so that two who ask do not see each other.
func held(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// readSmall reads the start of a file that is only a line.
func readSmall(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maximumPIDFileLength))
	return string(content), err
}

// until asks again and again, with pauses, whether something is done. The error is the context's when that ended,
// and context.DeadlineExceeded with a context that lives on when the limit passed.
func until(ctx context.Context, limit, pause time.Duration, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if ok, err := done(ctx); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
