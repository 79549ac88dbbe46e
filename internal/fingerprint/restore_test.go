package fingerprint_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// A copy made by pg_dump holds the same, though all its numbers of objects are others, and its files have other places for the rows.
func TestARestoredDumpIsTheSame(t *testing.T) {
	t.Parallel()
	from, to := databasetest.PostgreSQL(t), databasetest.PostgreSQL(t)
	original := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: from})
	role := setUp(t, original)
	run(t, original, `create schema v; set search_path = v, public; create sequence odd; create domain numbered as bigint default nextval('odd'); create table d (n numbered, gone int, o regclass, f regproc, k mood, l mood[], m pair, r floats) partition by list (k);
create table dx partition of d for values in ('x'); create table dy (r floats, m pair, l mood[], k mood, f regproc, o regclass, gone int, n numbered); alter table d attach partition dy for values in ('y'); alter table d drop gone;
insert into d (o, f, k, l, m, r) select 'd', 'now', k, array[k], row(n, null)::pair, floats(n, n + 0.1) from generate_series(1, 500) n, unnest(enum_range(null::mood)) k; insert into t (a, b) select n, repeat('long', n) from generate_series(1, 2000) n; delete from t where a % 3 = 0;
alter table t rename a to renamed; alter table d set schema s; reset search_path; refresh materialized view m`)
	run(t, original, "drop subscription sub; drop language lang") // A dump makes the one with other options, and a language from an extension only.
	dump := exec.CommandContext(t.Context(), "pg_dump", "--dbname", from)
	restore := exec.CommandContext(t.Context(), "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", to)
	var err error
	if restore.Stdin, err = dump.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	if output, err := restore.CombinedOutput(); err != nil || dump.Wait() != nil {
		t.Fatalf("%v: %s", err, output)
	}
	copied := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: to})
	t.Cleanup(func() { _, _ = copied.ExecContext(context.Background(), "drop owned by "+role) })
	options := fingerprint.Options{Columns: true, Skip: func(name fingerprint.Name) bool { return name.Name == "ft" }}
	for _, change := range fingerprint.Compare(read(t, original, options), read(t, copied, options)) {
		t.Errorf("%+v", change)
	}
	for _, difference := range fingerprint.CompareSchemas(schema(t, original), schema(t, copied)) {
		t.Error(difference.Message)
	}
}

// setUp makes an object of each kind, and a role of its own, which it returns.
func setUp(t *testing.T, db *database.Database) string {
	t.Helper()
	role := "airlock_" + strings.ToLower(rand.Text())
	for statement := range strings.SplitSeq(strings.ReplaceAll(seldom, "{role}", role), ";\n") {
		run(t, db, statement)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "set role none; drop subscription if exists sub; drop owned by "+role+" cascade; drop role "+role); err != nil {
			t.Error(err)
		}
	})
	return role
}

// The catalogs say the same to everybody, but for the options of user mappings.
func TestWhoMayReadNothingSeesTheWholeSchema(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	role := setUp(t, db)
	run(t, db, "revoke all on schema public, s from public; drop user mapping for postgres server far")
	before := schema(t, db)
	run(t, db, fmt.Sprintf("do $$ begin execute format('alter database %%I set role = %s', current_database()); end $$", role))
	db.SetMaxIdleConns(0)
	got := messages(fingerprint.CompareSchemas(before, schema(t, db)))
	if !slices.Equal(got, []string{"setting of the database is left"}) {
		t.Errorf("got %q", got)
	}
}
