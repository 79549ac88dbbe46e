package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	// The driver registers itself as "sqlite".
	_ "modernc.org/sqlite"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// most bounds how many rows that break a foreign key are counted, and how many faults of a file are told.
const most = 100

// SQLiteOptions say which database is copied, and where to.
type SQLiteOptions struct {
	// Path is the database file.
	Path string
	// Directory holds the snapshots. It is made when it is missing.
	Directory string
	// Now is the clock.
	Now func() time.Time
}

// SQLite keeps snapshots of a SQLite file as SQLite files.
type SQLite struct {
	folder
	path string
}

var _ Store = (*SQLite)(nil)

// NewSQLite returns the store of one SQLite file. Nothing is read or made yet.
func NewSQLite(options SQLiteOptions) (*SQLite, error) {
	path, pathErr := filepath.Abs(options.Path)
	directory, directoryErr := filepath.Abs(options.Directory)
	if err := errors.Join(pathErr, directoryErr); err != nil {
		return nil, err
	}
	return &SQLite{folder{directory, "sqlite", options.Now}, path}, nil
}

// ready sees that the file can be read and that the snapshot has a place.
func (s *SQLite) ready(ctx context.Context) error {
	source, err := openReadOnly(s.path, "0")
	if err != nil {
		return err
	}
	if err := errors.Join(source.PingContext(ctx), source.Close()); err != nil {
		return database.Explain(err, s.path)
	}
	return s.writable()
}

// Create copies the file as it was at one moment, while others read it; whoever writes waits, unless the file is in WAL mode.
// https://www.sqlite.org/lang_vacuum.html#vacuuminto
func (s *SQLite) Create(ctx context.Context, name string, tags Tags, schemaVersion int64, progress Progress) (Snapshot, error) {
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return Snapshot{}, problem.New("correct the path under database.sqlite; a new environment needs its first `airlock migrate up`",
			"there is no database file %s to take a snapshot of", s.path)
	}
	return s.create(ctx, name, tags, schemaVersion, func(path string, _ *os.File) (content, error) {
		if err := s.copyTo(ctx, path, progress); err != nil {
			return content{}, database.Explain(err, s.path)
		}
		copied, err := openReadOnly(path, "1")
		if err != nil {
			return content{}, err
		}
		defer copied.Close()
		return look(ctx, copied)
	})
}

func (s *SQLite) copyTo(ctx context.Context, path string, progress Progress) error {
	source, err := openReadOnly(s.path, "0")
	if err != nil {
		return err
	}
	defer source.Close()
	var size int64
	if err := source.QueryRowContext(ctx, "select page_count * page_size from pragma_page_count, pragma_page_size").Scan(&size); err != nil {
		return err
	}
	stop := follow(ctx, progress, path, size, "copying the database file")
	defer stop()
	_, err = source.ExecContext(ctx, "vacuum into ?", path)
	return err
}

// Check compares the copy with its record, and lets SQLite look at every page and index of it.
// https://www.sqlite.org/pragma.html#pragma_integrity_check
func (s *SQLite) Check(ctx context.Context, snapshot Snapshot) error {
	recorded, err := s.check(snapshot)
	if err != nil {
		return err
	}
	copied, err := openReadOnly(recorded.Location, "1")
	if err != nil {
		return err
	}
	defer copied.Close()
	faults, err := database.Texts(ctx, copied, fmt.Sprintf("pragma integrity_check(%d)", most))
	if err != nil {
		return database.Explain(err, recorded.Location)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return fmt.Errorf("SQLite's integrity check says: %s", strings.Join(faults, "; "))
	}
	return nil
}

// openReadOnly opens a file that must exist; opening it in another mode would make it. A copy is immutable ("1"): SQLite
// then puts no files beside it.
func openReadOnly(path, immutable string) (*sql.DB, error) {
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	name.RawQuery = url.Values{"mode": {"ro"}, "immutable": {immutable}, "_pragma": {"busy_timeout(10000)"}}.Encode()
	return sql.Open("sqlite", name.String())
}

// look counts the rows of all tables, and the rows that break a foreign key: those are the data's fault and not the
// copy's, and restoring brings them back.
func look(ctx context.Context, copied *sql.DB) (content, error) {
	var found content
	names, err := database.Texts(ctx, copied, `select name from pragma_table_list
		where schema = 'main' and type in ('table', 'shadow') and name not like 'sqlite\_%' escape '\' order by name`)
	if err != nil {
		return content{}, err
	}
	for _, name := range names {
		table := Table{Name: name}
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		if err := copied.QueryRowContext(ctx, "select count(*) from "+quoted).Scan(&table.Rows); err != nil {
			return content{}, fmt.Errorf("rows of %s: %w", name, err)
		}
		found.tables = append(found.tables, table)
	}
	broken, err := database.Texts(ctx, copied, fmt.Sprintf(`select "table" from pragma_foreign_key_check limit %d`, most))
	switch {
	case err != nil:
		// A key that refers to a table or column that is not there cannot be checked.
		found.notes = []string{fmt.Sprintf("the foreign keys cannot be checked: %v", err)}
	case len(broken) == most:
		found.notes = []string{fmt.Sprintf("%d or more rows break a foreign key", most)}
	case len(broken) > 0:
		found.notes = []string{fmt.Sprintf("%d rows break a foreign key", len(broken))}
	}
	return found, nil
}
