package probe

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// schema is portable to both databases.
const schema = `create table heroes (id integer primary key, name text, level numeric(6, 2), born text);
insert into heroes values (1, 'Ada', 7.50, null), (2, 'Bo', 3, '007');`

// open returns a database with two heroes, gone when the test has ended.
func open(t *testing.T, dialect database.Dialect) *database.Database {
	t.Helper()
	settings := database.Settings{Dialect: dialect, Path: filepath.Join(t.TempDir(), "wos.db"), Create: true}
	if dialect == database.PostgreSQL {
		settings.URL = databasetest.PostgreSQL(t)
	}
	opened := databasetest.Open(t, settings)
	for statement := range strings.SplitSeq(strings.TrimSuffix(schema, ";"), ";\n") {
		if _, err := opened.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return opened
}

func ask(t *testing.T, options SQLOptions) Look {
	t.Helper()
	options.Name = "heroes"
	probe, err := NewSQL(options)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Look(t.Context())
}

func TestSQL(t *testing.T) {
	t.Parallel()
	for _, dialect := range []database.Dialect{database.SQLite, database.PostgreSQL} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			opened := open(t, dialect)
			for name, test := range map[string]struct {
				query, want string
				verdict     checklist.Verdict
				evidence    string
			}{
				"count":             {"select count(*) from heroes;", "2", checklist.Pass, `"2" in `},
				"wrong count":       {"select count(*) from heroes", "0", checklist.Fail, `wanted "0", got "2"`},
				"number by value":   {"select level from heroes where id = 1", "7.5", checklist.Pass, `in `},
				"number as text":    {"select '0.00'", "0", checklist.Pass, `"0.00" in `},
				"text":              {"select name from heroes where id = 1", "Ada", checklist.Pass, `"Ada" in `},
				"other text":        {"select name from heroes where id = 1", "ada", checklist.Fail, `wanted "ada", got "Ada"`},
				"huge number":       {"select '1e999999999'", "1", checklist.Fail, `got "1e999999999"`},
				"NULL":              {"select born from heroes where id = 1", "NULL", checklist.Fail, `wanted "NULL", got NULL`},
				"NULL is not empty": {"select born from heroes where id = 1", "", checklist.Fail, `got NULL`},
				"no row":            {"select id from heroes where id = 9", "9", checklist.Fail, "wanted one row, got none"},
				"two rows":          {"select id from heroes", "1", checklist.Fail, "wanted one row, got more"},
				"two columns":       {"select id, name from heroes where id = 1", "1", checklist.Fail, "wanted one column, got 2"},
				"no such table":     {"select count(*) from villains", "0", checklist.Fail, "villains"},
				"a write":           {"with x as (select 1) delete from heroes returning id", "1", checklist.Fail, "read"},
				"an update":         {"with x as (select 1) update heroes set level = 0 where id = 1 returning id", "1", checklist.Fail, "read"},
			} {
				t.Run(name, func(t *testing.T) {
					got := ask(t, SQLOptions{Database: opened, Query: test.query, Want: test.want})
					if got.Verdict != test.verdict || !strings.Contains(got.Evidence, test.evidence) {
						t.Errorf("got %s %q, want %s %q", got.Verdict, got.Evidence, test.verdict, test.evidence)
					}
				})
			}
			// Then every hero is as before, and the pool can still write.
			if got := ask(t, SQLOptions{Database: opened, Query: "select sum(level) from heroes", Want: "10.5"}); got.Verdict != checklist.Pass {
				t.Errorf("got %s %q", got.Verdict, got.Evidence)
			}
			if _, err := opened.ExecContext(t.Context(), "delete from heroes"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSQLInTime(t *testing.T) {
	t.Parallel()
	for dialect, query := range map[database.Dialect]string{
		database.PostgreSQL: "select pg_sleep(60)::text",
		database.SQLite:     "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
	} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			got := ask(t, SQLOptions{Database: open(t, dialect), Query: query, Want: "1", Within: 200 * time.Millisecond})
			if want := "no complete answer within 200 ms"; got.Verdict != checklist.Fail || got.Evidence != want {
				t.Errorf("got %s %q, want %q", got.Verdict, got.Evidence, want)
			}
			if got.Took > 10*time.Second {
				t.Errorf("took %s", got.Took)
			}
		})
	}
}

func TestSQLWithoutDatabaseIsInconclusive(t *testing.T) {
	t.Parallel()
	opened := open(t, database.SQLite)
	opened.Close()
	if got := ask(t, SQLOptions{Database: opened, Query: "select 1", Want: "1"}); got.Verdict != checklist.Inconclusive {
		t.Errorf("got %s %q", got.Verdict, got.Evidence)
	}
}

func TestSQLOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, options := range []SQLOptions{
		{Query: "select 1"}, {Name: "x"}, {Name: "x", Query: "delete from heroes"}, {Name: "x", Query: "pragma query_only = 0"},
		{Name: "x", Query: "select 1; commit; delete from heroes"}, {Name: "x", Query: "selection"}, {Name: "x", Query: "select 1", Within: -1},
		{Name: "x", Query: "vacuum into '/tmp/x'"}, {Name: "x", Query: "/* */ select 1"},
	} {
		if _, err := NewSQL(options); err == nil {
			t.Errorf("%+v was accepted", options)
		}
	}
}

func FuzzEqual(f *testing.F) {
	f.Add("0.00", "0")
	f.Add("1e999999999", "1")
	f.Fuzz(func(t *testing.T, got, want string) {
		if equal(got, want) != equal(want, got) || !equal(got, got) {
			t.Errorf("%q and %q", got, want)
		}
	})
}
