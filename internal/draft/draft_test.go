package draft_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/draft"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/review"
)

const base = `-- +goose Up
create table users (id bigint primary key);
create table "Heroes" (id bigint generated always as identity primary key, owner bigint, level integer not null, "Title" text not null default 'new', note varchar(20));
insert into users values (1), (2);
insert into "Heroes" (owner, level, note) values (1, 7, 'a'), (2, 8, null);
-- +goose Down
drop table "Heroes";
drop table users;
`

func read(t *testing.T, folder fstest.MapFS) migration.Set {
	t.Helper()
	set, err := migration.Read(folder, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Each set is reviewed, and applied to a real server with rows: up, down and up again.
func TestSafeSets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		safe    string
		objects []string
		// files are the names that are written, rules what the review says of them; what is lost on purpose blocks.
		files, rules []string
	}{
		{"a column that must have a value", "drop-column", []string{"Heroes.level"}, []string{"00002_x_expand.sql", "00003_x_contract.sql"}, []string{"drop-column"}},
		{"a column with a default", "drop-column", []string{"Heroes.Title"}, []string{"00002_x.sql"}, []string{"drop-column"}},
		{"a value for all", "not-null", []string{"Heroes.note", "'none'"}, []string{"00002_x_check.sql", "00003_x_fill.sql", "00004_x_require.sql"}, nil},
		{"values that are there", "not-null", []string{"Heroes.owner"}, []string{"00002_x_check.sql", "00003_x_require.sql"}, nil},
		{"another name", "rename-column", []string{"Heroes.level", "Rank"}, []string{"00002_x_expand.sql", "00003_x_fill.sql", "00004_x_check.sql", "00005_x_require.sql", "00006_x_contract.sql"}, []string{"drop-column"}},
		{"another type", "type", []string{"public.Heroes.level", "bigint"}, []string{"00002_x_expand.sql", "00003_x_fill.sql", "00004_x_check.sql", "00005_x_require.sql", "00006_x_contract.sql"}, []string{"drop-column"}},
		{"another type and name", "type", []string{"Heroes.note", "text", "remark"}, []string{"00002_x_expand.sql", "00003_x_fill.sql", "00004_x_contract.sql"}, []string{"drop-column"}},
		{"an index", "index", []string{"Heroes.owner", "Heroes.level"}, []string{"00002_x.sql"}, nil},
		{"a foreign key", "foreign-key", []string{"Heroes.owner", "users.id"}, []string{"00002_x_index.sql", "00003_x_check.sql", "00004_x_validate.sql"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := fstest.MapFS{"00001_base.sql": {Data: []byte(base)}}
			files, err := draft.New(draft.Options{Set: read(t, folder), Name: "X", Safe: test.safe, Objects: test.objects})
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				folder[file.Name] = &fstest.MapFile{Data: []byte(file.Text)}
			}
			if diff := cmp.Diff(append([]string{"00001_base.sql"}, test.files...), slices.Sorted(maps.Keys(folder))); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			set := read(t, folder)
			report, err := review.Review(t.Context(), review.Options{Set: set, Title: "migrations", Version: 15, Today: time.Now(), Applied: func(version int64) bool { return version == 1 }})
			if err != nil {
				t.Fatal(err)
			}
			var rules []string
			for _, finding := range report.Findings {
				if finding.Severity == review.Blocking {
					rules = append(rules, finding.Rule)
				}
			}
			if diff := cmp.Diff(test.rules, rules); diff != "" {
				t.Errorf("blocking rules (-want +got):\n%s", diff)
			}
			m, err := apply.Open(t.Context(), apply.Options{Settings: database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}, Set: set, AcceptLoss: []string{apply.AnyLoss}})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for _, file := range set.Files {
				if _, err := m.Apply(t.Context(), file.Version, true); err != nil {
					t.Fatal(err)
				}
				if file.Version == 1 || strings.Contains(file.Name, "contract") || strings.HasSuffix(file.Name, "_x.sql") {
					continue // What is lost does not come back, as it is said in the file.
				}
				for _, up := range []bool{false, true} {
					if _, err := m.Apply(t.Context(), file.Version, up); err != nil {
						t.Fatalf("%s up %t: %v", file.Name, up, err)
					}
				}
			}
			if _, err := m.Down(t.Context(), 0); err != nil && !strings.Contains(err.Error(), "contains null values") {
				t.Fatal(err)
			}
		})
	}
}

