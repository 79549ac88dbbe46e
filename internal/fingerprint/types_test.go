package fingerprint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// values are two different values of each type that a column can have, as they are written. Those that a comparison or a hash of
// PostgreSQL's takes for equal come first.
func values() map[string][2]string {
	return map[string][2]string{
		"bool": {"true", "false"}, "int2": {"1", "2"}, "int4": {"1", "2"}, "int8": {"1", "9223372036854775807"}, "uuid": {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"},
		"numeric": {"1.0", "1.00"}, "float4": {"0", "-0"}, "float8": {"0", "-0"}, "money": {"1.00", "2.00"}, "bytea": {`\x`, `\x00`},
		"text": {"a", "a "}, "varchar": {"a", "A"}, "bpchar": {"a", "a "}, "char(3)": {"a", "A"}, "char": {"a", "b"}, "name": {"a", "b"}, "citext": {"a", "A"},
		"date": {"2026-01-01", "infinity"}, "time": {"00:00", "24:00"}, "timetz": {"00:00+00", "01:00+01"}, "timestamp": {"2026-01-01 00:00:00", "2026-01-01 00:00:00.000001"}, "timestamptz": {"2026-01-01 00:00:00+00", "-infinity"},
		"interval": {"1 day", "24 hours"}, "json": {`{"a":1}`, `{"a": 1}`}, "jsonb": {`{}`, `[]`}, "jsonpath": {"$.a", "$.b"}, "xml": {"<a/>", "<a></a>"},
		"bit": {"0", "1"}, "varbit": {"", "0"}, "inet": {"10.0.0.1", "10.0.0.1/8"}, "cidr": {"10.0.0.0/8", "10.0.0.0/16"}, "macaddr": {"08:00:2b:01:02:03", "08:00:2b:01:02:04"}, "macaddr8": {"08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03:04:06"},
		"point": {"(0,0)", "(-0,0)"}, "lseg": {"(0,0),(1,1)", "(1,1),(0,0)"}, "path": {"(0,0),(1,1)", "[(0,0),(1,1)]"}, "box": {"(2,2),(1,1)", "(3,3),(1,1)"}, "polygon": {"(0,0),(1,1)", "(1,1),(0,0)"}, "line": {"{1,2,3}", "{2,4,6}"}, "circle": {"<(0,0),1>", "<(0,0),2>"},
		"tsvector": {"a", "a:1"}, "tsquery": {"a & b", "a | b"}, "pg_lsn": {"0/0", "0/1"}, "oid": {"1", "2"}, "tid": {"(0,1)", "(0,2)"}, "xid": {"1", "2"}, "cid": {"1", "2"}, "xid8": {"1", "2"},
		"int2vector": {"1 2", "2 1"}, "oidvector": {"1 2", "2 1"}, "refcursor": {"a", "b"}, "txid_snapshot": {"1:2:", "1:3:"}, "pg_snapshot": {"1:2:", "1:3:"}, "aclitem": {"postgres=r/postgres", "postgres=w/postgres"},
		"regproc": {"now", "version"}, "regprocedure": {"abs(integer)", "abs(bigint)"}, "regoper": {"*<>", "*="}, "regoperator": {"+(integer,integer)", "-(integer,integer)"}, "regclass": {"pg_class", "pg_type"}, "regtype": {"integer", "bigint"},
		"regconfig": {"english", "german"}, "regdictionary": {"simple", "english_stem"}, "regnamespace": {"public", "pg_catalog"}, "regrole": {"postgres", "pg_monitor"}, "regcollation": {`"C"`, `"POSIX"`},
		"int4range": {"empty", "[1,2)"}, "int8range": {"[1,2)", "[1,3)"}, "numrange": {"[1.0,2)", "[1.00,2)"}, "tsrange": {"[2026-01-01,)", "(2026-01-01,)"}, "tstzrange": {"[2026-01-01,)", "(2026-01-01,)"}, "daterange": {"[2026-01-01,)", "[2026-01-02,)"},
		"int4multirange": {"{}", "{[1,2)}"}, "int8multirange": {"{}", "{[1,2)}"}, "nummultirange": {"{[1.0,2)}", "{[1.00,2)}"}, "tsmultirange": {"{}", "{[2026-01-01,)}"}, "tstzmultirange": {"{}", "{[2026-01-01,)}"}, "datemultirange": {"{}", "{[2026-01-01,)}"},
		// Those that the test makes, and arrays.
		"mood": {"sad", "happy"}, "pair": {"(1,2)", "(2,1)"}, "word": {"a", "b"}, "worded": {"a", "A"}, "anycase": {"a", "A"}, "floats": {"[1,2)", "[1,3)"},
		"int4[]": {"{}", "{NULL}"}, "text[]": {"{}", `{""}`}, "int8[]": {"{1,2}", "[0:1]={1,2}"}, "numeric[]": {"{1.0}", "{1.00}"}, "mood[]": {"{sad}", "{happy}"}, "jsonb[]": {`{"{}"}`, `{"[]"}`},
	}
}

// typeSetup makes types of all kinds that a user can make.
const typeSetup = `create extension if not exists citext;
create type mood as enum ('sad', 'happy'); create type pair as (a int, b int); create domain word as text check (value <> '');
create domain worded as citext; create collation ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create domain anycase as text collate ignore_case; create type floats as range (subtype = float8);`

func TestEachTypeTellsDifferentValuesApart(t *testing.T) {
	t.Parallel()
	db := open(t, typeSetup)
	var setup strings.Builder
	table := func(kind, which string) string {
		return strings.NewReplacer("[", "_", "]", "", "(", "_", ")", "").Replace(kind) + " " + which
	}
	for kind, pair := range values() {
		column := kind
		if kind == "char" {
			column = `"char"`
		}
		for which, rows := range map[string][2]string{"one": pair, "again": pair, "equal": {pair[1], pair[1]}, "exchanged": {pair[1], pair[0]}, "null": {"", pair[1]}} {
			fmt.Fprintf(&setup, `create table "%s" (id int, v %s); `, table(kind, which), column)
			for i, row := range rows {
				value := "'" + strings.ReplaceAll(row, "'", "''") + "'"
				if which == "null" && i == 0 {
					value = "null"
				}
				fmt.Fprintf(&setup, `insert into "%s" values (%d, %s); `, table(kind, which), i, value)
			}
		}
	}
	run(t, db, setup.String())
	data := read(t, db, fingerprint.Options{})
	sum := func(kind, which string) string {
		found, _ := data.Table(fingerprint.Name{Schema: "public", Name: table(kind, which)})
		return fmt.Sprint(found.Rows, " ", found.Sum)
	}
	for kind, pair := range values() {
		for _, which := range []string{"equal", "exchanged", "null"} {
			if sum(kind, which) == sum(kind, "one") {
				t.Errorf("%s: %q and %q are not told apart: %s", kind, pair[0], pair[1], which)
			}
		}
		if sum(kind, "again") != sum(kind, "one") || !strings.HasPrefix(sum(kind, "one"), "2 ") {
			t.Errorf("%s: the same rows have the sums %s and %s", kind, sum(kind, "one"), sum(kind, "again"))
		}
	}
}

// No type of the server is forgotten but those that no column can have a value of.
func TestEachTypeOfTheServerIsTried(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	rows, err := db.QueryContext(t.Context(), `select typname from pg_type where typtype in ('b', 'r', 'm') and typnamespace = 'pg_catalog'::regnamespace
and typelem = 0 and typname not in ('pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'gtsvector')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if _, tried := values()[name]; !tried {
			t.Errorf("%s is not tried", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
