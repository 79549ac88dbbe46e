package backup

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// inStatus shows the temporary instances of the region in a status.
func (r *region) inStatus(status string) {
	r.Always("DescribeDBInstances", func(_ url.Values, body string) string {
		return temporary.ReplaceAllStringFunc(body, func(instance string) string {
			return strings.ReplaceAll(instance, "<DBInstanceStatus>available", "<DBInstanceStatus>"+status)
		})
	})
}

// Whatever a copy fails at, RDS has no instance of it afterwards, and the error says why.
func TestRDSCopyThatFailsIsRemoved(t *testing.T) {
	t.Parallel()
	denied := awsapitest.Fault{Code: "AccessDenied", Status: 403, Message: "User: arn:aws:x is not authorized to perform: rds:ModifyDBInstance on resource: y"}
	quota := awsapitest.Fault{Code: "InstanceQuotaExceeded", Message: "AWS says why"}
	for _, test := range []struct {
		name, status, action string
		faults               []awsapitest.Fault
		text, hint           string
		deleted              int
	}{
		{"it fails", "failed", "", nil, "it is failed", "events", 1},
		{"its network is wrong", "incompatible-network", "", nil, "it is incompatible-network", "events", 1},
		{"it cannot be restored", "restore-error", "", nil, "it is restore-error", "events", 1},
		{"it is never there", "creating", "", nil, "the copy of wos-production is not there after 1h", "run again", 1},
		{"no password may be set", "available", "ModifyDBInstance", []awsapitest.Fault{denied}, "AccessDenied", "allow rds:ModifyDBInstance in a policy of arn:aws:x", 1},
		{"the quota", "available", "RestoreDBInstanceFromDBSnapshot", []awsapitest.Fault{quota}, "InstanceQuotaExceeded: AWS says why", "", 0},
		{"it may not be made", "available", "RestoreDBInstanceFromDBSnapshot", []awsapitest.Fault{{Code: "AccessDenied", Status: 403}}, "AccessDenied", "allow rds:RestoreDBInstanceFromDBSnapshot", 0},
		{"it is made, and the answer is lost", "failed", "RestoreDBInstanceFromDBSnapshot", []awsapitest.Fault{{Lose: true}}, "it is failed", "events", 1},
		{"it is made, the answer is lost, and it used up the quota", "available", "RestoreDBInstanceFromDBSnapshot", []awsapitest.Fault{{Lose: true}, quota}, "InstanceQuotaExceeded", "", 1},
		{"others cannot be listed", "available", "DescribeDBInstances", []awsapitest.Fault{{Code: "AccessDenied", Status: 403}}, "cannot be seen", "allow rds:DescribeDBInstances", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			take(t, store)
			store.options.Every = 5 * time.Minute
			r.inStatus(test.status)
			if test.action != "" {
				r.Fail(test.action, test.faults...)
			}
			_, err := Copy(t.Context(), store, CopyOptions{Progress: r})
			holds(t, err, test.text, test.hint)
			if left := r.instances(t); len(left) != 0 || r.Calls("DeleteDBInstance") != test.deleted {
				t.Errorf("%v is left, after %d deletions", left, r.Calls("DeleteDBInstance"))
			}
		})
	}
}

// Given a copy that is interrupted while RDS makes it, then it is deleted although the call has ended, and RDS may refuse
// that for a while.
func TestRDSCopyInterrupted(t *testing.T) {
	t.Parallel()
	busy := awsapitest.Fault{Code: "InvalidDBInstanceState", Message: "Instance is not in a state in which it can be deleted."}
	down := awsapitest.Fault{Code: "InternalFailure", Status: 500}
	for _, test := range []struct {
		name     string
		restores []awsapitest.Fault
		deletes  []awsapitest.Fault
	}{
		{"at once", nil, nil},
		{"refused for a while", nil, []awsapitest.Fault{busy, busy, busy}},
		{"AWS is down for a while", nil, slices.Repeat([]awsapitest.Fault{down}, 12)},
		{"the answer is lost", nil, []awsapitest.Fault{{Lose: true}}},
		{"it is not shown yet", slices.Repeat([]awsapitest.Fault{{Lose: true}}, 5), slices.Repeat([]awsapitest.Fault{{Code: "DBInstanceNotFound", Status: 404}}, 3)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, _ := newRegion(t)
			ctx, cancel := context.WithCancel(t.Context())
			advance := r.options.Wait
			r.options.Wait = func(waiting context.Context, duration time.Duration) error {
				cancel()
				return advance(waiting, duration)
			}
			store, err := NewRDS(r.options)
			if err != nil {
				t.Fatal(err)
			}
			take(t, store)
			r.inStatus("creating")
			r.Fail("RestoreDBInstanceFromDBSnapshot", test.restores...)
			r.Fail("DeleteDBInstance", test.deletes...)
			_, err = Copy(ctx, store, CopyOptions{})
			holds(t, err, "interrupted while the copy of wos-production was awaited", "run again")
			if left := r.instances(t); len(left) != 0 || strings.Contains(err.Error(), "costs money") {
				t.Errorf("%v is left: %v", left, err)
			}
		})
	}
}