// While both columns are there, each version finds in its own what the other wrote.
func TestBothColumnsAreKeptInStep(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{"00001_base.sql": {Data: []byte(base)}}
	files, err := draft.New(draft.Options{Set: read(t, folder), Name: "rank", Safe: "type", Objects: []string{"Heroes.level", "bigint", "rank"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files[:2] {
		folder[file.Name] = &fstest.MapFile{Data: []byte(file.Text)}
	}
	settings := database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}
	m, err := apply.Open(t.Context(), apply.Options{Settings: settings, Set: read(t, folder)})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := databasetest.Open(t, settings)
	for _, statement := range []string{
		`insert into "Heroes" (level) values (1)`, `insert into "Heroes" (rank) values (2)`,
		`update "Heroes" set level = 70 where level = 7`, `update "Heroes" set rank = 80 where rank = 8`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var got string
	if err := db.QueryRowContext(t.Context(), `select string_agg(level || '=' || rank, ' ' order by level) from "Heroes"`).Scan(&got); err != nil || got != "1=1 2=2 70=70 80=80" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNewNamesAndNumbers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 8, 9, 10, 0, time.UTC)
	tests := []struct{ given, name, want string }{
		{"", "Add Level-column", "00001_add_level_column.sql"},
		{"7_a.sql", "b", "8_b.sql"},
		{"0099_a.sql", "b", "0100_b.sql"},
		{"20250101000000_a.sql", "b", "20261127080910_b.sql"},
		{"20990101000000_a.sql", "b", "20990101000001_b.sql"},
	}
	for _, test := range tests {
		var set migration.Set
		if test.given != "" {
			set = read(t, fstest.MapFS{test.given: {Data: []byte("-- +goose Up\nselect 1;\n")}})
		}
		files, err := draft.New(draft.Options{Set: set, Name: test.name, Now: now})
		if err != nil || len(files) != 1 || files[0].Name != test.want || files[0].Text != "-- +goose Up\n\n-- +goose Down\n" {
			t.Errorf("%q behind %q: got %+v, %v", test.name, test.given, files, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	set := read(t, fstest.MapFS{"00001_base.sql": {Data: []byte(base)}})
	tests := []struct {
		name, safe string
		objects    []string
		want       string
	}{
		{"../x", "", nil, "no name for a migration"},
		{"x", "", []string{"y"}, "one argument too many"},
		{"x", "drop-column", nil, "needs table.column"},
		{"x", "drop-column", []string{"heroes.level"}, "no migration makes"},
		{"x", "drop-column", []string{"Heroes.missing"}, "no migration makes"},
		{"x", "drop-column", []string{"Heroes"}, "does not name a column"},
		{"x", "rename-column", []string{"Heroes.level", "owner"}, "has a column owner already"},
		{"x", "type", []string{"Heroes.level", "bigint; drop table users"}, "is no type"},
		{"x", "type", []string{"Heroes.level", "bigint not null"}, "is more than a type"},
		{"x", "not-null", []string{"Heroes.note", "1); drop table users; select (1"}, "is no value in SQL"},
		{"x", "index", []string{"Heroes.level", "users.id"}, "a column of another table"},
		{"x", "elsewhere", []string{"Heroes.level"}, "needs"},
	}
	for _, test := range tests {
		_, err := draft.New(draft.Options{Set: set, Name: test.name, Safe: test.safe, Objects: test.objects})
		if problem.KindOf(err) != problem.Usage || err == nil || !strings.Contains(err.Error(), test.want) || problem.Hint(err) == "" {
			t.Errorf("%v: got error %v with hint %q", test, err, problem.Hint(err))
		}
	}
}
