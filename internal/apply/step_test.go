package apply_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// cutAfter is a hook that runs a statement to its end, and then ends its session as if the client had been killed.
func cutAfter(t *testing.T, settings database.Settings, contains string) *after {
	return &after{contains: contains, t: t, settings: settings}
}

type after struct {
	contains string
	t        *testing.T
	settings database.Settings
	done     bool
}

func (a *after) Statement(_ context.Context, session database.Session, statement database.Statement, run func() error) error {
	err := run()
	if !a.done && strings.Contains(statement.SQL, a.contains) {
		a.done = true
		_, other := givenAt(a.t, a.settings.URL, "select 1")
		if _, err := other.Exec("select pg_terminate_backend($1)", int64(session.PID())); err != nil {
			a.t.Error(err)
		}
	}
	return err
}

func (*after) End(database.Session, bool, error) {}

// What runs alone and had begun is settled from the catalogs: the same run goes on by itself, another one when it is told to.
func TestWhatHadBegunIsSettled(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statement string
		// again is run when the statement was cut off before it began; done what proves that it ran once.
		query, want string
	}{
		{"an index", "create index concurrently heroes_level on heroes (level);", "select string_agg(indexrelid::regclass::text || indisvalid, ',' order by indexrelid::regclass::text) from pg_index where indrelid = 'heroes'::regclass", "heroes_leveltrue,old_indextrue"},
		{"an index without a name", "create index concurrently on heroes (level);", "select count(*)::text from pg_index where indrelid = 'heroes'::regclass", "2"},
		{"an index dropped", "drop index concurrently old_index;", "select count(*)::text from pg_index where indrelid = 'heroes'::regclass", "0"},
		{"an index made anew", "reindex table concurrently heroes;", "select count(*)::text from pg_index where indrelid = 'heroes'::regclass and indisvalid", "1"},
		{"a partition detached", "alter table events detach partition events_1 concurrently;", "select count(*)::text from pg_inherits", "0"},
		{"vacuum", "vacuum heroes;", "select '1'", "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			setup := "create table heroes (id integer, level integer); create index old_index on heroes (id); insert into heroes values (1, 2);" +
				"create table events (id integer) partition by range (id); create table events_1 partition of events for values from (1) to (2)"
			files := one(migrationtest.NoTransaction + "insert into heroes values (7, 7);\n" + test.statement + "\ninsert into heroes values (8, 8);|")
			check := func(settings database.Settings) {
				t.Helper()
				_, other := givenAt(t, settings.URL, "select 1")
				var got, rows string
				if err := other.QueryRow(test.query).Scan(&got); err != nil || got != test.want {
					t.Errorf("got %q, want %q: %v", got, test.want, err)
				}
				if err := other.QueryRow("select string_agg(id::text, ',' order by id) from heroes").Scan(&rows); err != nil || rows != "1,7,8" {
					t.Errorf("got rows %q: %v", rows, err)
				}
			}
			word := strings.Fields(test.statement)[0]
			for _, where := range []string{"before", "after"} {
				settings, _ := given(t, setup)
				options := quick(settings, t, files, 0)
				if where == "after" {
					options.Observer = cutAfter(t, settings, word+" ")
				} else {
					options.Observer = &hook{contains: word + " ", before: func(session database.Session) {
						_, other := givenAt(t, settings.URL, "select 1")
						_, _ = other.Exec("select pg_terminate_backend($1)", int64(session.PID()))
					}}
				}
				_, err := open(t, options).Up(t.Context())
				if err == nil {
					t.Fatal("the first run did not end")
				}
				_, err = open(t, quick(settings, t, files, 0)).Up(t.Context())
				if err == nil || !strings.Contains(err.Error(), "00001_one.sql stopped halfway up: 1 of 3 statements are done, and it is not known whether the next one is, which had begun, in line 4: "+word) {
					t.Fatalf("%s: got error %v", where, err)
				}
				resumed := quick(settings, t, files, 0)
				resumed.Resume = true
				if _, err := open(t, resumed).Up(t.Context()); err != nil {
					t.Fatalf("%s: resumed: %v", where, err)
				}
				check(settings)

				settings, _ = given(t, setup)
				options = quick(settings, t, files, time.Minute)
				options.Observer = cutAfter(t, settings, word+" ")
				if _, err := open(t, options).Up(t.Context()); err != nil {
					t.Fatalf("in one run: %v", err)
				}
				check(settings)
			}
		})
	}
}

