package history

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever is read as a payload can be written and read again, and is the same.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		`{"airlock": 1, "key": "k", "release": {"image": "sha256:1", "migrations": "m", "schema": 3}, "from": {"image": "x"}, "fromSchema": 8, "run": "1", "attempt": 2, "actor": "octocat"}`,
		`{"airlock": 1}`, `{"airlock": 2}`, `{"Airlock": 1, "airlock": 2}`, `[]`, `null`, `"{}"`, `{"airlock": 1, "from": null} {}`, ``,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, content []byte, promote bool) {
		first := Promotion{Task: Rollback}
		if promote {
			first.Task = Promote
		}
		second := first
		if err := decodePayload(content, &first); err != nil {
			if diff := cmp.Diff(second, first); diff != "" {
				t.Errorf("refused, and yet filled in (-want +got):\n%s", diff)
			}
			return
		}
		if !json.Valid(content) {
			t.Errorf("%q was read and is no JSON", content)
		}
		written, err := encodePayload(first)
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", content, err)
		}
		if err := decodePayload(written, &second); err != nil {
			t.Fatalf("%q was written and cannot be read: %v", written, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("(-read +read again):\n%s", diff)
		}
	})
}
