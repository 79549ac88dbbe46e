package apply_test

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/migration/migrationtest"
)

// Traffic goes on while a migration waits for locks on several tables that long transactions use: none of its transactions waits longer
// for a session of ours than the limit and half a second.
func TestTrafficIsNotHeldUp(t *testing.T) {
	t.Parallel()
	settings, other := given(t, "select 1")
	if output, err := exec.Command("pgbench", "--initialize", "--quiet", "--scale=1", settings.URL).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var output bytes.Buffer
	traffic := exec.CommandContext(ctx, "pgbench", "--no-vacuum", "--client=4", "--time=60", settings.URL)
	traffic.Stdout, traffic.Stderr = &output, &output
	if err := traffic.Start(); err != nil {
		t.Fatal(err)
	}
	defer traffic.Wait()
	// Given transactions that read one table after the other for a while, again and again.
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		for ctx.Err() == nil {
			for _, table := range []string{"pgbench_tellers", "pgbench_branches", "pgbench_accounts"} {
				tx, err := other.BeginTx(ctx, nil)
				if err != nil {
					return
				}
				_, _ = tx.ExecContext(ctx, "select count(*) from "+table)
				_, _ = tx.ExecContext(ctx, "select pg_sleep(0.25)")
				_ = tx.Rollback()
			}
			time.Sleep(400 * time.Millisecond)
		}
	}()
	longest := make(chan time.Duration)
	go func() {
		var most float64
		for ctx.Err() == nil {
			var waited float64
			err := other.QueryRowContext(ctx, `select coalesce(max(extract(epoch from clock_timestamp() - l.waitstart)), 0)::float8 from pg_locks l
				join pg_stat_activity v on v.pid = l.pid where not l.granted and v.application_name = 'pgbench'
				and exists (select from unnest(pg_blocking_pids(l.pid)) b join pg_stat_activity a on a.pid = b where a.application_name = 'airlock')`).Scan(&waited)
			if err == nil {
				most = max(most, waited)
			}
			time.Sleep(5 * time.Millisecond)
		}
		longest <- time.Duration(most * float64(time.Second))
	}()
	files := map[string]string{
		"1_a.sql": "alter table pgbench_accounts add column note text;\nalter table pgbench_tellers add column note text;\nalter table pgbench_branches add column note text;\nalter table pgbench_history add column note text;|",
		"2_b.sql": migrationtest.NoTransaction + "alter table pgbench_tellers drop column note;\ncreate index concurrently on pgbench_accounts (bid);|",
	}
	options := quick(settings, t, files, time.Minute)
	options.Limits = apply.Limits{Lock: 400 * time.Millisecond, Statement: time.Minute, Retry: 2 * time.Minute}
	progress := &log{}
	options.Progress = progress
	steps, err := open(t, options).Up(t.Context())
	if err != nil || len(steps) != 2 {
		t.Errorf("got %v, %v\n%s", versions(steps), err, progress.all())
	}
	stop()
	most := <-longest
	<-reading
	if most > options.Limits.Lock+500*time.Millisecond {
		t.Errorf("a transaction waited %s for the migration", most)
	}
}