// What the catalogs cannot tell is asked of a person.
func TestWhatCannotBeSettled(t *testing.T) {
	t.Parallel()
	files := one(migrationtest.NoTransaction + "insert into heroes values (1);\ncall fill();\ninsert into heroes values (3);|")
	for _, at := range []int{2, 3} {
		settings, other := given(t, "create table heroes (id integer); create procedure fill() language plpgsql as $$ begin insert into heroes values (2); commit; end $$")
		options := quick(settings, t, files, time.Minute)
		options.Observer = cutAfter(t, settings, "call")
		_, err := open(t, options).Up(t.Context())
		if problem.KindOf(err) != problem.Inconclusive || !strings.Contains(fmt.Sprint(err), "the catalogs do not tell whether statement 2 of 00001_one.sql, in line 4, was done") || !strings.Contains(problem.Hint(err), "--resume-at 2, or behind it: --resume-at 3") {
			t.Fatalf("got error %v with hint %q", err, problem.Hint(err))
		}
		resumed := quick(settings, t, files, 0)
		resumed.Resume = true
		if _, err := open(t, resumed).Up(t.Context()); problem.KindOf(err) != problem.Inconclusive {
			t.Errorf("got error %v", err)
		}
		resumed.ResumeAt = 4
		if _, err := open(t, resumed).Up(t.Context()); problem.KindOf(err) != problem.Usage {
			t.Errorf("got error %v", err)
		}
		resumed.ResumeAt = at
		if _, err := open(t, resumed).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[int]string{2: "1,2,2,3", 3: "1,2,3"}[at]
		var got string
		if err := other.QueryRow("select string_agg(id::text, ',' order by id) from heroes").Scan(&got); err != nil || got != want {
			t.Errorf("resumed at %d: got rows %q, want %q: %v", at, got, want, err)
		}
	}
}

// A procedure that has committed a part of its work is not run once more because the rest of it met a lock.
func TestWhatIsPartlyDoneIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table heroes (id integer); create table held (id integer); create procedure fill() language plpgsql as $$ begin insert into heroes values (2); commit; lock table held; end $$")
	release := holding(t, other, "select * from held")
	files := one(migrationtest.NoTransaction + "insert into heroes values (1);\ncall fill();|")
	_, err := open(t, quick(settings, t, files, time.Minute)).Up(t.Context())
	release()
	if err == nil || !strings.Contains(err.Error(), "lock timeout") || !strings.Contains(err.Error(), "what it has done of itself is not known") {
		t.Errorf("got error %v", err)
	}
	var rows string
	if err := other.QueryRow("select string_agg(id::text, ',' order by id) from heroes").Scan(&rows); err != nil || rows != "1,2" {
		t.Errorf("got rows %q: %v", rows, err)
	}
	if _, err := open(t, resumedOn(settings, t, files)).Up(t.Context()); problem.KindOf(err) != problem.Inconclusive {
		t.Errorf("got error %v", err)
	}
}

// What another session makes on the same table meanwhile is neither taken for the migration's own nor dropped.
func TestTheIndexesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table heroes (id integer, level integer); insert into heroes values (1, 1), (1, 1)")
	files := one(migrationtest.NoTransaction + "create index concurrently heroes_level on heroes (level);|")
	options := quick(settings, t, files, 0)
	// Given that, when the migration had begun, others made an index and left one unfinished, and the migration's session ended.
	options.Observer = &hook{contains: "create index", before: func(session database.Session) {
		if _, err := other.Exec("create index heroes_id on heroes (id)"); err != nil {
			t.Error(err)
		}
		if _, err := other.Exec("create unique index concurrently heroes_unique on heroes (id)"); err == nil {
			t.Error("the unique index was made")
		}
		_, _ = other.Exec("select pg_terminate_backend($1)", int64(session.PID()))
	}}
	if _, err := open(t, options).Up(t.Context()); err == nil {
		t.Fatal("the run did not end")
	}
	if _, err := open(t, resumedOn(settings, t, files)).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got string
	query := "select string_agg(indexrelid::regclass::text || ' ' || indisvalid, ',' order by indexrelid::regclass::text) from pg_index where indrelid = 'heroes'::regclass"
	if err := other.QueryRow(query).Scan(&got); err != nil || got != "heroes_id true,heroes_level true,heroes_unique false" {
		t.Errorf("got indexes %q: %v", got, err)
	}
}

// A connection that is lost before anything ran is no leave to go on with what another run left halfway.
func TestALostConnectionDoesNotResume(t *testing.T) {
	t.Parallel()
	direct, _ := given(t, "select 1")
	broken := one(migrationtest.NoTransaction + "create table a (id integer);\ninsert into missing values (1);|")
	if _, err := migrator(t, direct, broken, nil).Up(t.Context()); err == nil {
		t.Fatal("the migration did not fail")
	}
	for _, where := range []string{"select to_regclass(", "pg_try_advisory_lock"} {
		between := &proxy{t: t, when: where, harm: func(l *link, _ []byte) { l.close() }}
		settings := direct
		settings.URL = between.start(direct.URL)
		mended := one(migrationtest.NoTransaction + "create table a (id integer);\ncreate table b (id integer);|")
		_, err := open(t, quick(settings, t, mended, time.Minute)).Up(t.Context())
		if err == nil || !strings.Contains(err.Error(), "stopped halfway up") || where != "pg_try_advisory_lock" && !between.done {
			t.Errorf("%s: got error %v, harm done %t", where, err, between.done)
		}
	}
}

