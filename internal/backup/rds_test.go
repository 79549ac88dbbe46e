package backup

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// region is an account with the instance wos-production, its store, a clock that only waiting moves, and what was told.
type region struct {
	*awsapitest.AWS
	client  *rds.Client
	options RDSOptions

	mutex sync.Mutex
	now   time.Time
	told  []string
}

func (r *region) Advance(done, total int64, detail string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.told = append(r.told, fmt.Sprintf("%d%% %s", done*100/total, detail))
}

func newRegion(t *testing.T, changes ...func(*rds.CreateDBInstanceInput)) (*region, *RDS) {
	t.Helper()
	r := &region{AWS: awsapitest.Start(t), now: night}
	r.Instance(t, "wos-production", changes...)
	r.client = rds.NewFromConfig(r.Config(t))
	r.options = RDSOptions{
		API: r.client, Quotas: r.client, Restores: r.client, Region: awsapitest.Region, Instance: "wos-production", App: "wos",
		Now: func() time.Time {
			r.mutex.Lock()
			defer r.mutex.Unlock()
			return r.now
		},
		Wait: func(ctx context.Context, duration time.Duration) error {
			r.mutex.Lock()
			defer r.mutex.Unlock()
			r.now = r.now.Add(duration)
			return ctx.Err()
		},
	}
	store, err := NewRDS(r.options)
	if err != nil {
		t.Fatal(err)
	}
	return r, store
}

// names returns the identifiers of all manual snapshots in the account.
func (r *region) names(t *testing.T) []string {
	t.Helper()
	output, err := r.client.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, snapshot := range output.DBSnapshots {
		names = append(names, *snapshot.DBSnapshotIdentifier)
	}
	return names
}

