package fingerprint_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

func openSQLite(t *testing.T, setup string) *database.Database {
	t.Helper()
	db := databasetest.Open(t, database.Settings{Dialect: database.SQLite, Path: filepath.Join(t.TempDir(), "a.db"), Create: true})
	db.SetMaxOpenConns(1)
	if setup != "" {
		run(t, db, setup)
	}
	return db
}

func TestWhatAFingerprintOfSQLiteNotices(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, change string
		same                 bool
	}{
		{"what stands behind a zero byte", "create table t (a text); insert into t values ('a' || char(0) || 'b')", "update t set a = 'a' || char(0) || 'c'", false},
		{"text and blob of the same bytes", "create table t (a); insert into t values ('ab')", "update t set a = x'6162'", false},
		{"text that is no UTF-8", "create table t (a); insert into t values (cast(x'ff' as text))", "update t set a = cast(x'fe' as text)", false},
		{"text that is no UTF-8 and a blob", "create table t (a); insert into t values (cast(x'ff' as text))", "update t set a = x'ff'", false},
		{"an empty blob and NULL", "create table t (a); insert into t values (x'')", "update t set a = null", false},
		{"an empty blob and an empty text", "create table t (a); insert into t values (x'')", "update t set a = ''", false},
		{"NULL and the word", "create table t (a); insert into t values (null)", "update t set a = 'NULL'", false},
		{"an integer and a float", "create table t (a); insert into t values (1)", "update t set a = 1.0", false},
		{"an integer and its text", "create table t (a); insert into t values (1)", "update t set a = '1'", false},
		{"minus zero", "create table t (a real); insert into t values (1.0)", "update t set a = -0.0", false},
		{"infinity", "create table t (a); insert into t values (9e999)", "update t set a = -9e999", false},
		{"infinity and the largest number", "create table t (a); insert into t values (9e999)", "update t set a = 1.7976931348623157e308", false},
		{"neighbours among floats", "create table t (a); insert into t values (0.1)", "update t set a = 0.1 + 1.4e-17", false},
		{"large integers", "create table t (a); insert into t values (9223372036854775807)", "update t set a = 9223372036854775806", false},
		{"a large integer and a float", "create table t (a); insert into t values (9007199254740993)", "update t set a = 9007199254740992", false},
		{"a boolean that is none", "create table t (a boolean); insert into t values (1)", "update t set a = 2", false},
		{"a date that is a number", "create table t (a datetime); insert into t values (1)", "update t set a = '1'", true},
		{"dates with other zeros", "create table t (a timestamp); insert into t values ('2026-01-01 00:00:00')", "update t set a = '2026-01-01 00:00:00.000'", false},
		{"the order of rows", "create table t (a); insert into t values (1), (2)", "delete from t; insert into t values (2), (1)", true},
		{"rows stored anew", "create table t (a); insert into t values (1), (2), (3); delete from t where a = 1", "vacuum", true},
		{"a table without rowids", "create table t (a primary key, b) without rowid; insert into t values (1, 2)", "update t set b = 3", false},
		{"a strict table", "create table t (a any) strict; insert into t values (1)", "update t set a = '1'", false},
		{"a stored column", "create table t (a, b as (a + 1) stored); insert into t values (1)", "update t set a = 2", false},
		{"a virtual column", "create table t (a, b as (a + 1)); insert into t values (1)", "drop table t; create table t (a, b as (a + 2)); insert into t values (1)", true},
		{"the order of columns", "create table t (a, b); insert into t values (1, 2)", "drop table t; create table t (b, a); insert into t values (2, 1)", true},
		{"odd names", `create table "a""b, ' x" ("select" int, "c""d" int); insert into "a""b, ' x" values (1, 2)`, `update "a""b, ' x" set "c""d" = 3`, false},
		{"a full text index", "create virtual table f using fts5 (a); insert into f values ('one')", "update f set a = 'two'", false},
		{"a full text index built otherwise", "create virtual table f using fts5 (a); insert into f values ('one'); insert into f values ('two three'); insert into f values ('four'); delete from f where a = 'four'", "insert into f (f) values ('optimize'); insert into f (f) values ('rebuild')", true},
		{"a full text index without content", "create virtual table f using fts5 (a, content=''); insert into f (rowid, a) values (1, 'one')", "insert into f (rowid, a) values (2, 'two')", false},
		{"a full text index without content and another text", "create virtual table f using fts5 (a, content=''); insert into f (rowid, a) values (1, 'one')", "insert into f (f, rowid, a) values ('delete', 1, 'one'); insert into f (rowid, a) values (1, 'two')", false},
		{"a tree of rectangles", "create virtual table r using rtree (id, a, b); insert into r values (1, 0, 1)", "update r set b = 2", false},
		{"a table beside a virtual one with its name", "create virtual table f using fts5 (a); create table f_other (a); insert into f_other values (1)", "update f_other set a = 2", false},
		{"the next number of a key", "create table t (id integer primary key autoincrement, a); insert into t (a) values (1), (2)", "insert into t (a) values (3); delete from t where a = 3", true},
		{"numbers that a key gives again", "create table t (id integer primary key autoincrement, a); insert into t (a) values (1), (2); delete from t where a = 2", "create table u as select * from t; drop table t; create table t (id integer primary key autoincrement, a); insert into t select * from u; drop table u", false},
		{"a key that begins anew", "create table t (id integer primary key autoincrement, a); insert into t (a) values (1), (2); delete from t", "drop table t; create table t (id integer primary key autoincrement, a)", false},
		{"what ANALYZE keeps", "create table t (a); create index i on t (a); insert into t values (1)", "analyze", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := openSQLite(t, test.before)
			before := read(t, db, fingerprint.Options{Columns: true})
			for statement := range strings.SplitSeq(test.change, "; ") {
				run(t, db, statement)
			}
			changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Columns: true}))
			if (len(changes) == 0) != test.same {
				t.Errorf("got %+v", changes)
			}
		})
	}
}

func TestASQLiteTableOfManyColumns(t *testing.T) {
	t.Parallel()
	var columns []string
	for i := range 2000 {
		columns = append(columns, fmt.Sprintf("c%d", i))
	}
	db := openSQLite(t, "create table t ("+strings.Join(columns, ", ")+"); insert into t (c1) values (1)")
	before := read(t, db, fingerprint.Options{Columns: true})
	run(t, db, "update t set c1999 = 1")
	if changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Columns: true})); len(changes) != 1 || len(changes[0].Columns) != 1 {
		t.Errorf("got %+v", changes)
	}
}
