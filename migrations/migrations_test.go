package migrations_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/migrations"
	"github.com/randomchaoslabs/airlock/migrations/migrationstest"
)

const (
	base   = 5
	newest = 8
)

// schemaOf describes a schema without goose's own table, one object a line.
var schemaOf = map[goose.Dialect]string{
	goose.DialectSQLite3: `select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_master
		where name not like 'goose_%' and name not like 'sqlite_seq%' order by 1`,
	goose.DialectPostgres: `select line from (
		select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as line
			from information_schema.columns where table_schema = 'public' and table_name not like 'goose_%'
		union all select 'index ' || indexdef from pg_indexes where schemaname = 'public' and tablename not like 'goose_%'
		union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
			where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'goose_%'
	) lines order by line`,
}

// rowsOf are the columns of the base set, in an order that both databases agree on.
var rowsOf = map[string]string{
	"users":    "select id, name, password_hash from users order by id",
	"profiles": "select id, user_id, display_name, title, realm, joined_year from profiles order by id",
	"heroes":   "select id, profile_id, name, class, level, power, victories from heroes order by id",
}

func TestEveryDownUndoesItsUp(t *testing.T) {
	t.Parallel()
	for _, dialect := range migrationstest.Dialects {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			database := migrationstest.New(t, dialect)
			provider := database.Provider(t)

			// Given the schema at every version on the way up,
			schemas := [][]string{lines(t, database, schemaOf[dialect])}
			var data map[string]string
			for version := int64(1); version <= newest; version++ {
				if _, err := provider.UpTo(ctx, version); err != nil {
					t.Fatalf("up to %d: %v", version, err)
				}
				schemas = append(schemas, lines(t, database, schemaOf[dialect]))
				if version == base {
					data = digests(t, database)
				}
			}
			if len(schemas[newest]) < 10 {
				t.Fatalf("got only %d objects: the comparison would prove nothing", len(schemas[newest]))
			}
			if diff := cmp.Diff(data, digests(t, database)); diff != "" {
				t.Errorf("the migrations after the base set changed rows (-before +after):\n%s", diff)
			}

			// when it goes down step by step, then each schema is the one from before, and the rows stay as long as their tables do;
			for version := int64(newest); version >= 1; version-- {
				if _, err := provider.DownTo(ctx, version-1); err != nil {
					t.Fatalf("down from %d: %v", version, err)
				}
				if diff := cmp.Diff(schemas[version-1], lines(t, database, schemaOf[dialect])); diff != "" {
					t.Errorf("down from %d (-before +after):\n%s", version, diff)
				}
				if version-1 >= base {
					if diff := cmp.Diff(data, digests(t, database)); diff != "" {
						t.Errorf("rows after down from %d (-before +after):\n%s", version, diff)
					}
				}
			}

			// and up again brings the same schema and rows.
			if _, err := provider.Up(ctx); err != nil {
				t.Fatal("up again: ", err)
			}
			if diff := cmp.Diff(schemas[newest], lines(t, database, schemaOf[dialect])); diff != "" {
				t.Errorf("schema after up again (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(data, digests(t, database)); diff != "" {
				t.Errorf("rows after up again (-before +after):\n%s", diff)
			}
		})
	}
}

func TestBothDatabasesGetTheSameRows(t *testing.T) {
	t.Parallel()
	want := digests(t, migrationstest.Migrated(t, goose.DialectSQLite3, base))
	got := digests(t, migrationstest.Migrated(t, goose.DialectPostgres, base))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-sqlite +postgres):\n%s", diff)
	}
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	questions := []struct {
		name, sql string
		want      int
	}{
		{"users", "select count(*) from users", 240},
		{"profiles", "select count(*) from profiles", 240},
		{"heroes", "select count(*) from heroes", 1200},
		{"every hero has a profile", "select count(*) from heroes h left join profiles p on p.id = h.profile_id where p.id is null", 0},
		{"every hero has a name of its own", "select count(distinct name) from heroes", 1200},
		{"every profile has a name of its own", "select count(distinct display_name) from profiles", 240},
		{"every profile has five heroes", "select count(*) from (select profile_id from heroes group by profile_id having count(*) = 5) t", 240},
		{"ayla and nobody else can sign in", "select count(*) from users where password_hash <> '!'", 1},
		{"no hero is in a guild yet", "select count(*) from heroes where guild_id is not null", 0},
	}
	for _, dialect := range migrationstest.Dialects {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			database := migrationstest.Migrated(t, dialect, newest)
			for _, question := range questions {
				var got int
				if err := database.QueryRow(question.sql).Scan(&got); err != nil || got != question.want {
					t.Errorf("%s: got %d, %v; want %d", question.name, got, err, question.want)
				}
			}
		})
	}
}

func TestForeignKeysHold(t *testing.T) {
	t.Parallel()
	for _, dialect := range migrationstest.Dialects {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			database := migrationstest.Migrated(t, dialect, newest)
			for _, statement := range []string{
				"delete from profiles where id = 1",
				"delete from users where id = 1",
				"update heroes set guild_id = 99 where id = 1",
				"update heroes set level = 61 where id = 1",
				"insert into profiles (id, user_id, display_name, title, realm, joined_year) values (999, 1, 'Second of Ayla', '', '', 2020)",
			} {
				if _, err := database.Exec(statement); err == nil {
					t.Errorf("got no error for %q", statement)
				}
			}
		})
	}
}

func TestFilesAreWhatGooseAndReviewersExpect(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^(\d{5})_[a-z_]+\.sql$`)
	files, err := fs.Glob(migrations.Files, "*")
	if err != nil || len(files) != newest {
		t.Fatalf("got %d files, %v; want %d", len(files), err, newest)
	}
	for i, file := range files {
		if match := name.FindStringSubmatch(file); match == nil || match[1] != fmt.Sprintf("%05d", i+1) {
			t.Errorf("got the name %q at place %d", file, i+1)
		}
		text, err := fs.ReadFile(migrations.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		_, down, found := strings.Cut(string(text), "-- +goose Down\n")
		if !found || strings.TrimSpace(down) == "" {
			t.Errorf("%s has no Down", file)
		}
		if strings.Contains(string(text), "NO TRANSACTION") {
			t.Errorf("%s leaves its transaction", file)
		}
	}
}

// lines returns the first column of a query as text.
func lines(t *testing.T, database migrationstest.Database, query string) []string {
	t.Helper()
	rows, err := database.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// digests returns a digest of the rows of each table of the base set.
func digests(t *testing.T, database migrationstest.Database) map[string]string {
	t.Helper()
	all := map[string]string{}
	for table, query := range rowsOf {
		rows, err := database.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		values, places := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(places...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(sum, "%q\n", values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		all[table] = hex.EncodeToString(sum.Sum(nil))
	}
	return all
}