func TestRDSTakeOnceForTags(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	if err := Ready(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	first, found := take(t, store)
	if found || first.Name != Name(night, tags) || first.Kind != "rds" || first.SchemaVersion != 7 || first.Bytes != 20<<30 || first.Created.IsZero() ||
		first.Location != "arn:aws:rds:us-east-1:"+r.Account+":snapshot:"+first.Name {
		t.Errorf("got %+v, found %v", first, found)
	}
	if diff := cmp.Diff([]string{unencrypted, suspended}, first.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	// A second attempt, an hour later, after the migration.
	again, found, err := Take(t.Context(), store, night.Add(time.Hour), tags, 8, nil)
	if err != nil || !found || again.Name != first.Name || again.SchemaVersion != 7 {
		t.Fatalf("got %+v, found %v, %v", again, found, err)
	}
	other := Tags{Environment: "production", Run: "4712", Release: "ghcr.io/wos/app@sha256:0=~ü +"}
	next, found, err := Take(t.Context(), store, night.Add(time.Hour), other, 8, nil)
	if err != nil || found {
		t.Fatalf("another run: got found %v, %v", found, err)
	}
	got, err := store.List(t.Context())
	if err != nil || len(got) != 2 || got[0].Name != next.Name || got[0].Tags != other || got[1].Name != first.Name || got[1].Tags != tags {
		t.Errorf("got %+v, %v, want the newest first", got, err)
	}
	if err := store.Remove(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	holds(t, store.Remove(t.Context(), first), "there is no snapshot "+first.Name, "list")
	if diff := cmp.Diff([]string{next.Name}, r.names(t)); diff != "" {
		t.Errorf("after removing (-want +got):\n%s", diff)
	}
}

func TestRDSTags(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	snapshot, _ := take(t, store)
	output, err := r.client.ListTagsForResource(t.Context(), &rds.ListTagsForResourceInput{ResourceName: &snapshot.Location})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, tag := range output.TagList {
		got[*tag.Key] = *tag.Value
	}
	want := map[string]string{
		"airlock:environment": "production", "airlock:run": "4711", "airlock:release": "1f2e3d4", "airlock:schema-version": "7", "airlock:app": "wos",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// Given a snapshot that an earlier attempt asked for and did not see the end of, when the promotion runs again, then it
// waits for that one.
func TestRDSTakeWaitsForTheEarlierAttempt(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	first, _ := take(t, store)
	creating := awsapitest.Status("creating", "")
	r.Fail("DescribeDBSnapshots", creating, creating, creating, awsapitest.Status("creating", "60"))
	got, found, err := Take(t.Context(), store, night.Add(time.Hour), tags, 8, r)
	if err != nil || found || got.Name != first.Name || got.SchemaVersion != 7 {
		t.Fatalf("got %+v, found %v, %v", got, found, err)
	}
	if r.Calls("CreateDBSnapshot") != 1 || len(r.names(t)) != 1 {
		t.Errorf("another snapshot was taken: %v", r.names(t))
	}
	detail := "RDS takes the snapshot " + first.Name + ": creating"
	if diff := cmp.Diff([]string{"0% " + detail, "0% " + detail, "60% " + detail}, r.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// Whatever goes wrong between here and AWS, one snapshot is taken, and found again.
func TestRDSTakesOneThroughTrouble(t *testing.T) {
	t.Parallel()
	down := awsapitest.Fault{Code: "InternalFailure", Status: 500}
	busy := awsapitest.Fault{Code: "InvalidDBInstanceState", Message: "not in the available state"}
	many := func(fault awsapitest.Fault, times int) (faults []awsapitest.Fault) {
		for range times {
			faults = append(faults, fault)
		}
		return faults
	}
	for _, test := range []struct {
		name, action string
		faults       []awsapitest.Fault
		told         string
	}{
		{"the answer is lost", "CreateDBSnapshot", []awsapitest.Fault{{Lose: true}}, ""},
		{"the answer is lost, and then AWS is down", "CreateDBSnapshot", append([]awsapitest.Fault{{Lose: true}}, many(down, 9)...), ""},
		{"AWS is down for long", "CreateDBSnapshot", many(down, 23), ""},
		{"throttled for long", "CreateDBSnapshot", many(awsapitest.Fault{Code: "Throttling"}, 12), ""},
		{"the nightly backup runs", "CreateDBSnapshot", many(busy, 4), "wos-production is available no more"},
		{"the nightly backup is seen", "DescribeDBInstances", many(awsapitest.Replace("<DBInstanceStatus>available", "<DBInstanceStatus>backing-up"), 3),
			"wos-production is backing-up, which the nightly backup can cause"},
		{"storage is being optimized", "DescribeDBInstances", many(awsapitest.Replace("<DBInstanceStatus>available", "<DBInstanceStatus>storage-optimization"), 9), ""},
		{"it is made while AWS is down", "DescribeDBSnapshots", append([]awsapitest.Fault{{}, {}, awsapitest.Status("creating", "")}, many(down, 9)...), ": creating"},
		{"it is not shown at once", "DescribeDBSnapshots", append([]awsapitest.Fault{{}, {}, awsapitest.Status("creating", "")},
			many(awsapitest.Fault{Code: "DBSnapshotNotFound", Status: 404}, 3)...), ": creating"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			if strings.Contains(test.told, "creating") {
				r.Fail("CreateDBSnapshot", awsapitest.Status("creating", "0"))
			}
			r.Fail(test.action, test.faults...)
			snapshot, found, err := Take(t.Context(), store, night, tags, 7, r)
			if err != nil || found {
				t.Fatalf("got found %v, %v", found, err)
			}
			if diff := cmp.Diff([]string{snapshot.Name}, r.names(t)); diff != "" {
				t.Errorf("snapshots (-want +got):\n%s", diff)
			}
			if !strings.Contains(strings.Join(r.told, "\n"), test.told) {
				t.Errorf("told %q, want %q", r.told, test.told)
			}
			if again, found := take(t, store); !found || again.Name != snapshot.Name {
				t.Errorf("a second attempt got %s, found %v", again.Name, found)
			}
		})
	}
}

func TestRDSTakeAtOnce(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	names := make([]string, 3)
	var group sync.WaitGroup
	for i := range names {
		group.Go(func() {
			snapshot, _, err := Take(t.Context(), store, night, tags, 7, nil)
			if err != nil {
				t.Error(err)
			}
			names[i] = snapshot.Name
		})
	}
	group.Wait()
	if names[0] != names[1] || names[1] != names[2] || len(r.names(t)) != 1 {
		t.Errorf("got %v and %v, want one snapshot", names, r.names(t))
	}
}

func TestRDSRefuses(t *testing.T) {
	t.Parallel()
	answer := func(code string) awsapitest.Fault { return awsapitest.Fault{Code: code, Message: "AWS says why"} }
	status := func(status string) awsapitest.Fault {
		return awsapitest.Replace("<DBInstanceStatus>available", "<DBInstanceStatus>"+status)
	}
	for _, test := range []struct {
		name, action string
		fault        awsapitest.Fault
		text, hint   string
		kind         problem.Kind
		ready        bool // It is seen beforehand as well.
	}{
		{"no such instance", "DescribeDBInstances", answer("DBInstanceNotFound"), "there is no RDS instance wos-production in us-east-1", "database.rds", problem.Failure, true},
		{"another engine", "DescribeDBInstances", awsapitest.Replace("<Engine>postgres</Engine>", "<Engine>mysql</Engine>"), "is for mysql", "PostgreSQL", problem.Usage, true},
		{"a member of Aurora", "DescribeDBInstances", awsapitest.Replace("<DBInstanceStatus>", "<DBClusterIdentifier>wos-cluster</DBClusterIdentifier><DBInstanceStatus>"),
			"member of the Aurora cluster wos-cluster", "RDS instances only", problem.Usage, true},
		{"stopped", "DescribeDBInstances", status("stopped"), "it is stopped", "start or mend", problem.Failure, true},
		{"beyond repair", "DescribeDBInstances", status("incompatible-restore"), "it is incompatible-restore", "start or mend", problem.Failure, true},
		{"not allowed", "CreateDBSnapshot", awsapitest.Fault{Code: "AccessDenied", Status: 403, Message: "User: arn:aws:x is not authorized to perform: rds:AddTagsToResource on resource: y"},
			"RDS CreateDBSnapshot: AccessDenied", "allow rds:AddTagsToResource in a policy of arn:aws:x", problem.Failure, false},
		{"a member of Aurora, unseen", "CreateDBSnapshot", answer("InvalidParameterValue"), "no snapshot of wos-production in us-east-1 can be taken: RDS CreateDBSnapshot: InvalidParameterValue: AWS says why", "", problem.Failure, false},
		{"quota", "CreateDBSnapshot", answer("SnapshotQuotaExceeded"), "no more manual snapshots in us-east-1: 3 of 100", "the oldest are " + Name(night.Add(-time.Hour), tags), problem.Failure, false},
		{"quota, seen", "DescribeAccountAttributes", awsapitest.Replace("<Used>3</Used>", "<Used>100</Used>"), "no more manual snapshots in us-east-1", "1 that airlock took", problem.Failure, true},
		{"quota, not told", "DescribeAccountAttributes", awsapitest.Replace("ManualSnapshots", "Others"), "does not say how many snapshots", "", problem.Inconclusive, true},
		{"quota, not allowed", "DescribeAccountAttributes", answer("AccessDenied"), "cannot be seen", "allow rds:DescribeAccountAttributes", problem.Failure, true},
		{"it fails", "CreateDBSnapshot", awsapitest.Status("failed", ""), "could not take the snapshot", "events", problem.Failure, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			earlier := tags
			earlier.Run = "4710"
			if _, err := store.Create(t.Context(), Name(night.Add(-time.Hour), tags), earlier, 7, nil); err != nil {
				t.Fatal(err)
			}
			seen := func(err error) {
				t.Helper()
				holds(t, err, test.text, test.hint)
				if got := problem.KindOf(err); got != test.kind {
					t.Errorf("got kind %v, want %v", got, test.kind)
				}
			}
			if test.ready {
				r.Fail(test.action, test.fault)
				seen(Ready(t.Context(), store))
			}
			if test.action != "DescribeAccountAttributes" {
				r.Fail(test.action, test.fault)
				_, _, err := Take(t.Context(), store, night, tags, 7, nil)
				seen(err)
			}
		})
	}
}

func TestRDSPatienceEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		percent  func(call int) string
		at, most time.Duration
	}{
		{"without progress", func(int) string { return "30" }, time.Hour, time.Hour + 6*time.Minute},
		{"in spite of progress", func(call int) string { return fmt.Sprint(call % 100) }, 4 * time.Hour, 4*time.Hour + 6*time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			snapshot, _ := take(t, store)
			store.options.Every = 5 * time.Minute
			for call := range 100 {
				r.Fail("DescribeDBSnapshots", awsapitest.Status("creating", test.percent(call)))
			}
			_, _, err := Take(t.Context(), store, night, tags, 7, nil)
			holds(t, err, "the snapshot of wos-production is not there after", "goes on waiting for the same snapshot")
			if took := r.now.Sub(night); problem.KindOf(err) != problem.Inconclusive || took < test.at || took > test.most || !strings.Contains(err.Error(), snapshot.Name) {
				t.Errorf("got %v after %s", err, took)
			}
		})
	}
}

// A snapshot of a small database is there after a minute: a promotion should not stand still for long after it.
func TestRDSIsAskedOftenAtFirst(t *testing.T) {
	t.Parallel()
	for _, took := range []time.Duration{0, 3 * time.Second, 20 * time.Second, 10 * time.Minute} {
		t.Run(took.String(), func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			r.Fail("CreateDBSnapshot", awsapitest.Status("creating", ""))
			for range 100 {
				r.Fail("DescribeDBSnapshots", awsapitest.Fault{Rewrite: func(body string) string {
					if r.options.Now().Sub(night) >= took {
						return body
					}
					return awsapitest.Status("creating", "").Rewrite(body)
				}})
			}
			take(t, store)
			// The pauses differ by a fifth.
			if got, most := r.now.Sub(night), took+max(min(took*3/10, 18*time.Second), 1200*time.Millisecond); got < took || got > most {
				t.Errorf("a snapshot that took %s was awaited for %s, want at most %s", took, got, most)
			}
			if calls := r.Calls("DescribeDBSnapshots"); calls > 70 {
				t.Errorf("RDS was asked %d times", calls)
			}
		})
	}
}

func TestRDSInterrupted(t *testing.T) {
	t.Parallel()
	r, _ := newRegion(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.options.Wait = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return wait(ctx, time.Hour)
	}
	store, err := NewRDS(r.options)
	if err != nil {
		t.Fatal(err)
	}
	r.Fail("CreateDBSnapshot", awsapitest.Status("creating", ""))
	_, _, err = Take(ctx, store, night, tags, 7, nil)
	holds(t, err, "interrupted", "goes on waiting")
	if snapshot, found := take(t, store); !found || len(r.names(t)) != 1 {
		t.Errorf("after running again: got %s, found %v, %v", snapshot.Name, found, r.names(t))
	}
}
