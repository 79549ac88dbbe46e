package application

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func FuzzSessionOpen(f *testing.F) {
	s := sessions{key: []byte("a key that the fuzzer lacks")}
	now := time.Unix(1_700_000_000, 0)
	f.Add(s.seal(1, now.Add(time.Hour)))
	f.Add(s.seal(1, now.Add(-time.Hour)))
	f.Add("1.1800000000.")
	f.Add("...")
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		id, err := s.open(value, now)
		if err != nil {
			if id != 0 {
				t.Errorf("got user %d with an error", id)
			}
			return
		}
		// What opens was sealed with this key, for this user, until a moment that has not come.
		parts := strings.Split(value, ".")
		until, _ := strconv.ParseInt(parts[1], 10, 64)
		if got := s.seal(id, time.Unix(until, 0)); got != value || until <= now.Unix() {
			t.Errorf("%q opened, but %q is what we seal", value, got)
		}
	})
}