// An instance that cannot be deleted is named, with what it costs and how it is deleted by hand.
func TestRDSCopyThatIsLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault awsapitest.Fault
		took  time.Duration
		hint  string
	}{
		{"not allowed", awsapitest.Fault{Code: "AccessDenied", Status: 403}, time.Minute, "allow rds:DeleteDBInstance"},
		{"refused for ever", awsapitest.Fault{Code: "InvalidDBInstanceState"}, 11 * time.Minute, "the next rehearsal tries too"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			take(t, store)
			store.options.Every = time.Minute
			r.inStatus("failed")
			r.Fail("DeleteDBInstance", slices.Repeat([]awsapitest.Fault{test.fault}, 200)...)
			_, err := Copy(t.Context(), store, CopyOptions{})
			left := r.instances(t)
			if len(left) != 1 {
				t.Fatalf("got %v", left)
			}
			holds(t, err, "it is failed; and the RDS instance "+left[0]+" in us-east-1 is left: it costs money and holds a copy of the rows of wos-production", test.hint)
			holds(t, err, "", "aws rds delete-db-instance --region us-east-1 --db-instance-identifier "+left[0]+" --skip-final-snapshot --delete-automated-backups")
			if took := r.now.Sub(night); took > test.took {
				t.Errorf("it was tried for %s", took)
			}
		})
	}
}

func TestRDSCopyIsBeingDeletedAlready(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	take(t, store)
	r.inStatus("deleting")
	r.Fail("DeleteDBInstance", awsapitest.Fault{Code: "InvalidDBInstanceState", Message: "Instance is already being deleted."})
	_, err := Copy(t.Context(), store, CopyOptions{})
	holds(t, err, "it is deleting", "events")
	if strings.Contains(err.Error(), "costs money") || r.Calls("DeleteDBInstance") != 1 {
		t.Errorf("got %v after %d deletions", err, r.Calls("DeleteDBInstance"))
	}
}