// An index that an open transaction kept from being finished is dropped before the next try; one that another run left is said.
func TestUnfinishedIndexes(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "create table heroes (id integer); insert into heroes values (1), (1)")
	files := one(migrationtest.NoTransaction + "create index concurrently if not exists heroes_id on heroes (id);|")
	release := holding(t, other, "insert into heroes values (2)")
	options := quick(settings, t, files, time.Minute)
	options.Limits.Statement = 300 * time.Millisecond
	_, err := open(t, options).Up(t.Context())
	release()
	if err == nil || !strings.Contains(err.Error(), "statement timeout") {
		t.Fatalf("got error %v", err)
	}
	resumed := quick(settings, t, files, 0)
	resumed.Resume = true
	if _, err := open(t, resumed).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var valid bool
	if err := other.QueryRow("select indisvalid from pg_index where indexrelid = 'heroes_id'::regclass").Scan(&valid); err != nil || !valid {
		t.Errorf("the index is valid: %t, %v", valid, err)
	}

	// Given an index of the same name that something else left unfinished.
	settings, other = given(t, "create table heroes (id integer); insert into heroes values (1), (1)")
	if _, err := other.Exec("create unique index concurrently heroes_id on heroes (id)"); err == nil {
		t.Fatal("the index was made")
	}
	_, err = open(t, quick(settings, t, files, 0)).Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the index heroes_id is INVALID, so that no query uses it, and it was there before") || !strings.Contains(problem.Hint(err), "drop index concurrently heroes_id") {
		t.Fatalf("got error %v with hint %q", err, problem.Hint(err))
	}
	if _, err := other.Exec("drop index concurrently heroes_id"); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, resumedOn(settings, t, files)).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func resumedOn(settings database.Settings, t *testing.T, files map[string]string) apply.Options {
	options := quick(settings, t, files, 0)
	options.Resume = true
	return options
}

// A file that ends transactions itself is no single transaction, whatever its head says.
func TestFilesThatControlTransactions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, up string }{
		{"a commit in goose's transaction", "create table a (id integer);\ncommit;\ninsert into a values (1);\ninsert into a values (2);"},
		{"a transaction of its own", migrationtest.NoTransaction + "create table a (id integer);\nbegin;\ninsert into a values (1);\ninsert into a values (2);\ncommit;"},
		{"a block that commits", migrationtest.NoTransaction + "create table a (id integer);\n-- +goose StatementBegin\ndo $$ begin insert into a values (1); commit; end $$;\n-- +goose StatementEnd\ninsert into a values (2);"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := one(test.up + "|drop table a;")
			path := onDisk(t, files)
			undisturbed, _ := given(t, "select 1")
			if _, err := migrator(t, undisturbed, files, nil).Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			equal := comparing(t, undisturbed)
			for i, settings := range killedEverywhere(t, database.PostgreSQL, path) {
				boundary := i + 1
				_, err := migrator(t, settings, files, nil).Up(t.Context())
				if err != nil {
					options := resumedOn(settings, t, files)
					if strings.Contains(err.Error(), "which had begun, in line 5: do $$") {
						options.ResumeAt = map[int]int{4: 2, 5: 3}[boundary]
					}
					if _, err := open(t, options).Up(t.Context()); err != nil {
						t.Fatalf("boundary %d: %v", boundary, err)
					}
				}
				equal(settings)
			}
		})
	}
}

// What failed may be mended, as long as what is done stays as it is.
func TestAHalfDoneFileIsMended(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, settings database.Settings) {
		broken := one(migrationtest.NoTransaction + "create table a (id integer);\ninsert into a values (1);\ninsert into missing values (2);|")
		_, err := migrator(t, settings, broken, nil).Up(t.Context())
		if err == nil || !strings.Contains(err.Error(), "failed in line 5") {
			t.Fatalf("got error %v", err)
		}
		other := one(migrationtest.NoTransaction + "create table a (id bigint);\ninsert into a values (1);\ninsert into a values (2);|")
		if _, err := open(t, resumedOn(settings, t, other)).Up(t.Context()); err == nil || !strings.Contains(err.Error(), "in what is done already: its first 2 statements") {
			t.Errorf("got error %v", err)
		}
		mended := one(migrationtest.NoTransaction + "create table a (id integer);\ninsert into a values (1);\ninsert into a values (2);|")
		if _, err := migrator(t, settings, mended, nil).Up(t.Context()); err == nil || !strings.Contains(err.Error(), "stopped halfway up: 2 of 3 statements are done, and the next one is not, in line 5: insert into a values (2);") {
			t.Errorf("got error %v", err)
		}
		if _, err := open(t, resumedOn(settings, t, mended)).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := text(t, databasetest.Open(t, settings), "select cast(count(*) as text) from a"); got != "2" {
			t.Errorf("got %s rows", got)
		}
	})
}
