package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func (s *SQLite) newest(ctx context.Context) (Snapshot, error) {
	snapshots, err := s.list()
	if err != nil {
		return Snapshot{}, err
	}
	return newestOf(ctx, s, snapshots, "in "+s.directory)
}

// restore copies the snapshot's file, which is a complete database: SQLite wrote it at once and has no journal of it.
func (s *SQLite) restore(ctx context.Context, snapshot Snapshot, options CopyOptions) (*Scratch, error) {
	folder, err := scratchFolder()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "copy.db")
	stop := follow(ctx, options.Progress, path, snapshot.Bytes, "copying the snapshot "+snapshot.Name)
	err = copyFile(ctx, path, snapshot.Location)
	stop()
	if err != nil {
		return nil, errors.Join(problem.New("see that the disk has space", "the snapshot %s cannot be copied: %w", snapshot.Name, err), os.RemoveAll(folder))
	}
	return &Scratch{
		Settings: database.Settings{Dialect: database.SQLite, Path: path}, Title: title(s.path, snapshot, s.now()), Rows: true,
		drop: func(context.Context) error { return os.RemoveAll(folder) },
	}, nil
}

// copyFile writes a new file that only this user can read.
func copyFile(ctx context.Context, path, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, interruptible{ctx, source})
	return err
}

// interruptible reads until ctx ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (i interruptible) Read(buffer []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.Reader.Read(buffer)
}
