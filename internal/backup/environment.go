package backup

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// inherited are the variables that pg_dump needs of its surroundings: to be found, to find certificates and the near end of a tunnel, to
// write.
var inherited = []string{"PATH", "HOME", "TMPDIR", "PGHOSTADDR", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL"}

// variables are the query parameters of a connection URL that libpq takes from the environment as well.
// https://www.postgresql.org/docs/current/libpq-envars.html
var variables = map[string]string{
	"channel_binding":          "PGCHANNELBINDING",
	"connect_timeout":          "PGCONNECT_TIMEOUT",
	"gssencmode":               "PGGSSENCMODE",
	"krbsrvname":               "PGKRBSRVNAME",
	"options":                  "PGOPTIONS",
	"require_auth":             "PGREQUIREAUTH",
	"sslcert":                  "PGSSLCERT",
	"sslcertmode":              "PGSSLCERTMODE",
	"sslcrl":                   "PGSSLCRL",
	"sslkey":                   "PGSSLKEY",
	"sslmode":                  "PGSSLMODE",
	"sslnegotiation":           "PGSSLNEGOTIATION",
	"sslrootcert":              "PGSSLROOTCERT",
	"sslsni":                   "PGSSLSNI",
	"ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
	"ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
	"target_session_attrs":     "PGTARGETSESSIONATTRS",
}

// environment returns the environment that leads libpq to the database of the URL, and the password in it.
// The environment of a process can be read only by its own user, its arguments by everybody.
func environment(connection string, lookup func(string) (string, bool)) (environment []string, password string, err error) {
	location, parseErr := url.Parse(connection)
	config, configErr := pgconn.ParseConfig(connection)
	// libpq could be given several hosts, but which of them is copied should not depend on who answers.
	if parseErr != nil || strings.Contains(location.Host, ",") || configErr != nil || !slices.Contains([]string{"postgres", "postgresql"}, location.Scheme) {
		// The parsers' own texts can hold parts of the URL, and so of the password.
		return nil, "", problem.Wrong("its form is postgres://user:password@host:5432/name?sslmode=require, with one host; special characters of the password as %XX",
			"the database URL cannot be read")
	}
	values := map[string]string{
		"PGHOST": config.Host, "PGPORT": strconv.Itoa(int(config.Port)), "PGUSER": config.User, "PGPASSWORD": config.Password,
		"PGDATABASE": config.Database, "PGAPPNAME": "airlock", "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C",
	}
	for _, name := range inherited {
		if value, ok := lookup(name); ok {
			values[name] = value
		}
	}
	for key, value := range location.Query() {
		if name, ok := variables[key]; ok {
			values[name] = value[len(value)-1]
		} else if strings.HasPrefix(key, "ssl") || strings.HasPrefix(key, "service") || strings.HasPrefix(key, "passfile") {
			// Leaving it out would connect in another way than the one asked for.
			return nil, "", problem.Wrong("leave it out, or use one that the environment can carry, such as sslrootcert",
				"pg_dump cannot be given %s of the database URL", key)
		}
	}
	for name, value := range values {
		environment = append(environment, name+"="+value)
	}
	slices.Sort(environment)
	return environment, config.Password, nil
}

// redact removes the password from a program's messages.
func redact(text, password string) string {
	if password == "" {
		return text
	}
	return strings.ReplaceAll(text, password, "***")
}

// tail keeps the end of what is written to it.
type tail struct {
	limit int
	bytes []byte
	cut   bool
}

// Write keeps at most the last limit bytes and never fails.
func (t *tail) Write(text []byte) (int, error) {
	t.bytes = append(t.bytes, text...)
	if over := len(t.bytes) - t.limit; over > 0 {
		t.bytes, t.cut = t.bytes[over:], true
	}
	return len(text), nil
}

// String returns whole lines only: half of a password would not be recognized.
func (t *tail) String() string {
	text := string(t.bytes)
	if t.cut {
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.TrimSpace(text)
}
