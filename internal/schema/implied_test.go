package schema_test

import (
	"cmp"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// What is proven here was proven by PostgreSQL 15 too, which says so at client_min_messages = debug1.
func TestABoundIsImpliedByValidatedChecks(t *testing.T) {
	t.Parallel()
	const inRange, inList = "from ('2024-01-01') to ('2025-01-01')", "in ('a', 'b')"
	tests := []struct {
		check, bound string
		nullable     bool
		want         bool
		// kind is the key's type, timestamptz when it is empty.
		kind string
	}{
		{check: "k >= '2024-01-01' and k < '2025-01-01'", bound: inRange, want: true},
		{check: "k >= '2024-01-01' and k < '2025-01-01'", bound: inRange, nullable: true},
		{check: "k is not null and k >= '2024-01-01' and k < '2025-01-01'", bound: inRange, nullable: true, want: true},
		{check: "'2024-01-01' <= k and '2025-01-01' > k", bound: inRange, want: true},
		{check: "k >= '2024-02-01 00:00:00'::timestamptz and k < '2024-06-01'", bound: inRange, want: true},
		{check: "k between '2024-01-01' and '2024-12-01'", bound: inRange, want: true},
		{check: "k between '2024-01-01' and '2025-01-01'", bound: inRange},
		{check: "k >= '2024-01-01' or k < '2025-01-01'", bound: inRange},
		{check: "k >= '2023-12-31' and k < '2025-01-01'", bound: inRange},
		{check: "k >= '2024-01-01' and k <= '2025-01-01'", bound: inRange},
		{check: "other >= '2024-01-01' and other < '2025-01-01'", bound: inRange},
		{check: "date_trunc('day', k) >= '2024-01-01' and k < '2025-01-01'", bound: inRange},
		{check: "k::date >= '2024-01-01' and k::date < '2025-01-01'", bound: inRange},
		{check: "k >= '2024-01-01 00:00:00+00' and k < '2025-01-01 00:00:00+00'", bound: inRange},
		{check: "k >= '2024-01-01 00:00:00+00' and k < '2025-01-01 00:00:00+00'", bound: "from ('2024-01-01 00:00:00+00') to ('2025-01-01 02:00:00+02')", want: true},
		{check: "k >= '10' and k < '5'", bound: "from ('9') to ('99')", kind: "text"},
		{check: "k >= 9007199254740992 and k < 9007199254740994", bound: "from (9007199254740993) to (9007199254740994)", kind: "int8"},
		{check: "k >= 9007199254740993 and k < 9007199254740994", bound: "from (9007199254740993) to (9007199254740994)", kind: "int8", want: true},
		{check: "k in (1.0, 2)", bound: "in (1, 2)", kind: "numeric", want: true},
		{check: "(k)::text = 'a'", bound: inList, kind: "varchar", want: true},
		{check: "(k)::text >= '2024-01-01' and (k)::text < '2025-01-01'", bound: inRange},
		{check: "k < '2025-01-01'", bound: "from (minvalue) to ('2025-01-01')", want: true},
		{check: "k >= 5 and k < 7", bound: "from (1) to (10)", kind: "int4", want: true},
		{check: "k >= 100.0 and k < 200.0", bound: "from (100) to (200)", kind: "int4"},
		{check: "k >= 100::int and k < 200::bigint", bound: "from (100) to (200)", kind: "int4", want: true},
		{check: "k >= '100' and k <= 199.6::int", bound: "from (100) to (200)", kind: "int4"},
		{check: "k >= 100.0 and k < 200::int", bound: "from (100) to (200)", kind: "numeric", want: true},
		{check: "k in (1.0, 2)", bound: "in (1, 2)", kind: "int8"},
		{check: "k >= '2024-01-01'::timestamptz and k < '2025-01-01'::timestamptz", bound: inRange, want: true},
		{check: "k >= '2024-01-01'::date and k < '2025-01-01'::date", bound: inRange},
		{check: "k >= '2024-01-01'::timestamp and k < '2025-01-01'::timestamp", bound: inRange},
		{check: "k >= '2024-01-01'::timestamptz and k < '2025-01-01'::timestamptz", bound: inRange, kind: "date"},
		{check: "k >= '2024-01-01'::timestamp and k < '2025-01-01'::date", bound: inRange, kind: "date", want: true},
		{check: "k >= '2024-01-01'::timestamptz and k < '2025-01-01'::timestamptz", bound: inRange, kind: "timestamp"},
		{check: "k >= '2024-01-01'::date and k < '2025-01-01'::timestamp", bound: inRange, kind: "timestamp", want: true},
		{check: "k::varchar(1) = 'a'", bound: inList, kind: "varchar"},
		{check: "k::varchar = 'a' or k = 'b'::text", bound: inList, kind: "varchar", want: true},
		{check: "k::bpchar = 'a'", bound: inList, kind: "varchar"},
		{check: "k = 'a'::name", bound: inList, kind: "text"},
		{check: "k = 'a'::bpchar or k = 'b  '", bound: inList, kind: "char(3)", want: true},
		{check: "k::text = 'a'", bound: inList, kind: "char(3)"},
		{check: "k = 'a'::text", bound: inList, kind: "char(3)"},
		{check: "k in ('a', 'b')", bound: inList, want: true, kind: "text"},
		{check: "k = 'a'", bound: inList, want: true, kind: "text"},
		{check: "k = any (array['a', 'b'])", bound: inList, want: true, kind: "text"},
		{check: "k in ('a', 'c')", bound: inList, kind: "text"},
		{check: "k = 'a' or other = 'b'", bound: inList, kind: "text"},
		{check: "k in ('a', 'b')", bound: "default"},
		{check: "k > 1", bound: "with (modulus 2, remainder 0)"},
	}
	for _, test := range tests {
		null, kind := " not null", cmp.Or(test.kind, "timestamptz")
		if test.nullable {
			null = ""
		}
		on := made(t, "create table p (k "+kind+", other text) partition by range (k); create table c (k "+kind+null+", other text, check ("+test.check+"));")
		if got := on.Implied(statement.Name{Name: "p"}, statement.Name{Name: "c"}, limitsOf(t, test.bound)); got != test.want {
			t.Errorf("%s: check (%s), nullable %v, for values %s: got %v", kind, test.check, test.nullable, test.bound, got)
		}
	}
}

func TestADefaultPartitionIsReadUnlessACheckLeavesOutTheBound(t *testing.T) {
	t.Parallel()
	const inRange, inList = "from ('2024-01-01') to ('2025-01-01')", "in ('a', 'b')"
	tests := []struct {
		check, bound string
		read         bool
		kind         string // timestamptz when it is empty
	}{
		{check: "k >= '100'", bound: "from ('0') to ('99')", read: true, kind: "text"},
		{check: "k = 1.0", bound: "in (1)", read: true, kind: "numeric"},
		{check: "k = 2.0", bound: "in (1)", kind: "numeric"},
		{check: "k = 2.0", bound: "in (1)", read: true, kind: "int4"},
		{check: "k = 'abc'::varchar(1)", bound: inList, read: true, kind: "text"},
		{check: "k = 'a  '", bound: inList, read: true, kind: "char(3)"},
		{check: "k < '2024-01-01'::date", bound: inRange, read: true},
		{check: "k < '2024-01-01 00:00:00+00'", bound: inRange, read: true},
		{check: "true", bound: inRange, read: true},
		{check: "k < '2024-01-01' or k >= '2025-01-01'", bound: inRange, read: false},
		{check: "not (k >= '2024-01-01' and k < '2025-01-01')", bound: inRange, read: false},
		{check: "not (k >= '2024-06-01' and k < '2025-01-01')", bound: inRange, read: true},
		{check: "k < '2023-01-01'", bound: inRange, read: false},
		{check: "k <= '2024-01-01'", bound: inRange, read: true},
		{check: "k >= '2025-01-01' and other = 1", bound: inRange, read: false},
		{check: "k < '2024-01-01' or other = 1", bound: inRange, read: true},
		{check: "k not in ('a', 'b', 'c')", bound: inList, read: false, kind: "text"},
		{check: "k <> 'a' and k <> 'b'", bound: inList, read: false, kind: "text"},
		{check: "k <> 'a'", bound: inList, read: true, kind: "text"},
		{check: "k = 'c'", bound: inList, read: false, kind: "text"},
		{check: "not (k in ('a', 'b'))", bound: inList, read: false, kind: "text"},
		{check: "not (k in ('a'))", bound: inList, read: true, kind: "text"},
		{check: "k < '2024-01-01'", bound: "with (modulus 2, remainder 0)", read: true},
	}
	for _, test := range tests {
		kind := cmp.Or(test.kind, "timestamptz")
		on := made(t, "create table p (k "+kind+", other int) partition by range (k); create table d partition of p default; alter table d add check ("+test.check+");")
		partition, read := on.DefaultPartition(statement.Name{Name: "p"}, limitsOf(t, test.bound))
		if partition == nil || partition.Name.Name != "d" || read != test.read {
			t.Errorf("check (%s), for values %s: got %v, %v", test.check, test.bound, partition, read)
		}
	}
	if partition, _ := made(t, "create table p (k text) partition by range (k);").DefaultPartition(statement.Name{Name: "p"}, limitsOf(t, inRange)); partition != nil {
		t.Errorf("got %v where there is none", partition)
	}
}

func made(t *testing.T, sql string) *schema.Schema {
	t.Helper()
	statements, err := statement.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	on := schema.New()
	for _, one := range statements {
		for _, change := range one.Changes {
			on.Apply(change, schema.Origin{})
		}
	}
	return on
}

func limitsOf(t *testing.T, bound string) statement.Limits {
	t.Helper()
	sql := "alter table p attach partition c for values " + bound
	if bound == "default" {
		sql = "alter table p attach partition c default"
	}
	statements, err := statement.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	return statements[0].Changes[0].(statement.AttachPartition).Limits
}
