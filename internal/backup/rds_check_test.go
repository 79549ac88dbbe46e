package backup

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestRDSCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, action string
		fault        awsapitest.Fault
		want         string
	}{
		{"sound", "DescribeDBSnapshots", awsapitest.Fault{}, ""},
		{"gone", "DescribeDBSnapshots", awsapitest.Fault{Code: "DBSnapshotNotFound", Status: 404}, "there is no snapshot"},
		{"not available", "DescribeDBSnapshots", awsapitest.Status("modifying", ""), "it is modifying"},
		{"of another instance", "DescribeDBSnapshots", awsapitest.Replace("<DBInstanceIdentifier>wos-production", "<DBInstanceIdentifier>wos-sandbox"),
			"not one that airlock took of wos-production: it is of wos-sandbox"},
		{"of an earlier instance", "DescribeDBInstances", awsapitest.Replace("<DbiResourceId>", "<DbiResourceId>other-"), "an earlier instance with the name wos-production"},
		{"another engine", "DescribeDBSnapshots", awsapitest.Replace("<Engine>postgres<", "<Engine>mysql<"), "it is for mysql"},
		{"not encrypted", "DescribeDBInstances", awsapitest.Replace("<StorageEncrypted>false", "<StorageEncrypted>true"), "it is not encrypted, and the instance is"},
		{"for another release", "DescribeDBSnapshots", awsapitest.Replace("<Value>1f2e3d4<", "<Value>other<"), `another one of that name`},
		{"tags removed", "DescribeDBSnapshots", awsapitest.Replace("<Key>airlock:", "<Key>was:"), "not one that airlock took"},
		{"tags changed", "DescribeDBSnapshots", awsapitest.Replace("<Value>1f2e3d4<", "<Value>a=b<"), "the tag airlock:release of snapshot"},
		{"a tag removed", "DescribeDBSnapshots", awsapitest.Replace("<Key>airlock:run", "<Key>run"), "is not as it was written"},
		{"not to be seen", "DescribeDBSnapshots", awsapitest.Fault{Code: "AccessDenied", Status: 403}, "cannot be seen: RDS DescribeDBSnapshots: AccessDenied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, store := newRegion(t)
			snapshot, _ := take(t, store)
			r.Fail(test.action, test.fault)
			err := store.Check(t.Context(), snapshot)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestRDSLeavesSnapshotsOfOthersAlone(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	mine := types.Tag{Key: aws.String("owner"), Value: aws.String("somebody")}
	if _, err := r.client.CreateDBSnapshot(t.Context(), &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String("wos-production"), DBSnapshotIdentifier: aws.String("by-hand"), Tags: []types.Tag{mine},
	}); err != nil {
		t.Fatal(err)
	}
	if got, err := store.List(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v, want none", got, err)
	}
	holds(t, store.Remove(t.Context(), Snapshot{Name: "by-hand"}), "not one that airlock took of wos-production", "leave it")
	_, err := store.Create(t.Context(), "by-hand", tags, 7, nil)
	holds(t, err, "not one that airlock took", "leave it")
	if r.Calls("DeleteDBSnapshot") != 0 || len(r.names(t)) != 1 {
		t.Errorf("it was touched: %v", r.names(t))
	}
}

func TestRDSNameIsTaken(t *testing.T) {
	t.Parallel()
	_, store := newRegion(t)
	snapshot, _ := take(t, store)
	other := tags
	other.Run = "4712"
	_, err := store.Create(t.Context(), snapshot.Name, other, 7, nil)
	holds(t, err, "already, for another promotion", "in a minute")
}

func TestRDSListReadsAllPages(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	snapshot, _ := take(t, store)
	r.Fail("DescribeDBSnapshots", awsapitest.Fault{Rewrite: func(body string) string {
		before, rest, _ := strings.Cut(body, "<DBSnapshots>")
		_, after, _ := strings.Cut(rest, "</DBSnapshots>")
		return before + "<Marker>next</Marker><DBSnapshots></DBSnapshots>" + after
	}})
	got, err := store.List(t.Context())
	if err != nil || len(got) != 1 || got[0].Name != snapshot.Name {
		t.Errorf("got %+v, %v", got, err)
	}
	r.Fail("DescribeDBSnapshots", awsapitest.Replace("<Value>1f2e3d4<", "<Value>a=b<"))
	_, err = store.List(t.Context())
	holds(t, err, "the tag airlock:release of snapshot "+snapshot.Name, "remove it or all its tags")
	if problem.KindOf(err) != problem.Inconclusive {
		t.Errorf("got kind %v", problem.KindOf(err))
	}
}

func TestRDSRemoveIsToldOnce(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t)
	snapshot, _ := take(t, store)
	// The first call removes it, the second finds nothing: that is not an error of this call.
	r.Fail("DeleteDBSnapshot", awsapitest.Fault{Lose: true})
	if err := store.Remove(t.Context(), snapshot); err != nil || len(r.names(t)) != 0 {
		t.Errorf("got %v and %v", err, r.names(t))
	}
}

func TestRDSRefusesNames(t *testing.T) {
	t.Parallel()
	_, store := newRegion(t)
	for _, name := range []string{"", "-x", "a--b", "a-", "1a", "A", "arn:aws:rds:x", strings.Repeat("a", 256)} {
		_, err := store.Create(t.Context(), name, tags, 0, nil)
		holds(t, err, "cannot name a snapshot", "hyphens")
	}
	if _, err := NewRDS(RDSOptions{}); err == nil {
		t.Error("a store of no instance was made")
	}
	long := tags
	long.Release = strings.Repeat("é", 50)
	_, err := store.Create(t.Context(), "pre-deploy", long, 0, nil)
	holds(t, err, "is too long for the tag airlock:release", "shorter")
}

func TestEncodeTag(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"ghcr.io/wos/app@sha256:0f": "ghcr.io/wos/app@sha256:0f",
		"a b+c=d~%é":                "a=20b=2Bc=3Dd=7E=25=C3=A9",
		"AWS:mine:2":                "AWS=3Amine:2",
		"rds:x":                     "rds=3Ax",
		"":                          "",
	} {
		if got := encodeTag(value); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func FuzzEncodeTag(f *testing.F) {
	for _, value := range []string{"sha256:0f", "a b+c=d~%", "aws:x", "\x00\xff", "=3A", "rds="} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := encodeTag(value)
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/=+-@") != "" {
			t.Errorf("%q is not what a tag may hold", text)
		}
		if got, ok := decodeTag(text); !ok || got != value {
			t.Errorf("%q became %q and then %q", value, text, got)
		}
	})
}
