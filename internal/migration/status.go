package migration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	goosedatabase "github.com/pressly/goose/v3/database"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Status compares a folder with a database.
type Status struct {
	// Current is the highest version applied, 0 when there is none.
	Current int64
	// Applied and Pending are the folder's files in the order of their versions.
	Applied, Pending []File
	// Unknown are versions that the database has and the folder lacks.
	Unknown []int64
	// Edited are applied files that are not what they were when Airlock applied them.
	Edited []File
	// Half is the migration that stopped halfway, nil when there is none.
	Half *HalfDone
}

// OutOfOrder returns the pending files that are older than a version which is applied already.
func (s Status) OutOfOrder() []File {
	return slices.DeleteFunc(slices.Clone(s.Pending), func(file File) bool { return file.Version > s.Current })
}

// Check returns an error when the pending files cannot be applied as they are: the database is newer than the folder,
// or a file would be applied after a later one.
func (s Status) Check() error {
	if len(s.Unknown) > 0 {
		return problem.New("promote a release that contains these migrations, or take them back with `airlock migrate down --to N --dir` and the folder that has them",
			"the database is newer than the migrations folder: it has applied version %s, and the folder lacks it", joinVersions(s.Unknown))
	}
	if late := s.OutOfOrder(); len(late) > 0 {
		return problem.New("give it a version higher than any that is applied: what was tested ran in the other order",
			"%s is older than version %d, which the database has applied already", joinNames(late), s.Current)
	}
	if len(s.Edited) > 0 {
		return problem.New("bring the file back as it was, and put the change into a new migration: `airlock migrate new NAME`",
			"%s was applied as another file: it was edited since", joinNames(s.Edited))
	}
	if s.Half != nil {
		return s.Half.explain()
	}
	return nil
}

// explain says how far the migration came, and how to go on.
func (h *HalfDone) explain() error {
	statements, direction := h.File.Up, "up"
	if h.Record.Down {
		statements, direction = h.File.Down, "down"
	}
	place := fmt.Sprintf("%s stopped halfway %s: %d of %d statements are done", h.File.Name, direction, h.Record.Position, len(statements))
	if h.Record.Position < len(statements) {
		next := statements[h.Record.Position]
		state := "the next one is not,"
		if h.Record.Started != "" {
			state = "it is not known whether the next one is, which had begun,"
		}
		place += fmt.Sprintf(", and %s in line %d: %s", state, next.Line, Excerpt(next.SQL, 120))
	}
	return problem.New(fmt.Sprintf("look at what that statement makes or drops in the database, then go on behind what is done: `airlock migrate %s --resume`", direction), "%s", place)
}

func joinVersions(versions []int64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(versions), " ", ", "), "[]")
}

func joinNames(files []File) string {
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Name
	}
	return strings.Join(names, ", ")
}

// ReadStatus reads goose's version table. A database without one has nothing applied; it is not made here, because
// looking must not change anything.
func ReadStatus(ctx context.Context, db *database.Database, set Set) (Status, error) {
	applied, err := appliedVersions(ctx, db)
	if err != nil {
		return Status{}, err
	}
	records, err := ReadRecords(ctx, db)
	if err != nil {
		return Status{}, err
	}
	var status Status
	for version := range applied {
		status.Current = max(status.Current, version)
		if _, known := set.Find(version); !known {
			status.Unknown = append(status.Unknown, version)
		}
	}
	slices.Sort(status.Unknown)
	for _, file := range set.Files {
		if applied[file.Version] {
			status.Applied = append(status.Applied, file)
		} else {
			status.Pending = append(status.Pending, file)
		}
		record, kept := records[file.Version]
		switch {
		case !kept:
		case record.Half() && record.Applied == applied[file.Version]:
			status.Half = &HalfDone{File: file, Record: record}
		case record.Applied && applied[file.Version] && record.SHA256 != file.SHA256:
			status.Edited = append(status.Edited, file)
		}
	}
	return status, nil
}

// CurrentVersion returns the highest version that the database has applied, 0 when there is none.
func CurrentVersion(ctx context.Context, db *database.Database) (int64, error) {
	status, err := ReadStatus(ctx, db, Set{})
	return status.Current, err
}

// appliedVersions returns the set of versions that count as applied, without goose's own version 0.
func appliedVersions(ctx context.Context, db *database.Database) (map[int64]bool, error) {
	found, err := db.HasTable(ctx, database.GooseTable)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notHidden(ctx, db)
	}
	store, err := goosedatabase.NewStore(Dialect(db), database.GooseTable)
	if err != nil {
		return nil, err
	}
	rows, err := store.ListMigrations(ctx, db)
	if err != nil {
		return nil, database.Explain(err, db.Title)
	}
	applied := make(map[int64]bool)
	seen := map[int64]bool{0: true}
	for _, row := range rows {
		// Newest first: tables of old goose versions keep a row for each direction, and the last one counts.
		if !seen[row.Version] && row.IsApplied {
			applied[row.Version] = true
		}
		seen[row.Version] = true
	}
	return applied, nil
}

// notHidden returns an error when PostgreSQL has goose's table in a schema that search_path leaves out: taken for empty, the
// database would get every migration twice.
func notHidden(ctx context.Context, db *database.Database) error {
	if db.Dialect == database.SQLite {
		return nil
	}
	// The catalogs show tables that the user may not read, too.
	query := `select coalesce(string_agg(quote_ident(n.nspname), ', ' order by n.nspname), '') from pg_class c
		join pg_namespace n on n.oid = c.relnamespace where c.relname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')
		and not pg_table_is_visible(c.oid)` // One that is visible by now was made since, by another run.
	var schemas string
	if err := db.QueryRowContext(ctx, query, database.GooseTable).Scan(&schemas); err != nil {
		return database.Explain(err, db.Title)
	}
	if schemas == "" {
		return nil
	}
	return problem.Unknown("put the schema into the search_path of the URL (?search_path=NAME) or of the user (alter role NAME set search_path = NAME); if the user lacks the right, grant usage on schema NAME",
		"what is applied to %s is not known: the table %s is in the schema %s, which the connection's search_path does not show",
		db.Title, database.GooseTable, schemas)
}

// Dialect returns what goose calls the dialect of a database.
func Dialect(db *database.Database) goose.Dialect {
	if db.Dialect == database.SQLite {
		return goose.DialectSQLite3
	}
	return goose.DialectPostgres
}
