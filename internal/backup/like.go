package backup

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// likeQuery writes what makes an empty database with the encoding and the locale of this one: what sorts otherwise is no copy. The
// provider is always named, because that of template0 holds otherwise. The columns are those of the server's version.
// https://www.postgresql.org/docs/current/sql-createdatabase.html and https://www.postgresql.org/docs/current/catalog-pg-database.html
const likeQuery = `SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', $1::text, pg_encoding_to_char(encoding), datcollate, datctype) || concat(
  CASE row->>'datlocprovider' WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(row->>'datlocale', row->>'daticulocale'))
    WHEN 'c' THEN ' LOCALE_PROVIDER libc'
    WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', row->>'datlocale') END,
  CASE WHEN row->>'daticurules' <> '' THEN format(' ICU_RULES %L', row->>'daticurules') END)
FROM (SELECT d.*, to_jsonb(d) AS row FROM pg_database d WHERE datname = current_database()) d`

// settingsQuery writes what gives a database the settings that this one has for all its users, and those that single roles have in it.
// Lists are kept as they were written, with quotes of their own: see variable_is_guc_list_quote in
// https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/dumputils.c
const settingsQuery = `SELECT CASE WHEN setrole = 0 THEN format('ALTER DATABASE %I', $1::text) ELSE format('` + ofRole + `%I IN DATABASE %I', pg_get_userbyid(setrole), $1::text) END ||
  format(' SET %I TO ', name) || CASE
  WHEN name IN ('local_preload_libraries', 'search_path', 'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories') THEN coalesce(nullif(value, ''), quote_literal(''))
  ELSE quote_literal(value) END
FROM (SELECT setrole, split_part(one, '=', 1) AS name, substr(one, strpos(one, '=') + 1) AS value FROM pg_db_role_setting s, unnest(s.setconfig) AS one
  WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())) settings`

// ofRole begins the statements that are about one role only.
const ofRole = "ALTER ROLE "

// createLike makes an empty database like the one that db is connected to.
func createLike(ctx context.Context, db *database.Database, name string) error {
	var statement string
	if err := db.QueryRowContext(ctx, likeQuery, name).Scan(&statement); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, statement)
	return err
}

// setLike gives a database the settings of the one that db is connected to. Those of a role stay out where the user may not give
// them: only that role's own sessions would miss them, and migrations run as this user.
// https://www.postgresql.org/docs/current/sql-alterrole.html
func setLike(ctx context.Context, db *database.Database, name string) error {
	statements, err := database.Texts(ctx, db, settingsQuery, name)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		_, err := db.ExecContext(ctx, statement)
		if refused := new(pgconn.PgError); strings.HasPrefix(statement, ofRole) && errors.As(err, &refused) && refused.Code == insufficientPrivilege {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insufficientPrivilege is from https://www.postgresql.org/docs/current/errcodes-appendix.html
const insufficientPrivilege = "42501"

// dropLeft drops the copies of runs that were killed: old ones, to which nobody is connected. One that cannot be dropped, because it
// is in use by now for example, is no reason not to make another.
func dropLeft(ctx context.Context, db *database.Database, now time.Time) error {
	names, err := database.Texts(ctx, db, `SELECT datname FROM pg_database d WHERE datname LIKE $1 AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
AND pg_has_role(datdba, 'USAGE')`, strings.ReplaceAll(scratchPrefix, "_", `\_`)+"%")
	if err != nil {
		return database.Explain(err, db.Title)
	}
	for _, name := range names {
		made, _, _ := strings.Cut(strings.TrimPrefix(name, scratchPrefix), "_")
		if at, err := time.Parse(scratchTime, made); err == nil && now.Sub(at) > scratchAge {
			_, _ = db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize())
		}
	}
	return context.Cause(ctx)
}
