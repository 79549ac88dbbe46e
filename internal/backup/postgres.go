package backup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/leash"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// stderrLimit bounds what is kept of a program's messages: the last ones, which name the cause.
	stderrLimit = 4 << 10
	// lockWait bounds how long pg_dump waits for a table that another session has locked for itself.
	lockWait = "60s"
	// patience is how long pg_dump may take to cancel its queries on the server after it was asked to end.
	patience = 10 * time.Second
)

var majorVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// PostgresOptions say which database is copied, and where to.
type PostgresOptions struct {
	// URL is the connection URL, postgres://user:password@host:port/name?…; it carries the password and is never printed.
	URL string
	// Bin is the folder of pg_dump and pg_restore; empty means those in PATH.
	Bin string
	// Directory holds the snapshots. It is made when it is missing.
	Directory string
	// Jobs is how many tables are copied at once; zero means as many as there are processors, at most four. A dump
	// needs one connection more than that.
	Jobs int
	// Now is the clock.
	Now func() time.Time
	// LookupEnv reads the environment, as os.LookupEnv does: pg_dump gets a few variables of it, such as PATH.
	LookupEnv func(string) (string, bool)
}

// Postgres keeps snapshots of a PostgreSQL database as folders that pg_restore reads.
type Postgres struct {
	folder
	options     PostgresOptions
	environment []string
	password    string
}

var _ Store = (*Postgres)(nil)

// NewPostgres returns the store of one PostgreSQL database. Nothing is read or made yet.
func NewPostgres(options PostgresOptions) (*Postgres, error) {
	environment, password, err := environment(options.URL, options.LookupEnv)
	if err != nil {
		return nil, err
	}
	directory, err := filepath.Abs(options.Directory)
	if err != nil {
		return nil, err
	}
	if options.Jobs == 0 {
		options.Jobs = min(4, runtime.NumCPU())
	}
	return &Postgres{folder{directory, "pg_dump", options.Now}, options, environment, password}, nil
}

// Create runs pg_dump, which copies the database as it was at one moment, while others read and write it.
// https://www.postgresql.org/docs/current/app-pgdump.html
func (p *Postgres) Create(ctx context.Context, name string, tags Tags, schemaVersion int64, progress Progress) (Snapshot, error) {
	size, err := p.prepare(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	return p.create(ctx, name, tags, schemaVersion, func(path string, lock *os.File) (content, error) {
		stop := follow(ctx, progress, path, size, "dumping; the total is the size of the database, and a dump is usually smaller")
		defer stop()
		dump := p.command("pg_dump", "--format=directory", "--jobs="+strconv.Itoa(p.options.Jobs), "--no-password",
			"--lock-wait-timeout="+lockWait, "--file="+path)
		dump.ExtraFiles = []*os.File{lock}
		if _, err := p.run(ctx, dump); err != nil {
			return content{}, err
		}
		tables, err := p.tables(ctx, path)
		return content{tables: tables}, err
	})
}

// ready sees that both programs and the server are there, fit each other, and that the snapshot has a place.
func (p *Postgres) ready(ctx context.Context) error {
	if _, err := p.prepare(ctx); err != nil {
		return err
	}
	if _, err := p.run(ctx, p.command("pg_restore", "--version")); err != nil {
		return err
	}
	return p.writable()
}

// prepare sees that pg_dump is there and not older than the server, and returns the size of the database in bytes.
func (p *Postgres) prepare(ctx context.Context) (size int64, err error) {
	text, err := p.run(ctx, p.command("pg_dump", "--version"))
	if err != nil {
		return 0, err
	}
	client, err := parseMajor(text)
	if err != nil {
		return 0, err
	}
	db, err := database.Open(ctx, database.Settings{Dialect: database.PostgreSQL, URL: p.options.URL, LookupEnv: p.options.LookupEnv})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var server int
	query := "select current_setting('server_version_num')::int / 10000, pg_database_size(current_database())"
	if err := db.QueryRowContext(ctx, query).Scan(&server, &size); err != nil {
		return 0, database.Explain(err, db.Title)
	}
	return size, compatible(client, server)
}

// compatible: pg_dump reads servers of its own version and older ones.
func compatible(client, server int) error {
	if client >= server {
		return nil
	}
	return problem.New(fmt.Sprintf("install the package postgresql-client-%d, or put its folder first in PATH", server),
		"pg_dump is of version %d and the server of version %d: an older pg_dump cannot copy it", client, server)
}

// parseMajor reads the output of pg_dump --version, such as "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func parseMajor(text string) (int, error) {
	match := majorVersion.FindStringSubmatch(text)
	if match == nil {
		return 0, problem.Unknown("see that pg_dump in PATH is PostgreSQL's", "pg_dump does not say its version: %.100q", text)
	}
	return strconv.Atoi(match[1])
}

