package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// The targets of a fingerprint of rows, which are ratios of median wall-clock times: at most so many times as long as the quickest
// statement by which people compare tables, which overlooks pairs of equal rows, and at least so many times as fast as the one that
// overlooks nothing. The memory of a rehearsal, which takes fingerprints, is in megabytes.
const (
	besideXorTarget       = 1.3
	besideMD5Target       = 8
	rehearsalMemoryTarget = 100
)

// pgbenchScale is that of the database that is measured: 5,000,000 accounts, of 640 MB.
const pgbenchScale = 50

// keyed is a table with what orders its rows.
type keyed struct{ name, key string }

// xor and md5 are the statements that people run, one for each table, one after the other on one connection.
func (t keyed) xor() string {
	return "select bit_xor(hash_record_extended(t, 0)) from " + t.name + " t"
}
func (t keyed) md5() string {
	return "select md5(string_agg(md5(t::text), '' order by " + t.key + ")) from " + t.name + " t"
}

// fingerprints compares fingerprints of a database that pgbench filled with statements over the same tables, and rehearses a migration
// on a copy of it.
func (b *bench) fingerprints(ctx context.Context, place place) (err error) {
	b.say("pgbench -i -s %d", b.scale)
	filled, err := place.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, filled.drop()) }()
	variables, err := filled.libpq()
	if err != nil {
		return err
	}
	fill := program{path: "pgbench", arguments: []string{"-i", "-q", "-s", strconv.Itoa(b.scale)}, directory: b.folder, variables: variables}
	if _, err := fill.run(ctx); err != nil {
		return err
	}
	together := fingerprinted{
		item:   fmt.Sprintf("pgbench of scale %d", b.scale),
		tables: []keyed{{"pgbench_accounts", "aid"}, {"pgbench_branches", "bid"}, {"pgbench_tellers", "tid"}, {"pgbench_history", "mtime"}},
		// A branch has 10 tellers and 100,000 accounts: https://www.postgresql.org/docs/current/pgbench.html
		rows: int64(b.scale) * 100_011, target: besideXorTarget, md5Target: besideMD5Target,
	}
	alone := together
	alone.item, alone.alone = together.item+", one process each", true
	for _, one := range []fingerprinted{together, alone} {
		if err := b.compareFingerprint(ctx, filled, one); err != nil {
			return err
		}
	}
	if err := b.throughText(ctx, place); err != nil {
		return err
	}
	return b.rehearse(ctx, filled)
}

// rehearse measures what the rehearsal of a migration takes that changes the largest table.
func (b *bench) rehearse(ctx context.Context, filled emptyDatabase) error {
	const text = "-- +goose Up\nalter table pgbench_accounts add column note text not null default '';\n\n-- +goose Down\nalter table pgbench_accounts drop column note;\n"
	folder, err := b.write("rehearsed", func(path string) error {
		return errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "00001_note.sql"), []byte(text), 0o600))
	})
	if err != nil {
		return err
	}
	_, err = b.once(ctx, fmt.Sprintf("migrate rehearse, pgbench of scale %d", b.scale), rehearsalMemoryTarget, b.airlockCall(filled, folder, "rehearse"))
	return err
}

// throughText compares the fingerprint of a table whose columns go through their text, because their hashes take different values for
// the same.
func (b *bench) throughText(ctx context.Context, place place) (err error) {
	filled, err := place.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, filled.drop()) }()
	rows := b.scale * 10_000
	err = filled.execute(ctx, fmt.Sprintf(`create table orders as select n as id, (n %% 9973)::numeric / 100 as price, jsonb_build_object('pieces', n %% 7) as details,
  (n %% 1440) * interval '1 minute' as lasts, n / 3.0::float8 as weight from generate_series(1, %d) n`, rows), "vacuum analyze")
	if err != nil {
		return err
	}
	item := fmt.Sprintf("%d rows with 4 of 5 columns as text", rows)
	return b.compareFingerprint(ctx, filled, fingerprinted{item: item, tables: []keyed{{"orders", "id"}}, rows: int64(rows)})
}

