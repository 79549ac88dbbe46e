package fingerprint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// The counters of writes are told before the server answers: https://www.postgresql.org/docs/current/monitoring-stats.html
const large = "create table t (id bigint primary key, a text); insert into t select n, md5(n::text) from generate_series(1, 20000) n; analyze t; select pg_stat_force_next_flush();"

func TestALargeTableIsReadInParts(t *testing.T) {
	t.Parallel()
	db := open(t, large)
	whole := read(t, db, fingerprint.Options{Columns: true})
	for _, options := range []fingerprint.Options{{PartBytes: 1}, {PartBytes: 100_000, Parallel: 4}, {PartBytes: 8192, Parallel: 1}} {
		options.Columns = true
		if got := read(t, db, options); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Errorf("%+v: got %+v, want %+v", options, got, whole)
		}
	}
}

// kept remembers in memory, and ends the run after some parts.
type kept struct {
	mutex  sync.Mutex
	parts  map[string]fingerprint.Part
	loaded int
	left   int
}

func (k *kept) Load(part string) (fingerprint.Part, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	done, known := k.parts[part]
	if known {
		k.loaded++
	}
	return done, known
}

func (k *kept) Save(part string, done fingerprint.Part) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.left--; k.left < 0 {
		return errors.New("killed")
	}
	k.parts[part] = done
	return nil
}

func TestARunThatWasKilledGoesOn(t *testing.T) {
	t.Parallel()
	db := open(t, large)
	whole := read(t, db, fingerprint.Options{})
	keep := &kept{parts: map[string]fingerprint.Part{}, left: 3}
	options := fingerprint.Options{PartBytes: 200_000, Keep: keep}
	if _, err := fingerprint.Read(t.Context(), db, options); err == nil {
		t.Fatal("it was not killed")
	}
	if keep.left = 1000; fmt.Sprint(read(t, db, options)) != fmt.Sprint(whole) || keep.loaded < 3 {
		t.Errorf("it went on with %d parts, and differs", keep.loaded)
	}
	// What was written meanwhile is not overlooked.
	run(t, db, "update t set a = 'x' where id = 1; select pg_stat_force_next_flush()")
	if fmt.Sprint(read(t, db, options)) == fmt.Sprint(whole) {
		t.Error("an update was overlooked")
	}
}

// What was kept counts only for the very same question about the very same rows.
func TestWhatWasKeptIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	const (
		setup = "create type mood as enum ('a', 'b'); create table t (id bigint primary key, a text, b int default 1, m mood default 'a') with (autovacuum_enabled = off); insert into t select n, md5(n::text) from generate_series(1, 20000) n; "
		flush = "; select pg_stat_force_next_flush()"
	)
	tests := []struct {
		name, before, change string
		again                fingerprint.Options
	}{
		{"another column of the same name", "", "alter table t drop b; alter table t add b int default 2", fingerprint.Options{}},
		{"exchanged names", "alter table t add c int default 5; ", "alter table t rename b to d; alter table t rename c to b; alter table t rename d to c", fingerprint.Options{}},
		{"a renamed label", "", "alter type mood rename value 'a' to 'c'", fingerprint.Options{}},
		{"other parts", "", "select 1", fingerprint.Options{PartBytes: 150_000}},
		{"blocks given back at the end", "delete from t where id > 10000; ", "vacuum (truncate) t", fingerprint.Options{}},
		{"counters that begin anew", "", "update t set b = b; select pg_stat_force_next_flush(); select pg_stat_reset()", fingerprint.Options{}},
		{"sums of columns too", "", "select 1", fingerprint.Options{Columns: true}},
		{"no rows any more", "", "truncate t", fingerprint.Options{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, setup+test.before+"select pg_stat_force_next_flush()")
			keep := &kept{parts: map[string]fingerprint.Part{}, left: 5}
			if _, err := fingerprint.Read(t.Context(), db, fingerprint.Options{PartBytes: 200_000, Keep: keep, Parallel: 1}); err == nil {
				t.Fatal("it was not killed")
			}
			for statement := range strings.SplitSeq(test.change+flush, "; ") {
				run(t, db, statement)
			}
			if test.again.PartBytes == 0 {
				test.again.PartBytes = 200_000
			}
			whole := read(t, db, test.again)
			keep.left = 1000
			if test.again.Keep = keep; fmt.Sprint(read(t, db, test.again)) != fmt.Sprint(whole) {
				t.Errorf("%d parts were taken, and the sums differ", keep.loaded)
			}
		})
	}
}

// Writes that nobody counts cannot be told from none.
func TestNothingIsKeptWhereWritesAreNotCounted(t *testing.T) {
	t.Parallel()
	db := open(t, "do $$ begin execute format('alter database %I set track_counts = off', current_database()); end $$")
	db.SetMaxIdleConns(0)
	run(t, db, large)
	keep := &kept{parts: map[string]fingerprint.Part{}, left: 1000}
	read(t, db, fingerprint.Options{Keep: keep})
	run(t, db, "update t set a = 'x' where id = 1")
	if fmt.Sprint(read(t, db, fingerprint.Options{Keep: keep})) != fmt.Sprint(read(t, db, fingerprint.Options{})) {
		t.Error("an update was overlooked")
	}
}

