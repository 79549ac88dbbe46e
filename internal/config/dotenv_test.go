package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestParseDotenv(t *testing.T) {
	t.Parallel()
	got, err := config.ParseDotenv("\ufeff# comment\n\nA=1\r\n  export  B = two words  \nC='$x \\n \"' # comment\n" +
		`D="a\nb\"c\\d"` + "\nE=\nF=postgres://u:p#1@h/d?a=b\nG=it's\nexport=x\nexported=y\nH=\"#\"\n_I1=''")
	want := map[string]string{
		"A": "1", "B": "two words", "C": `$x \n "`, "D": "a\nb\"c\\d", "E": "", "F": "postgres://u:p#1@h/d?a=b", "G": "it's",
		"export": "x", "exported": "y", "H": "#", "_I1": "",
	}
	if difference := cmp.Diff(want, got); err != nil || difference != "" {
		t.Errorf("%v (-want +got):\n%s", err, difference)
	}
}

func TestParseDotenvErrors(t *testing.T) {
	t.Parallel()
	const canary = "canary-secret"
	for text, want := range map[string]string{
		canary:                            "line 1 of the variables: expected NAME=value, got no =",
		"A=1\n-----" + canary + "==":      "line 2 of the variables: expected a name of letters, digits and _ before the =",
		"=" + canary:                      "line 1 of the variables: expected a name of letters, digits and _ before the =",
		"A=" + canary + "\nB=\nA=1":       "lines 1 and 3 of the variables set the same name",
		"A='" + canary:                    `line 1 of the variables: the quote that begins the value does not end in this line; a line break is \n in double quotes`,
		`A="` + canary + `\`:              `line 1 of the variables: the quote that begins the value does not end in this line; a line break is \n in double quotes`,
		`A="` + canary + `\x"`:            `line 1 of the variables: in double quotes only \n, \" and \\ are escapes`,
		`A="` + canary + `" x`:            "line 1 of the variables: there is something after the quote that ends the value",
		"A=" + canary + " # x":            "line 1 of the variables: it is not clear whether # begins a comment: put the value in quotes",
		"A=#" + canary:                    "line 1 of the variables: it is not clear whether # begins a comment: put the value in quotes",
		"A=" + canary + "\x00":            "line 1 of the variables: it is not text in UTF-8",
		"A=" + canary + "\xff":            "line 1 of the variables: it is not text in UTF-8",
		"A=" + strings.Repeat("x", 2<<20): "the variables are larger than 1 MiB",
	} {
		got, err := config.ParseDotenv(text)
		if err == nil || err.Error() != want || got != nil {
			t.Errorf("got %v, want %s", err, want)
			continue
		}
		if problem.KindOf(err) != problem.Usage || problem.Hint(err) == "" || strings.Contains(err.Error(), canary) {
			t.Errorf("got %v (%s)", err, problem.Hint(err))
		}
	}
}

func FuzzParseDotenv(f *testing.F) {
	for _, text := range []string{"A=1\nexport B='x' # c\nC=\"\\n\\\"\\\\\"", "A", "=", "export", "A='", "A=\"\\", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		variables, err := config.ParseDotenv(text)
		if err != nil {
			return
		}
		// Given what was read, when it is written in double quotes, then it is read as the same.
		var written strings.Builder
		for name, value := range variables {
			written.WriteString(name + `="` + strings.NewReplacer("\n", `\n`, `"`, `\"`, `\`, `\\`).Replace(value) + "\"\n")
		}
		again, err := config.ParseDotenv(written.String())
		if difference := cmp.Diff(variables, again); err != nil || difference != "" {
			t.Errorf("%v (-first +again):\n%s", err, difference)
		}
	})
}
