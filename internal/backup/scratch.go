package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// ScratchOptions say what is copied.
type ScratchOptions struct {
	// Settings lead to the database that is copied; it is only read.
	Settings database.Settings
	// Bin is the folder of pg_dump and pg_restore; empty means those in PATH.
	Bin string
	// MaximumBytes is the size up to which rows are copied too; of a larger database the copy has the schema only.
	MaximumBytes int64
	// Now is the clock, LookupEnv reads the environment as os.LookupEnv does.
	Now       func() time.Time
	LookupEnv func(string) (string, bool)
}

// Scratch is a copy of a database, in which everything may be changed, and which is thrown away.
type Scratch struct {
	// Settings lead to the copy. The password in the URL of a copy on RDS is one of its own, for the caller to mask.
	Settings database.Settings
	// Title names it for people.
	Title string
	// Rows tells that the rows were copied too.
	Rows bool
	// Snapshot is what the copy was made of; it has no name when that is the database itself.
	Snapshot Snapshot
	drop     func(context.Context) error
}

// Drop throws the copy away, also when ctx has ended, and takes ten minutes at most. What could not be thrown away is
// named by the error.
func (s *Scratch) Drop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropLimit)
	defer cancel()
	return s.drop(ctx)
}

const (
	// scratchPrefix begins the names of copies, which go on with the time.
	scratchPrefix = "airlock_rehearsal_"
	scratchTime   = "20060102150405"
	// scratchAge is the age from which on a copy that nobody uses is taken for one that was left behind.
	scratchAge = 6 * time.Hour
	// folderPattern names folders with copies, and folderAge is the age from which on one is taken for left behind.
	folderPattern = "airlock-rehearsal-*"
	folderAge     = 24 * time.Hour
	// dropLimit bounds how long throwing a copy away takes: RDS does not delete an instance in any state.
	dropLimit = 10 * time.Minute
)

// NewScratch copies a database to one beside it: on the same server, or as a file of the system's folder for temporary ones.
// Copies that earlier runs left behind because they were killed are dropped.
func NewScratch(ctx context.Context, options ScratchOptions) (*Scratch, error) {
	folder, err := scratchFolder()
	if err != nil {
		return nil, err
	}
	if options.Settings.Dialect == database.SQLite {
		return scratchFile(ctx, options, folder)
	}
	if options.LookupEnv, err = trusting(options, folder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	scratch, err := scratchDatabase(ctx, options, folder)
	// The dump holds all rows: it goes as soon as it is restored.
	if left := os.RemoveAll(folder); left != nil {
		if err = errors.Join(err, left); scratch != nil {
			err = errors.Join(err, scratch.Drop(ctx))
		}
		return nil, err
	}
	return scratch, err
}

// trusting returns an environment in which pg_dump trusts the authorities of Amazon RDS where airlock itself does.
func trusting(options ScratchOptions, folder string) (func(string) (string, bool), error) {
	location, err := url.Parse(options.Settings.URL)
	if given, _ := options.LookupEnv("PGSSLROOTCERT"); err != nil || given != "" || !database.OnRDS(location.Hostname()) || location.Query().Has("sslrootcert") {
		return options.LookupEnv, nil
	}
	path := filepath.Join(folder, "authorities.pem")
	if err := os.WriteFile(path, database.RDSCertificates(), 0o600); err != nil {
		return nil, problem.New("", "the certificates of Amazon RDS cannot be written down for pg_dump: %w", err)
	}
	return func(name string) (string, bool) {
		if name == "PGSSLROOTCERT" {
			return path, true
		}
		return options.LookupEnv(name)
	}, nil
}

// scratchFolder makes a folder that only this user can read, and removes those that earlier runs left behind because they
// were killed.
func scratchFolder() (string, error) {
	folder, err := os.MkdirTemp("", folderPattern)
	if err != nil {
		return "", problem.New("", "the copy has no place: %w", err)
	}
	// The age is told by the clock that stamps files, whatever clock the caller has.
	made, err := os.Stat(folder)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPattern)) // The only error is a wrong pattern.
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && info.IsDir() && made.ModTime().Sub(info.ModTime()) > folderAge {
			// Another user's stays, and is not ours to complain about.
			_ = os.RemoveAll(path)
		}
	}
	return folder, nil
}

// scratchFile copies a file, or begins a new one where there is none yet.
func scratchFile(ctx context.Context, options ScratchOptions, folder string) (*Scratch, error) {
	scratch := &Scratch{
		Settings: database.Settings{Dialect: database.SQLite, Path: filepath.Join(folder, "copy.db"), Create: true}, Title: "a new database, because there is none yet", Rows: true,
		drop: func(context.Context) error { return os.RemoveAll(folder) },
	}
	if _, err := os.Stat(options.Settings.Path); os.IsNotExist(err) {
		return scratch, nil
	}
	store, err := NewSQLite(SQLiteOptions{Path: options.Settings.Path, Directory: folder, Now: options.Now})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := store.copyTo(ctx, scratch.Settings.Path, silence{}); err != nil {
		return nil, errors.Join(database.Explain(err, options.Settings.Path), os.RemoveAll(folder))
	}
	scratch.Settings.Create, scratch.Title = false, "a copy of "+options.Settings.Path
	return scratch, nil
}

