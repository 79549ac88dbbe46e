package fingerprint_test

import (
	"context"
	"errors"
	"fmt"
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