// Keys of each kind: their bounds are the whole values, so that the ranges hold what the planner says they do.
func TestASampleByKeysOfManyTypes(t *testing.T) {
	t.Parallel()
	for kind, value := range map[string]string{"bigint": "n", "numeric(12,2)": "n", "text": "md5(n::text)", "char(8)": "lpad(n::text, 8, '0')", "bit(16)": "n::bit(16)", "uuid": "md5(n::text)::uuid", "timestamptz": "'2026-01-01'::timestamptz + n * interval '1 s'", "date": "'2026-01-01'::date + n",
		"bytea": "decode(lpad(n::text, 8, '0'), 'hex')", "float8": "n / 3.0", "inet": "'10.0.0.0'::inet + n", "interval": "n * interval '1 s'", "big": "n", `"char"`: ""} {
		setup := fmt.Sprintf("create domain big as bigint; create table t (id %s primary key, filler text default repeat('x', 50)); ", kind)
		if value != "" {
			setup += "insert into t select " + value + " from generate_series(1, 10000) n; "
		} else {
			setup += "insert into t select chr(n)::\"char\" from generate_series(65, 120) n; "
		}
		table := read(t, open(t, setup+"analyze t"), fingerprint.Options{Budget: 1}).Tables[0]
		if table.Sample == nil || value != "" && (table.Rows < 800 || table.Rows > 1200) || value == "" && table.Rows < 4 {
			t.Errorf("%s: got %+v", kind, table)
		}
	}
}

// A migration may change the very column by which the sample was taken: then it cannot be taken again, and that is no error.
func TestASampleWhoseKeyIsAnotherOne(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"alter table t rename id to key", "alter table t alter id type text", "alter table t drop id", "alter table t alter id type numeric"} {
		db := open(t, large)
		before := read(t, db, fingerprint.Options{Budget: 100_000})
		run(t, db, change)
		changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Budget: 100_000, Like: &before}))
		if len(changes) != 1 || !changes[0].Unknown {
			t.Errorf("%s: got %+v", change, changes)
		}
	}
}

func TestADifferenceOfASampleSaysSo(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{"delete from t": "t has 0 rows, it had %d, in a sample of its rows", "update t set a = 'x'": "rows of t hold other values, in a sample of its rows", "alter table t add b int": "t has other columns"} {
		db := open(t, large)
		before := read(t, db, fingerprint.Options{Budget: 100_000})
		run(t, db, change)
		if strings.Contains(want, "%d") {
			want = fmt.Sprintf(want, before.Tables[0].Rows)
		}
		changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Budget: 100_000, Like: &before}))
		if len(changes) != 1 || changes[0].Message != want || !changes[0].Sampled {
			t.Errorf("%s: got %+v", change, changes)
		}
	}
}

func TestATableBeyondTheBudgetIsSampled(t *testing.T) {
	t.Parallel()
	db := open(t, large+"create table keyless as select * from t; create table fresh (id int primary key); insert into fresh select generate_series(1, 20000);")
	options := fingerprint.Options{Budget: 100_000}
	before := read(t, db, options)
	sampled, _ := before.Table(fingerprint.Name{Schema: "public", Name: "t"})
	if sampled.Sample == nil || sampled.Rows < 1000 || sampled.Rows > 3000 {
		t.Errorf("got %+v", sampled)
	}
	for _, name := range []string{"keyless", "fresh"} {
		if table, _ := before.Table(fingerprint.Name{Schema: "public", Name: name}); table.Unread == "" || table.Rows != 0 {
			t.Errorf("got %+v", table)
		}
	}
	// The same rows are looked at again, whatever the planner knows by then.
	run(t, db, "delete from t where id > 15000 and id < 15002; insert into t select n, 'later' from generate_series(30000, 60000) n; analyze t")
	options.Like = &before
	after := read(t, db, options)
	if again, _ := after.Table(sampled.Name); fmt.Sprint(again.Sample) != fmt.Sprint(sampled.Sample) {
		t.Errorf("got %+v, want %+v", again.Sample, sampled.Sample)
	}
	for _, change := range fingerprint.Compare(before, after) {
		if change.Table.Name != "t" && !change.Unknown {
			t.Errorf("got %+v", change)
		}
	}
	// Another sample is not compared.
	if changes := fingerprint.Compare(before, read(t, db, fingerprint.Options{Budget: 100_000})); len(changes) != 3 || !changes[2].Unknown {
		t.Errorf("got %+v", changes)
	}
}

func TestACancelledRunEnds(t *testing.T) {
	t.Parallel()
	db := open(t, large)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fingerprint.Read(ctx, db, fingerprint.Options{}); err == nil {
		t.Error("it did not end with an error")
	}
}
