package wayback_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/wayback"
)

func TestWays(t *testing.T) {
	t.Parallel()
	v1 := history.Release{Label: "v1", Image: "sha256:0"}
	promotion := history.Promotion{From: &v1, FromSchema: 5, Release: history.Release{Label: "v2", Migrations: "abc"}}
	same := promotion
	same.From = &history.Release{Label: "v1", Image: "sha256:1"}
	same.Release.Image = "sha256:1"
	first := promotion
	first.From, first.FromSchema = nil, 0
	tests := []struct {
		name                   string
		facts                  wayback.Facts
		image, schema, restore wayback.Certainty
		reason                 string // of the way that the case is about
	}{
		{"migrated", wayback.Facts{Promotion: promotion, Schema: 7, Migrations: "abc", Snapshot: "pre-deploy-1"},
			wayback.Unproven, wayback.Unproven, wayback.Unproven, "v1 was not tried on schema version 7"},
		{"no migration", wayback.Facts{Promotion: promotion, Schema: 5, Migrations: "abc"},
			wayback.Proven, wayback.Impossible, wayback.Impossible, "v1 served on this very schema"},
		{"the schema is older than before", wayback.Facts{Promotion: promotion, Schema: 3, Migrations: "abc"},
			wayback.Unproven, wayback.Impossible, wayback.Impossible, "no migration to take back"},
		{"the previous version is gone", wayback.Facts{Promotion: promotion, Schema: 7, Migrations: "abc", Missing: errors.New("its folder is gone")},
			wayback.Impossible, wayback.Impossible, wayback.Impossible, "its folder is gone"},
		{"other migrations at hand", wayback.Facts{Promotion: promotion, Schema: 7, Migrations: "xyz"},
			wayback.Unproven, wayback.Impossible, wayback.Impossible, "check out its commit"},
		{"the same image", wayback.Facts{Promotion: same, Schema: 7, Migrations: "abc"},
			wayback.Impossible, wayback.Unproven, wayback.Impossible, "only the schema differs"},
		{"an empty Down", wayback.Facts{Promotion: promotion, Schema: 7, Migrations: "abc", EmptyDowns: []string{"00007_b.sql"}},
			wayback.Unproven, wayback.Impossible, wayback.Impossible, "nothing takes back 00007_b.sql"},
		{"a database that does not answer", wayback.Facts{Promotion: promotion, SchemaUnknown: errors.New("connection refused"), Migrations: "abc"},
			wayback.Unproven, wayback.Impossible, wayback.Impossible, "connection refused"},
		{"the first release", wayback.Facts{Promotion: first, Schema: 5, Migrations: "abc"},
			wayback.Unproven, wayback.Unproven, wayback.Impossible, "nothing was served before"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ways := wayback.Ways(test.facts)
			want := map[wayback.Kind]wayback.Certainty{wayback.Image: test.image, wayback.Schema: test.schema, wayback.Restore: test.restore}
			var reasons []string
			for _, way := range ways {
				if way.Certainty != want[way.Kind] {
					t.Errorf("%s: got %s (%s), want %s", way.Kind, way.Certainty, way.Reason, want[way.Kind])
				}
				reasons = append(reasons, way.Reason)
			}
			if !strings.Contains(strings.Join(reasons, "; "), test.reason) {
				t.Errorf("got reasons %q, want one with %q", reasons, test.reason)
			}
			if len(ways) != 3 || ways[0].Kind != wayback.Image || ways[2].Kind != wayback.Restore {
				t.Errorf("got %v, want the cheapest first", ways)
			}
		})
	}
}
