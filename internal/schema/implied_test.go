package schema_test

import (
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
	}{
		{check: "k >= '2024-01-01' and k < '2025-01-01'", bound: inRange, want: true},
		{check: "k >= '2024-01-01' and k < '2025-01-01'", bound: inRange, nullable: true},
		{check: "k is not null and k >= '2024-01-01' and k < '2025-01-01'", bound: inRange, nullable: true, want: true},
		{check: "'2024-01-01' <= k and '2025-01-01' > k", bound: inRange, want: true},
		{check: "k >= '2024-02-01 00:00:00+00'::timestamptz and k < '2024-06-01'", bound: inRange, want: true},
		{check: "k between '2024-01-01' and '2024-12-01'", bound: inRange, want: true},
		{check: "k between '2024-01-01' and '2025-01-01'", bound: inRange},
		{check: "k >= '2024-01-01' or k < '2025-01-01'", bound: inRange},
		{check: "k >= '2023-12-31' and k < '2025-01-01'", bound: inRange},
		{check: "k >= '2024-01-01' and k <= '2025-01-01'", bound: inRange},
		{check: "other >= '2024-01-01' and other < '2025-01-01'", bound: inRange},
		{check: "date_trunc('day', k) >= '2024-01-01' and k < '2025-01-01'", bound: inRange},
		{check: "k < '2025-01-01'", bound: "from (minvalue) to ('2025-01-01')", want: true},
		{check: "k >= 5 and k < 7", bound: "from (1) to (10)", want: true},
		{check: "k in ('a', 'b')", bound: inList, want: true},
		{check: "k = 'a'", bound: inList, want: true},
		{check: "k = any (array['a', 'b'])", bound: inList, want: true},
		{check: "k in ('a', 'c')", bound: inList},
		{check: "k = 'a' or other = 'b'", bound: inList},
		{check: "k in ('a', 'b')", bound: "default"},
		{check: "k > 1", bound: "with (modulus 2, remainder 0)"},
	}
	for _, test := range tests {
		null := " not null"
		if test.nullable {
			null = ""
		}
		on := made(t, "create table p (k text, other text) partition by range (k); create table c (k text"+null+", other text, check ("+test.check+"));")
		if got := on.Implied(statement.Name{Name: "p"}, statement.Name{Name: "c"}, limitsOf(t, test.bound)); got != test.want {
			t.Errorf("check (%s), nullable %v, for values %s: got %v", test.check, test.nullable, test.bound, got)
		}
	}
}

func TestADefaultPartitionIsReadUnlessACheckLeavesOutTheBound(t *testing.T) {
	t.Parallel()
	const inRange, inList = "from ('2024-01-01') to ('2025-01-01')", "in ('a', 'b')"
	tests := []struct {
		check, bound string
		read         bool
	}{
		{"true", inRange, true},
		{"k < '2024-01-01' or k >= '2025-01-01'", inRange, false},
		{"not (k >= '2024-01-01' and k < '2025-01-01')", inRange, false},
		{"not (k >= '2024-06-01' and k < '2025-01-01')", inRange, true},
		{"k < '2023-01-01'", inRange, false},
		{"k <= '2024-01-01'", inRange, true},
		{"k >= '2025-01-01' and other = 1", inRange, false},
		{"k < '2024-01-01' or other = 1", inRange, true},
		{"k not in ('a', 'b', 'c')", inList, false},
		{"k <> 'a' and k <> 'b'", inList, false},
		{"k <> 'a'", inList, true},
		{"k = 'c'", inList, false},
		{"not (k in ('a', 'b'))", inList, false},
		{"not (k in ('a'))", inList, true},
		{"k < '2024-01-01'", "with (modulus 2, remainder 0)", true},
	}
	for _, test := range tests {
		on := made(t, "create table p (k text, other int) partition by range (k); create table d partition of p default; alter table d add check ("+test.check+");")
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
