package application

import (
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// open returns the pool of the database at address: postgres://…, postgresql://… or sqlite:PATH. It does not connect yet, so that
// an application whose database is away starts and says so at /healthz. Its errors never hold the address, which may have a password.
func open(address string) (*sql.DB, error) {
	database, err := openPool(address)
	if err != nil {
		return nil, err
	}
	database.SetMaxOpenConns(10)
	database.SetMaxIdleConns(10)
	database.SetConnMaxIdleTime(5 * time.Minute)
	return database, nil
}

func openPool(address string) (*sql.DB, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "postgres", "postgresql":
		settings, err := pgx.ParseConfig(address)
		if err != nil {
			return nil, errors.New("DATABASE_URL is not a valid PostgreSQL address: expected postgres://user:password@host:port/database")
		}
		if settings.ConnectTimeout == 0 {
			settings.ConnectTimeout = pageLimit
		}
		if settings.RuntimeParams["application_name"] == "" {
			settings.RuntimeParams["application_name"] = "wos"
		}
		return stdlib.OpenDB(*settings), nil
	case "sqlite":
		if rest == "" || strings.HasPrefix(rest, "//") {
			return nil, errors.New("DATABASE_URL is not a valid SQLite address: expected sqlite:PATH, such as sqlite:wos.db or sqlite:/var/lib/wos.db")
		}
		// "rw" and not "rwc": an application that made an empty database of its own would hide a wrong path.
		return sql.Open("sqlite", "file:"+(&url.URL{Path: rest}).EscapedPath()+"?mode=rw&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	default:
		return nil, errors.New("DATABASE_URL is neither postgres://…, postgresql://… nor sqlite:PATH")
	}
}