// fingerprinted is a comparison of a fingerprint with statements over the same tables.
type fingerprinted struct {
	item   string
	tables []keyed
	// rows are how many there are in all of them.
	rows int64
	// alone tells that one process of the server works at a time, which tells what the work itself takes: the fingerprint is read on
	// one connection, and no statement has workers. Otherwise both are as a user has them: airlock reads on two connections, and the
	// server decides how many workers a statement gets.
	alone bool
	// The targets; zero is none.
	target, md5Target float64
}

// compareFingerprint reads a fingerprint in turn with the statements. All of it has been read before, and comes from memory.
func (b *bench) compareFingerprint(ctx context.Context, filled emptyDatabase, what fingerprinted) (err error) {
	b.say("fingerprint, %s", what.item)
	settings := filled.settings
	if what.alone {
		settings.URL, err = withParameter(settings.URL, "max_parallel_workers_per_gather", "0")
		if err != nil {
			return err
		}
	}
	db, err := database.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	connection, err := pgx.Connect(ctx, settings.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close(context.WithoutCancel(ctx))) }()
	read := func() (sample, error) {
		return timed(func() error { return readAll(ctx, db, what) })
	}
	each := func(statement func(keyed) string) func() (sample, error) {
		return func() (sample, error) {
			return timed(func() error {
				for _, table := range what.tables {
					if _, err := connection.Exec(ctx, statement(table)); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	calls := []func() (sample, error){read, each(keyed.xor)}
	if _, err := alternate(1, calls...); err != nil {
		return err
	}
	if !what.alone {
		calls = append(calls, each(keyed.md5))
	}
	taken, err := alternate(b.runs, calls...)
	if err != nil {
		return err
	}
	b.results = append(b.results, compare(besideXor, what.item, what.target, taken[0], taken[1]))
	if !what.alone {
		b.results = append(b.results, outrun(what.item, what.md5Target, taken[0], taken[2]))
	}
	return nil
}

// readAll reads the fingerprint, and makes sure that all rows are in it: what reads less is faster.
func readAll(ctx context.Context, db *database.Database, what fingerprinted) error {
	options := fingerprint.Options{}
	if what.alone {
		options.Parallel = 1
	}
	data, err := fingerprint.Read(ctx, db, options)
	if err != nil {
		return err
	}
	var rows int64
	for _, table := range data.Tables {
		rows += table.Rows
	}
	if rows != what.rows || len(data.Tables) != len(what.tables) {
		return fmt.Errorf("the fingerprint has %d rows of %d tables, and should have %d of %d", rows, len(data.Tables), what.rows, len(what.tables))
	}
	return nil
}

// timed is the sample of what nothing is known of but how long it took.
func timed(call func() error) (sample, error) {
	started := time.Now()
	err := call()
	return sample{wall: time.Since(started)}, err
}

// withParameter returns a database URL whose sessions begin with a setting.
func withParameter(address, name, value string) (string, error) {
	location, err := url.Parse(address)
	if err != nil {
		return "", errNoURL
	}
	query := location.Query()
	query.Set(name, value)
	location.RawQuery = query.Encode()
	return location.String(), nil
}

// libpq returns the variables by which PostgreSQL's own programs find the database. A process list shows arguments, not these.
// https://www.postgresql.org/docs/current/libpq-envars.html
func (d emptyDatabase) libpq() ([]string, error) {
	location, err := url.Parse(d.settings.URL)
	if err != nil {
		return nil, errNoURL
	}
	password, _ := location.User.Password()
	return []string{
		"PGHOST=" + location.Hostname(), "PGPORT=" + location.Port(), "PGUSER=" + location.User.Username(), "PGPASSWORD=" + password,
		"PGDATABASE=" + strings.TrimPrefix(location.Path, "/"), "PGSSLMODE=" + location.Query().Get("sslmode"),
	}, nil
}