// Check compares the dump with its record, and lets pg_restore read its table of contents.
func (p *Postgres) Check(ctx context.Context, snapshot Snapshot) error {
	recorded, err := p.check(snapshot)
	if err != nil {
		return err
	}
	tables, err := p.tables(ctx, recorded.Location)
	if err != nil {
		return err
	}
	if !slices.Equal(tables, recorded.Tables) {
		return fmt.Errorf("pg_restore lists %d tables, and the record %d others", len(tables), len(recorded.Tables))
	}
	return nil
}

func (p *Postgres) tables(ctx context.Context, path string) ([]Table, error) {
	list, err := p.run(ctx, p.command("pg_restore", "--list", path))
	if err != nil {
		return nil, err
	}
	return parseTables(list), nil
}

// tableCatalog is the object id of pg_class in any PostgreSQL; "TABLE DATA" and "TABLE ATTACH" have another or none.
const tableCatalog = "1259"

// parseTables reads the output of pg_restore --list. A line of a table is "215; 1259 16385 TABLE public heroes owner";
// pg_restore replaces line breaks in names. Spaces in the names of schema and owner cannot be told apart, which only
// affects how a table is called.
func parseTables(list string) []Table {
	var tables []Table
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) < 7 || words[1] != tableCatalog || words[3] != "TABLE" {
			continue
		}
		tables = append(tables, Table{Name: words[4] + "." + strings.Join(words[5:len(words)-1], " "), Rows: -1})
	}
	slices.SortFunc(tables, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return tables
}

// command prepares one of PostgreSQL's programs. Its arguments hold no secret: everybody on the machine can read them.
func (p *Postgres) command(program string, arguments ...string) *exec.Cmd {
	if p.options.Bin != "" {
		program = filepath.Join(p.options.Bin, program)
	}
	command := exec.Command(program, arguments...)
	// A path is not looked for by exec.Command.
	_, command.Err = exec.LookPath(program)
	command.Env = p.environment
	return command
}

// run returns what the command wrote to standard output.
func (p *Postgres) run(ctx context.Context, command *exec.Cmd) (string, error) {
	name := filepath.Base(command.Args[0])
	if command.Err != nil {
		return "", problem.New("install it (Debian and Ubuntu: `apt-get install postgresql-client`, Homebrew: `brew install libpq`)",
			"%s was not found on this machine", name)
	}
	var output bytes.Buffer
	messages := &tail{limit: stderrLimit}
	command.Stdout, command.Stderr = &output, messages
	err := leash.Run(ctx, command, leash.Ending{Signal: "TERM", Patience: patience})
	switch {
	case err == nil:
		return output.String(), nil
	case ctx.Err() != nil:
		return "", problem.New("run again: nothing of it is left", "%s was interrupted: %w", name, err)
	}
	return "", problem.New("if a table may not be read: the database user needs the role pg_read_all_data; if a lock timed out: try again at a quieter time",
		"%s failed: %w: %s", name, err, redact(messages.String(), p.password))
}
