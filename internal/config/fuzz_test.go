package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
)

// keysOf returns the paths of all keys in a decoded YAML document, which knows nothing of our types.
func keysOf(value any, path string) []string {
	var keys []string
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			at := strings.TrimPrefix(path+"."+name, ".")
			keys = append(append(keys, at), keysOf(inner, at)...)
		}
	case []any:
		for i, inner := range value {
			keys = append(keys, keysOf(inner, path+"["+strconv.Itoa(i)+"]")...)
		}
	}
	return keys
}

// asPattern returns the form in which config.Keys has a path.
func asPattern(path string) string {
	path = regexp.MustCompile(`\[[0-9]+\]`).ReplaceAllString(path, "[]")
	path = regexp.MustCompile(`^environments\.[^.]+`).ReplaceAllString(path, "environments.*")
	return regexp.MustCompile(`(process|compose)\.environment\.[^.]+`).ReplaceAllString(path, "$1.environment.*")
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile(filepath.Join("testdata", "example.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte(small))
	f.Add([]byte(everyKey[0]))
	for _, test := range badConfigs {
		if len(test.source) < 1000 {
			f.Add([]byte(test.source))
		}
	}
	known := config.Keys()
	f.Fuzz(func(t *testing.T, source []byte) {
		parsed, err := config.Parse("airlock.yaml", source)
		if err != nil {
			if text := err.Error(); strings.Count(text, "\n") > 20 || !strings.HasPrefix(text, "airlock.yaml:") {
				t.Errorf("got the error %q", text)
			}
			return
		}
		// Given a document that is accepted, then every key in it is known, and has been read.
		var document any
		plain := regexp.MustCompile(`\$\{\w+\}`).ReplaceAll(source, []byte("x")) // which need no quotes between braces
		if err := yaml.Unmarshal(plain, &document); err != nil {
			t.Fatalf("accepted what the YAML library does not decode: %v", err)
		}
		there, read := keysOf(document, ""), parsed.KeysSet("")
		slices.Sort(there)
		slices.Sort(read)
		if difference := cmp.Diff(there, read); difference != "" {
			t.Errorf("(-there +read):\n%s", difference)
		}
		lines := strings.Split(strings.ReplaceAll(strings.TrimPrefix(string(source), "\ufeff"), "\r\n", "\n"), "\n")
		for _, key := range there {
			at, _ := parsed.Position(key)
			name := key[strings.LastIndex(key, ".")+1:]
			if written := string([]rune(lines[at.Line-1])[at.Column-1:]); !strings.HasPrefix(written, name) && !strings.ContainsAny(written[:1], `"'`) {
				t.Errorf("the key %s is not at %s", key, at)
			}
			if !slices.Contains(known, asPattern(key)) {
				t.Errorf("accepted the unknown key %s", key)
			}
		}
		for name, want := range parsed.Environments {
			got, _, err := parsed.Environment(name, nil)
			if difference := cmp.Diff(want, got, byText); err != nil || difference != "" {
				t.Errorf("%s: %v (-parsed +environment):\n%s", name, err, difference)
			}
			_, secrets, err := parsed.Environment(name, func(name string) (string, bool) { return "value of " + name, true })
			if err != nil || slices.Contains(secrets, "") {
				t.Errorf("%s: %q %v", name, secrets, err)
			}
		}
	})
}
