package fingerprint_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// values are two different values of each type that a column can have, as they are written. Those that a comparison or a hash of
// PostgreSQL's takes for equal come first.
func values() map[string][2]string {
	return map[string][2]string{
		"bool": {"true", "false"}, "int2": {"1", "2"}, "int4": {"1", "2"}, "int8": {"1", "9223372036854775807"}, "uuid": {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"},
		"numeric": {"1.0", "1.00"}, "numeric(40,2)": {"NaN", "0"}, "varchar(3)": {"a", "a "}, "timestamp(0)": {"infinity", "-infinity"}, "interval year": {"1 year", "-1 year"}, "bit(3)": {"000", "001"}, "float4": {"0", "-0"}, "float8": {"0", "-0"}, "money": {"1.00", "2.00"}, "bytea": {`\x`, `\x00`},
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
		"cardinal_number": {"1", "2"}, "character_data": {"a", "a "}, "sql_identifier": {"a", "A"}, "time_stamp": {"2026-01-01 00:00:00+00", "infinity"}, "yes_or_no": {"YES", "NO"},
		// Those that the test makes, and arrays.
		"hstore": {"", "a=>NULL"}, "ltree": {"a.b", "a.c"}, "lquery": {"a.*", "b.*"}, "ltxtquery": {"a & b", "a | b"}, "cube": {"(0)", "(-0)"}, "mood": {"sad", "happy"}, "pair": {"(1,)", "(2,)"}, "word": {"a", "b"}, "worded": {"a", "A"}, "anycase": {"a", "A"}, "floats": {"[0,2)", "[-0,2)"}, "many": {"{[0,2)}", "{[-0,2)}"},
		"int4[]": {"{}", "{NULL}"}, "text[]": {"{}", `{""}`}, "int8[]": {"{1,2}", "[0:1]={1,2}"}, "numeric[]": {"{1.0}", "{1.00}"}, "mood[]": {"{sad}", "{happy}"}, "jsonb[]": {`{"{}"}`, `{"[]"}`},
	}
}

// typeSetup makes types of all kinds that a user can make, and what the server keeps of definitions and statistics, whose types
// have no other values.
const typeSetup = `create extension citext; create extension hstore; create extension ltree; create extension cube;
create type mood as enum ('sad', 'happy'); create type pair as (a int, b int); create domain word as text check (value <> '');
create domain worded as citext; create collation ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create domain anycase as text collate ignore_case; create type floats as range (subtype = float8, multirange_type_name = many);
create table kept (a int default 1, b int default 2, c int); insert into kept select n % 10, n % 5, n % 7 from generate_series(1, 1000) n;
create statistics one on a, b from kept; create statistics other on b, c from kept; analyze kept;`

// ofTheServer are the values of those types that only the server makes.
func ofTheServer() map[string][2]string {
	statistics := func(column string) [2]string {
		const from = "(select %s from pg_statistic_ext_data d join pg_statistic_ext e on e.oid = d.stxoid where e.stxname = '%s')"
		return [2]string{fmt.Sprintf(from, column, "one"), fmt.Sprintf(from, column, "other")}
	}
	return map[string][2]string{
		"pg_node_tree": {"(select adbin from pg_attrdef where adrelid = 'kept'::regclass and adnum = 1)", "(select adbin from pg_attrdef where adrelid = 'kept'::regclass and adnum = 2)"},
		"pg_ndistinct": statistics("stxdndistinct"), "pg_dependencies": statistics("stxddependencies"), "pg_mcv_list": statistics("stxdmcv"),
	}
}

// column is a column of some type, and two values of it as SQL.
type column struct{ name, kind, one, other string }

// columns are one for each type of the server, of its extensions and of users that a column can have, and its arrays, a composite
// and a domain of it. A type that nobody gave values is an error, but for those that take none.
func columns(t *testing.T, db *database.Database) []column {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `select t.typname, format('%I.%I', n.nspname, t.typname), t.typtype, t.typarray <> 0, repeat(',', (select count(*)::int - 1 from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped))
from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype in ('b', 'r', 'm', 'd', 'e', 'c') and n.nspname !~ '^pg_(toast|temp)' and not exists (select from pg_type e where e.typarray = t.oid) order by t.oid`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []column
	given, made := values(), ofTheServer()
	refused := regexp.MustCompile("cannot accept a value of type|[nN]ot implemente[d]")
	for rows.Next() {
		var name, kind, typtype, commas string
		var array bool
		if err := rows.Scan(&name, &kind, &typtype, &array, &commas); err != nil {
			t.Fatal(err)
		}
		one := column{name: name, kind: kind}
		pair, known := given[name]
		switch server, kept := made[name]; {
		case known:
			one.one, one.other = literal(pair[0])+"::"+kind, literal(pair[1])+"::"+kind
			delete(given, name)
		case kept:
			one.one, one.other = server[0], server[1]
		case typtype == "c":
			// Some catalogs have columns of any type, which no table of a user can have.
			if _, err := db.ExecContext(t.Context(), "create table tried (v "+kind+"); drop table tried"); err != nil && strings.Contains(err.Error(), "pseudo-type anyarray") {
				continue
			}
			one.one, one.other = "'("+commas+")'::"+kind, "null::"+kind
		default:
			if _, err := db.ExecContext(t.Context(), "select ''::"+kind); err == nil || !refused.MatchString(err.Error()) {
				t.Errorf("%s is not tried, and could have values: %v", kind, err)
			}
			continue
		}
		all = append(all, one)
		if array {
			all = append(all, column{name + " array", kind + "[]", "array[" + one.one + "]", "array[" + one.other + "]"})
		}
		if known {
			run(t, db, fmt.Sprintf("create type %[1]q as (v %[3]s); create domain %[2]q as %[3]s", name+" within", name+" above", kind))
			for _, wrap := range []string{name + " within", name + " above"} {
				all = append(all, column{wrap, fmt.Sprintf("%q", wrap), fmt.Sprintf("row(%s)::%q", one.one, name+" within"), fmt.Sprintf("row(%s)::%q", one.other, name+" within")})
			}
			all[len(all)-1].one, all[len(all)-1].other = fmt.Sprintf("%s::%q", one.one, name+" above"), fmt.Sprintf("%s::%q", one.other, name+" above")
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for kind, pair := range given {
		all = append(all, column{kind, kind, literal(pair[0]) + "::" + kind, literal(pair[1]) + "::" + kind})
	}
	return all
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Two values of each type are told apart, from NULL too, and are the same twice.
func TestEachTypeTellsDifferentValuesApart(t *testing.T) {
	t.Parallel()
	db := open(t, typeSetup)
	all := columns(t, db)
	tables := map[string]func(column) [2]string{
		"given": func(c column) [2]string { return [2]string{c.one, c.other} }, "again": func(c column) [2]string { return [2]string{c.other, c.one} },
		"equal": func(c column) [2]string { return [2]string{c.other, c.other} }, "null": func(c column) [2]string { return [2]string{"null", c.other} },
	}
	sums := map[string]map[string]fingerprint.Column{}
	number := 0
	// A row has to find room in a block: https://www.postgresql.org/docs/current/limits.html
	for some := range slices.Chunk(all, 100) {
		number++
		for table, row := range tables {
			var kinds []string
			values := [2][]string{}
			for _, one := range some {
				kinds = append(kinds, fmt.Sprintf("%q %s", one.name, one.kind))
				for i, value := range row(one) {
					values[i] = append(values[i], value)
				}
			}
			run(t, db, fmt.Sprintf("create table %[1]q (%[2]s); insert into %[1]q values (%[3]s), (%[4]s)", fmt.Sprint(table, number), strings.Join(kinds, ", "), strings.Join(values[0], ", "), strings.Join(values[1], ", ")))
		}
	}
	for _, table := range read(t, db, fingerprint.Options{Columns: true}).Tables {
		which := strings.TrimRight(table.Name.Name, "0123456789")
		if sums[which] == nil {
			sums[which] = map[string]fingerprint.Column{}
		}
		for _, one := range table.Columns {
			sums[which][one.Name] = one
		}
	}
	for _, one := range all {
		given := sums["given"][one.name]
		if sums["again"][one.name] != given || given.NotNull == 0 {
			t.Errorf("%s: the same values have the sums %s and %s", one.name, given.Sum, sums["again"][one.name].Sum)
		}
		if sums["equal"][one.name].Sum == given.Sum || sums["null"][one.name].Sum == given.Sum || sums["null"][one.name].NotNull != given.NotNull-1 {
			t.Errorf("%s: %s and %s are not told apart, or not from NULL", one.name, one.one, one.other)
		}
	}
	if len(all) < 500 {
		t.Errorf("only %d columns were tried", len(all))
	}
}
