package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Explain turns a driver's error into one that says what to do next, and has the driver's for its cause. title names the database.
// The codes are PostgreSQL's: https://www.postgresql.org/docs/current/errcodes-appendix.html
func Explain(err error, title string) error {
	explained := explain(err, title)
	if known := new(problem.Problem); errors.As(explained, &known) && known.Err == nil {
		known.Err = err
	}
	return explained
}

func explain(err error, title string) error {
	var server *pgconn.PgError
	var lookup *net.DNSError
	var file *sqlite.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &server):
		return explainServer(server, err, title)
	case errors.As(err, &certificate):
		return explainCertificate(certificate.Err, title)
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return problem.New("a server of Amazon RDS always has TLS, so this may be another one; else turn on ssl at the server, or correct sslmode in the URL",
			"database %s has no TLS, and the connection must have it", title)
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

// explainCertificate says why the server is not taken for the one that was meant.
func explainCertificate(err error, title string) error {
	if name := (x509.HostnameError{}); errors.As(err, &name) {
		return problem.New("give the name that the certificate is made out to, which for Amazon RDS is the endpoint of the instance and never a name of your own; through a tunnel keep that name, and set PGHOSTADDR to the near end",
			"the certificate of database %s is made out to another name: %w", title, err)
	}
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
		return problem.New("see that the host is the right one; if it is, name a file with its authorities in PGSSLROOTCERT: the ones of Amazon RDS that are built in lack the newest regions, GovCloud and China",
			"the certificate of database %s is from an authority that is not trusted: %w", title, err)
	}
	return problem.New("see that the clock of this machine is right, and renew the certificate of the server", "the certificate of database %s is not valid: %w", title, err)
}

// Pooled says that a pooler stands between Airlock and the server. https://www.pgbouncer.org/features.html
func Pooled(title string) error {
	return problem.New("connect to the server itself: another port or host than the pooler's, as a rule 5432",
		"database %s is reached through a pooler, behind which locks and settings do not stay with a session", title)
}

func explainServer(server *pgconn.PgError, err error, title string) error {
	if server.Code == "28000" && strings.Contains(server.Message, "pg_hba.conf") {
		return problem.New("if it says no encryption: connect with sslmode=require or verify-full; else the server must be told to let this user in from here",
			"database %s lets nobody in this way: %s", title, server.Message)
	}
	switch server.Code {
	case "42P05", "26000":
		return Pooled(title) // A prepared statement of another session, or one that went with it.
	case "08P01":
		if strings.Contains(server.Message, "startup parameter") {
			return Pooled(title)
		}
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
