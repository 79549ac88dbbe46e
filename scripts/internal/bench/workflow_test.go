package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadWorkflow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"not JSON", "{", "unexpected end"},
		{"no steps", "{}", "no step bare"},
		{"nothing by hand", `{"steps": {"bare": [1], "empty": [1], "ours": [1]}, "airlock": {"x": [1]}}`, "no two promotions with x"},
	} {
		path := filepath.Join(t.TempDir(), "times.json")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readWorkflow(path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.want)
		}
	}
	if got, err := readWorkflow(""); err != nil || got != nil {
		t.Errorf("nothing measured: got %v, %v", got, err)
	}
	for text, met := range map[string]bool{"[107]": false, "[106.9]": true} {
		path := filepath.Join(t.TempDir(), "times.json")
		if err := os.WriteFile(path, []byte(`{"steps": {"bare": [7], "empty": [27], "ours": `+text+`}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readWorkflow(path)
		if err != nil || len(got) != 1 || got[0].Met != met {
			t.Errorf("%s beside 7: got %+v, %v, want met %t", text, got, err, met)
		}
	}
}
