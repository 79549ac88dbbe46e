package runner_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

const secret = `p@ss/w*rd "<&>" é!`

func TestASecretIsHiddenInEveryForm(t *testing.T) {
	t.Parallel()
	encoded, err := json.Marshal("the key is " + secret)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"as it is":              secret,
		"in a query":            url.QueryEscape(secret),
		"in a path":             url.PathEscape(secret),
		"in a URL":              url.UserPassword("app", secret).String(),
		"in JSON":               string(encoded),
		"quoted by Go":          fmt.Sprintf("%q", secret),
		"in HTML":               html.EscapeString(secret),
		"in Markdown":           checklist.EscapeMarkdown(secret),
		"in base64":             base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64 for URLs":    base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"in base64 behind a":    base64.StdEncoding.EncodeToString([]byte("a:" + secret)),
		"in base64 behind app":  base64.StdEncoding.EncodeToString([]byte("app:" + secret)),
		"in base64 behind user": base64.StdEncoding.EncodeToString([]byte("us:" + secret + "\n")),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := terminal(t, nil)
			p.Mask(secret)
			fmt.Fprintf(p.Out(), "a %s b\n", text)
			got := p.out.String()
			// A prefix that was encoded together with the secret may stay.
			if !strings.Contains(got, "***") || len(got) > len("a app:*** b\n")+len(`"the key is "`) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ secret, text, want string }{
		"every occurrence":              {"s3cret", "s3crets3cret as3cretb", "****** a***b"},
		"each line of it":               {"first line\r\nsecond line\n}", "x second line\nfirst line }", "x ***\n*** }"},
		"the whole of it":               {"first line\nsecond line", "<first line\nsecond line>", "<***>"},
		"short values are none":         {"abc", "abc", "abc"},
		"nothing is none":               {"", "abc", "abc"},
		"spaces are none":               {"      ", "a      b", "a      b"},
		"true is none":                  {"true", "true", "true"},
		"half of it in a line's middle": {"s3cret", "s3cre\n", "s3cre\n"},
		"half of it at the very end":    {"s3cret", "the s3cre", "the ***"},
		"a start of it at the end":      {"s3cret", "the s3", "the s3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := terminal(t, nil)
			p.Mask(test.secret)
			fmt.Fprint(p.Err(), test.text)
			p.close(t)
			if got := p.err.String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheLongerOfTwoSecretsIsHiddenWhole(t *testing.T) {
	t.Parallel()
	p := terminal(t, nil)
	p.Mask("hello")
	p.Mask("hello world")
	for _, part := range []string{"say hello", " wor", "ld and hello", " wonder\n"} {
		fmt.Fprint(p.Out(), part)
	}
	if got, want := p.out.String(), "say *** and *** wonder\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGitHubIsToldToHideEachLine(t *testing.T) {
	t.Parallel()
	p := github(t, nil)
	p.Mask("first line\nsecond 100%\n}")
	p.Mask("abc")
	want := "::add-mask::first line\n::add-mask::first line%0Asecond 100%25%0A}\n::add-mask::second 100%25\n"
	if got := p.out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzASplitSecretIsHidden(f *testing.F) {
	f.Add("s3cret", "other", "the s3cret and the other s3cs3cret", uint8(7))
	f.Add("aaab", "aab", "aaaaaabaab", uint8(1))
	f.Add("hello world", "hello", "hello hello world hello wor", uint8(3))
	f.Add("line one\nline two", "é1234", "line one\nline one\nline two é1234", uint8(2))
	f.Fuzz(func(t *testing.T, one, other, text string, size uint8) {
		const longest = 200
		if size == 0 || len(one)+len(other)+len(text) > longest || strings.Contains(one+other, "*") {
			return
		}
		whole, split := terminal(t, nil), terminal(t, nil)
		for _, p := range []place{whole, split} {
			p.Mask(one)
			p.Mask(other)
		}

		fmt.Fprint(whole.Out(), text)
		for rest := text; rest != ""; {
			part := rest[:min(int(size), len(rest))]
			fmt.Fprint(split.Out(), part)
			rest = rest[len(part):]
		}
		whole.close(t)
		split.close(t)

		got := split.out.String()
		if want := whole.out.String(); got != want {
			t.Errorf("in parts of %d bytes: got %q, want %q", size, got, want)
		}
		for _, secret := range []string{one, other} {
			if whole.Redact(secret) == "***" && strings.Contains(got, secret) {
				t.Errorf("%q is in %q", secret, got)
			}
		}
	})
}
