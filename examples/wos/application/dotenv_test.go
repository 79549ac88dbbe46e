package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDotenv(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text  string
		want  map[string]string
		wrong string
	}{
		"nothing":            {text: "", want: map[string]string{}},
		"plain":              {text: "A=1\nB=two words\n", want: map[string]string{"A": "1", "B": "two words"}},
		"windows":            {text: "\ufeffA=1\r\nB=2\r\n", want: map[string]string{"A": "1", "B": "2"}},
		"comments":           {text: "# first\n  # second\nA=1 # third\nB=a#b\nC=# all\n", want: map[string]string{"A": "1", "B": "a#b", "C": ""}},
		"spaces and export":  {text: "export A = 1\n\n\t B=2  ", want: map[string]string{"A": "1", "B": "2"}},
		"single quotes":      {text: `A='a # \n "b"' # why`, want: map[string]string{"A": `a # \n "b"`}},
		"double quotes":      {text: `A="a\nb\"c\\d\e"`, want: map[string]string{"A": "a\nb\"c\\d\\e"}},
		"address":            {text: "DATABASE_URL=postgresql://u:p=#1@h:5432/d?x=y", want: map[string]string{"DATABASE_URL": "postgresql://u:p=#1@h:5432/d?x=y"}},
		"last counts":        {text: "A=1\nA=2", want: map[string]string{"A": "2"}},
		"no equals sign":     {text: "A=1\nsecret", wrong: "line 2 is not NAME=value"},
		"no name":            {text: "=secret", wrong: "line 1 is not NAME=value"},
		"wrong name":         {text: "1A=secret", wrong: "line 1 is not NAME=value"},
		"open quote":         {text: `A="secret`, wrong: `line 1: the closing " is missing`},
		"text after a quote": {text: `A='a' secret`, wrong: "line 1: there is text after the closing '"},
		"huge":               {text: strings.Repeat("#", dotenvLimit+1), wrong: "the file has more than 65536 bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDotenv(c.text)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if (err == nil) != (c.wrong == "") || (err != nil && err.Error() != c.wrong) {
				t.Errorf("got the error %v, want %q", err, c.wrong)
			}
		})
	}
}

func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{"A=1", "export A='x' # y", `A="a\n\"b`, "A=#", "\ufeffA=1\r\n", "=", "A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseDotenv(text)
		if err != nil {
			if values != nil {
				t.Error("got values with an error")
			}
			return
		}
		// What was read, written in double quotes, reads as the same.
		escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
		for name, value := range values {
			again, err := parseDotenv(name + `="` + escape.Replace(value) + `"`)
			if err != nil || again[name] != value {
				t.Errorf("%s: %q became %q, %v", name, value, again[name], err)
			}
		}
	})
}