type silence struct{}

func (silence) Advance(int64, int64, string) {}

func scratchDatabase(ctx context.Context, options ScratchOptions, folder string) (*Scratch, error) {
	source, err := NewPostgres(PostgresOptions{URL: options.Settings.URL, Bin: options.Bin, Directory: folder, Now: options.Now, LookupEnv: options.LookupEnv})
	if err != nil {
		return nil, err
	}
	size, err := source.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if err := source.restores(ctx, options.Settings); err != nil {
		return nil, err
	}
	scratch, err := scratchBeside(ctx, options.Settings, options.Now())
	if err != nil {
		return nil, err
	}
	scratch.Title, scratch.Rows = "a copy of "+scratch.Title, size <= options.MaximumBytes
	if err := source.refill(ctx, folder, scratch); err != nil {
		return nil, errors.Join(err, scratch.Drop(ctx))
	}
	return scratch, nil
}

// scratchBeside makes an empty database beside the one that the settings lead to, and drops those that were left behind.
// Its title is that of the other one.
func scratchBeside(ctx context.Context, settings database.Settings, now time.Time) (*Scratch, error) {
	db, err := database.Open(ctx, settings)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := dropLeft(ctx, db, now); err != nil {
		return nil, err
	}
	name := scratchPrefix + now.UTC().Format(scratchTime) + "_" + strings.ToLower(rand.Text()[:8])
	scratch := &Scratch{Settings: settings, Title: db.Title, drop: func(ctx context.Context) error {
		return dropScratch(ctx, settings, name)
	}}
	if scratch.Settings.URL, err = withDatabase(settings.URL, name); err != nil {
		return nil, err
	}
	scratch.Settings.Name = name
	if err := createLike(ctx, db, name); err != nil {
		err = problem.New("the database user needs the right to make databases: alter role NAME createdb; on RDS the master user has it",
			"the copy cannot be made: %w", database.Explain(err, db.Title))
		if ctx.Err() != nil { // It may be there nevertheless.
			err = errors.Join(err, scratch.Drop(ctx))
		}
		return nil, err
	}
	if err := setLike(ctx, db, name); err != nil {
		return nil, errors.Join(problem.New("the user who owns the database may give its copy the same settings; settings of superusers only a superuser",
			"the copy cannot be given the settings of the database: %w", database.Explain(err, db.Title)), scratch.Drop(ctx))
	}
	return scratch, nil
}

// refill dumps the database and restores it into the copy; without rows, but for those that say what is applied.
func (p *Postgres) refill(ctx context.Context, folder string, scratch *Scratch) error {
	for i, part := range scratch.parts() {
		path := filepath.Join(folder, "dump"+strconv.Itoa(i))
		arguments := append([]string{"--format=directory", "--jobs=" + strconv.Itoa(p.options.Jobs), "--no-password", "--no-subscriptions", "--lock-wait-timeout=" + lockWait, "--file=" + path}, part...)
		if _, err := p.run(ctx, p.command("pg_dump", arguments...)); err != nil && !(i > 0 && strings.Contains(err.Error(), "no matching tables")) {
			return err
		} else if err != nil {
			continue // Nothing was ever applied.
		}
		if err := p.fill(ctx, scratch, path); err != nil {
			return err
		}
	}
	return nil
}

// parts are the options of pg_dump and pg_restore by which, one after the other, all of the copy is made.
func (s *Scratch) parts() [][]string {
	if s.Rows {
		return [][]string{nil}
	}
	return [][]string{{"--schema-only"}, {"--data-only", "--table=" + database.GooseTable, "--table=" + database.RecordTable}}
}

// fill restores a dump, or the part of it that the options of pg_restore name, into the copy. Subscriptions stay out: the
// copy would take the changes that others publish from the original.
func (p *Postgres) fill(ctx context.Context, scratch *Scratch, path string, part ...string) error {
	into, err := NewPostgres(PostgresOptions{URL: scratch.Settings.URL, Bin: p.options.Bin, Directory: p.directory, Now: p.options.Now, LookupEnv: p.options.LookupEnv})
	if err != nil {
		return err
	}
	arguments := append([]string{"--exit-on-error", "--no-password", "--no-subscriptions", "--jobs=" + strconv.Itoa(p.options.Jobs), "--dbname=" + scratch.Settings.Name}, part...)
	_, err = into.run(ctx, into.command("pg_restore", append(arguments, path)...))
	return err
}

// withDatabase returns a connection URL that leads to another database of the same server.
func withDatabase(connection, name string) (string, error) {
	location, err := url.Parse(connection)
	if err != nil {
		return "", problem.Wrong("", "the database URL cannot be read")
	}
	location.Path = "/" + name
	return location.String(), nil
}

func dropScratch(ctx context.Context, settings database.Settings, name string) error {
	db, err := database.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	if err != nil {
		return problem.New("drop it by hand: it holds a copy of the rows", "the copy %s is left on the server: %w", name, database.Explain(err, db.Title))
	}
	return nil
}
