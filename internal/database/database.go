// Package database connects to the application's database: PostgreSQL through pgx, SQLite through modernc.org/sqlite.
// Every statement passes a connector that can be observed, so that whoever migrates sees and may refuse what runs.
package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Dialect is the kind of database.
type Dialect string

// The dialects that Airlock knows.
const (
	PostgreSQL Dialect = "postgresql"
	SQLite     Dialect = "sqlite"
)

// silence is how long a client may leave a transaction alone that holds locks.
const silence = time.Minute

// connectTimeout bounds one attempt to reach the server: a person waits for the answer.
const connectTimeout = 10 * time.Second

// Settings say which database to open and how.
type Settings struct {
	Dialect Dialect
	// URL is the PostgreSQL connection URL; it carries the password and is never printed.
	URL string
	// Path is the SQLite file.
	Path string
	// Name is the PostgreSQL database that the URL must lead to; empty accepts any.
	Name string
	// LookupEnv reads the environment, as os.LookupEnv does, for PGHOSTADDR, the address to connect to in place of the
	// host's, as through a tunnel, and for PGSSLROOTCERT, the authorities to trust; nil is an empty one. Without
	// PGSSLROOTCERT, the certificate of a host of Amazon RDS may be from the authorities of Amazon RDS.
	// https://www.postgresql.org/docs/current/libpq-envars.html
	LookupEnv func(string) (string, bool)
	// Create allows a SQLite file that does not exist to be made.
	Create bool
	// LockTimeout bounds the wait for a lock; zero leaves PostgreSQL's own, and 10 s on SQLite. StatementTimeout bounds each
	// statement on PostgreSQL; zero leaves the server's own.
	LockTimeout, StatementTimeout time.Duration
	// SearchPath is PostgreSQL's search_path of every connection, whatever the role or the database says; empty leaves it to them.
	SearchPath string
	// Lasting tells that the connections take locks: the server ends one that stays in a transaction and is silent, also when the
	// client's machine is gone.
	Lasting bool
	// Observer, if any, is told of every statement.
	Observer Observer
}

// Database is an open database, proven to be reachable.
type Database struct {
	*sql.DB
	Dialect Dialect
	// Title names the database for people, without any secret: "wos_sandbox on 127.0.0.1:5432" or the file's path.
	Title string
}

// Open connects and looks once: an unreachable server, a wrong password or another database than the one named is an
// error with a hint, and never repeats the URL.
func Open(ctx context.Context, settings Settings) (*Database, error) {
	open := openPostgreSQL
	if settings.Dialect == SQLite {
		open = openSQLite
	}
	database, err := open(settings)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := database.look(ctx, settings); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return database, nil
}

// look proves that the database answers and is the one that was meant.
func (d *Database) look(ctx context.Context, settings Settings) error {
	if d.Dialect == SQLite {
		// A file that is no database is noticed only when it is read.
		var tables int
		if err := d.QueryRowContext(ctx, "select count(*) from sqlite_schema").Scan(&tables); err != nil {
			return Explain(err, d.Title)
		}
		return nil
	}
	var name string
	if err := d.QueryRowContext(ctx, "select current_database()").Scan(&name); err != nil {
		return Explain(err, d.Title)
	}
	if settings.Name != "" && name != settings.Name {
		return problem.Wrong("correct the URL, or the name under database.postgres",
			"the database URL leads to %q, and the config names %q", name, settings.Name)
	}
	return nil
}

// openPostgreSQL prepares a pool; no connection is made yet.
func openPostgreSQL(settings Settings) (*Database, error) {
	route, err := settings.route()
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(settings.URL)
	if err != nil || settings.URL == "" {
		// The parser's own text can hold parts of the URL, and so of the password.
		return nil, problem.Wrong("its form is postgres://user:password@host:5432/name?sslmode=require; special characters of the password as %XX",
			"the database URL cannot be read")
	}
	route.apply(config)
	config.ConnectTimeout = connectTimeout
	parameters := config.RuntimeParams
	if parameters["application_name"] == "" {
		parameters["application_name"] = "airlock"
	}
	// A client that was killed must not leave its server process running with its locks.
	// https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
	parameters["client_connection_check_interval"] = "1000"
	if settings.Lasting {
		setMilliseconds(parameters, "idle_in_transaction_session_timeout", silence)
		parameters["tcp_keepalives_idle"], parameters["tcp_keepalives_interval"], parameters["tcp_keepalives_count"] = "10", "5", "3"
	}
	if settings.SearchPath != "" {
		parameters["search_path"] = settings.SearchPath
	}
	setMilliseconds(parameters, "lock_timeout", settings.LockTimeout)
	setMilliseconds(parameters, "statement_timeout", settings.StatementTimeout)
	// By default pgx closes the connection when a context ends, and ROLLBACK and unlocking then fail.
	config.BuildContextWatcherHandler = func(connection *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: connection, DeadlineDelay: 3 * time.Second}
	}
	return &Database{
		DB:      sql.OpenDB(observed{stdlib.GetConnector(*config), settings.Observer}),
		Dialect: PostgreSQL,
		Title:   fmt.Sprintf("%s on %s:%d", config.Database, config.Host, config.Port),
	}, nil
}

func setMilliseconds(parameters map[string]string, name string, value time.Duration) {
	if value > 0 {
		parameters[name] = strconv.FormatInt(value.Milliseconds(), 10)
	}
}

// openSQLite prepares a pool over one file.
func openSQLite(settings Settings) (*Database, error) {
	if settings.Create {
		if err := create(settings.Path); err != nil {
			return nil, problem.New("", "the database file cannot be made: %w", err)
		}
	} else if _, err := os.Stat(settings.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, problem.New("a first `airlock migrate up` makes it; else correct the path under database.sqlite",
			"there is no database file %s", settings.Path)
	}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: settings.Path}).EscapedPath()}
	// Without a busy timeout a reader at the wrong moment fails a migration at once.
	busy := fmt.Sprintf("busy_timeout(%d)", cmp.Or(settings.LockTimeout, connectTimeout).Milliseconds())
	name.RawQuery = url.Values{"mode": {"rw"}, "_pragma": {busy}}.Encode()
	connector := named{driver: &sqlite.Driver{}, name: name.String()}
	return &Database{DB: sql.OpenDB(observed{connector, settings.Observer}), Dialect: SQLite, Title: settings.Path}, nil
}

// create makes an empty file, which SQLite takes for an empty database, readable by its owner only. One that is there
// stays as it is.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// named is the connector of a driver that has none of its own.
type named struct {
	driver driver.Driver
	name   string
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.name) }
func (n named) Driver() driver.Driver                        { return n.driver }
