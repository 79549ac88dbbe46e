package nearest_test

import (
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	candidates := []string{"window", "watch", "url", "environment"}
	tests := map[string]string{
		"windw":                  "window",
		"windows":                "window",
		"wotch":                  "watch",
		"ur":                     "url",
		"u":                      "",
		"enviroment":             "environment",
		"":                       "",
		"completely different":   "",
		strings.Repeat("w", 500): "",
	}
	for name, want := range tests {
		got, found := nearest.Name(name, candidates)
		if got != want || found != (want != "") {
			t.Errorf("%.20q: got %q, %v; want %q", name, got, found, want)
		}
	}
}
