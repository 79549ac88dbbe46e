package database

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Explain turns a driver's error into one that says what to do next. title names the database.
// The codes are PostgreSQL's: https://www.postgresql.org/docs/current/errcodes-appendix.html
func Explain(err error, title string) error {
	var server *pgconn.PgError
	var lookup *net.DNSError
	var file *sqlite.Error
	switch {
	case errors.As(err, &server):
		return explainServer(server, err, title)
	case errors.As(err, &file):
		return explainFile(file, err, title)
	case errors.As(err, &lookup):
		return problem.New("check the host of the database URL", "the host of database %s is not known", title)
	case errors.Is(err, syscall.ECONNREFUSED):
		return problem.New("is the server running, and are host and port of the database URL right?",
			"nothing answers at database %s: connection refused", title)
	case errors.Is(err, context.DeadlineExceeded):
		return problem.New("a private database is not reachable from here without a tunnel; check host, port, and the firewall",
			"database %s did not answer within %s", title, connectTimeout)
	}
	return problem.New("", "database %s: %w", title, err)
}

func explainServer(server *pgconn.PgError, err error, title string) error {
	switch server.Code {
	case "28P01", "28000":
		return problem.New("check user and password of the database URL",
			"database %s refused the user name or password (%s)", title, server.Code)
	case "3D000":
		return problem.New("create it, or correct the name at the end of the database URL", "database %s does not exist", title)
	case "57P03":
		return problem.New("try again in a moment", "database %s is starting up or shutting down", title)
	case "53300":
		return problem.New("wait, or raise max_connections", "database %s has no free connection", title)
	case "55P03":
		return problem.New("another session holds the lock: end it or try again at a quieter time; migrations.lock-timeout sets how long to wait",
			"database %s: %w", title, err)
	}
	return problem.New("", "database %s: %w", title, err)
}

func explainFile(file *sqlite.Error, err error, title string) error {
	switch file.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return problem.New("check the path under database.sqlite", "%s is not a SQLite database", title)
	case sqlite3.SQLITE_BUSY:
		return problem.New("another program writes to it; stop it or try again", "database %s is locked", title)
	}
	return problem.New("", "database %s: %w", title, err)
}