// The instances of runs that were killed go with the next run: only ours, of this original, and old.
func TestRDSCopiesThatWereLeftBehind(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	take(t, store)
	old, young := night.Add(-13*time.Hour).UTC().Format(scratchTime), night.Add(-11*time.Hour).UTC().Format(scratchTime)
	for name, tag := range map[string]string{
		"airlock-rehearsal-" + old + "-aaaaaaaa": "wos-production", "airlock-rehearsal-" + young + "-bbbbbbbb": "wos-production",
		"airlock-rehearsal-" + old + "-cccccccc": "wos-sandbox", "airlock-rehearsal-" + old + "-dddddddd": "", "airlock-rehearsal-of-mine": "wos-production",
		"my-airlock-rehearsal-" + old: "wos-production",
	} {
		r.Instance(t, name, func(input *rds.CreateDBInstanceInput) {
			if tag != "" {
				input.Tags = []types.Tag{{Key: aws.String("airlock:rehearsal"), Value: &tag}}
			}
		})
	}
	before := r.instances(t)
	// It ends soon after it tidied up.
	r.Fail("RestoreDBInstanceFromDBSnapshot", awsapitest.Fault{Code: "InstanceQuotaExceeded"})
	if _, err := Copy(t.Context(), store, CopyOptions{}); err == nil {
		t.Fatal("there is a copy")
	}
	want := slices.DeleteFunc(before, func(name string) bool { return strings.HasSuffix(name, "-aaaaaaaa") })
	if diff := cmp.Diff(want, r.instances(t)); diff != "" || len(want) != 5 {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
}

// Given a copy that nobody gets into, then it is not waited for as long as for RDS.
func TestRDSCopyThatIsNotReached(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	take(t, store)
	store.options.Every = time.Minute
	r.Always("DescribeDBInstances", func(_ url.Values, body string) string {
		body = regexp.MustCompile(`<Address>[^<]*</Address>`).ReplaceAllString(body, "<Address>127.0.0.1</Address>")
		return strings.ReplaceAll(body, "<Port>5432</Port>", "<Port>1</Port>")
	})
	_, err := Copy(t.Context(), store, CopyOptions{})
	holds(t, err, "is there and lets nobody in", "security groups")
	if took := r.now.Sub(night); took < reachLimit || took > reachLimit+2*time.Minute || len(r.instances(t)) != 0 {
		t.Errorf("it took %s, left %v", took, r.instances(t))
	}
}

func TestRDSCopyRefusesBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	tunnel := func(name string) (string, bool) {
		return map[string]string{"PGHOSTADDR": "127.0.0.1"}[name], name == "PGHOSTADDR"
	}
	for _, test := range []struct {
		name       string
		settings   database.Settings
		change     func(*RDSOptions)
		text, hint string
	}{
		{"a tunnel", database.Settings{LookupEnv: tunnel}, nil, "PGHOSTADDR leads every connection to \"127.0.0.1\"", "unset it"},
		{"no user", database.Settings{URL: "postgres://h/wos"}, nil, "is not known", "name both"},
		{"a URL that is none", database.Settings{URL: "postgres://u:canary%zz@h/wos"}, nil, "the database URL cannot be read", ""},
		{"no way to restore", database.Settings{}, func(options *RDSOptions) { options.Restores = nil }, "cannot be restored from here", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			take(t, store)
			if test.change != nil {
				test.change(&store.options)
			}
			_, err := Copy(t.Context(), store, CopyOptions{Settings: test.settings})
			holds(t, err, test.text, test.hint)
			if strings.Contains(err.Error()+problem.Hint(err), "canary") || r.Calls("RestoreDBInstanceFromDBSnapshot") != 0 {
				t.Errorf("got %v after %d calls", err, r.Calls("RestoreDBInstanceFromDBSnapshot"))
			}
		})
	}
}

// The newest snapshot is the one, whoever took it.
func TestRDSNewestSnapshot(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	// moto takes one when it makes an instance, as RDS does.
	newest, err := store.newest(t.Context())
	if err != nil || !strings.HasPrefix(newest.Name, "rds:wos-production-") || newest.SchemaVersion != UnknownSchema || newest.Created.IsZero() || newest.Bytes != 20<<30 {
		t.Errorf("got %+v, %v", newest, err)
	}
	ours, _ := take(t, store)
	if newest, err = store.newest(t.Context()); err != nil || newest.Name != ours.Name || newest.SchemaVersion != 7 {
		t.Errorf("got %+v, %v", newest, err)
	}
	stamp := regexp.MustCompile(`<SnapshotCreateTime>[^<]*<`)
	r.Fail("DescribeDBSnapshots", awsapitest.Fault{}, awsapitest.Fault{Rewrite: func(body string) string {
		return stamp.ReplaceAllString(body, "<SnapshotCreateTime>2999-01-01T00:00:00Z<")
	}})
	if newest, err = store.newest(t.Context()); err != nil || newest.SchemaVersion != UnknownSchema {
		t.Errorf("got %+v, %v", newest, err)
	}
	none := awsapitest.Fault{Rewrite: func(body string) string {
		return regexp.MustCompile(`(?s)<DBSnapshots>.*</DBSnapshots>`).ReplaceAllString(body, "<DBSnapshots></DBSnapshots>")
	}}
	r.Fail("DescribeDBSnapshots", none, none)
	_, err = Copy(t.Context(), store, CopyOptions{})
	holds(t, err, "there is no snapshot of wos-production", "airlock snapshot create")
	// Of an earlier instance with this name.
	r.Fail("DescribeDBSnapshots", none, awsapitest.Replace("<DbiResourceId>", "<DbiResourceId>other-"))
	_, err = Copy(t.Context(), store, CopyOptions{})
	holds(t, err, "there is no snapshot of wos-production", "airlock snapshot create")
}
