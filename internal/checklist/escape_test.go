package checklist_test

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"words and newlines stay":      {"été 日本 ✓\nnext", "été 日本 ✓\nnext"},
		"an emoji of several stays":    {"👩\u200D🚀", "👩\u200D🚀"},
		"colours are dropped":          {"\x1b[1;31mred\x1b[0m", "red"},
		"cursor movement is shown":     {"a\x1b[1Ab", "a␛[1Ab"},
		"a dropped colour makes none":  {"\x1b\x1b[m[31mred", "␛[31mred"},
		"a title sequence is shown":    {"\x1b]0;owned\x07", "␛]0;owned␇"},
		"a carriage return is shown":   {"50%\r✓ done", "50%␍✓ done"},
		"a Windows newline is one":     {"a\r\nb", "a\nb"},
		"a tab is a space":             {"a\tb", "a b"},
		"eight-bit controls are shown": {"a\u009b1Ab\x7f", "a\uFFFD1Ab␡"},
		"right-to-left is shown":       {"\u202Egnp.exe", "\uFFFDgnp.exe"},
		"bytes that are no UTF-8":      {"a\xffb", "a\uFFFDb"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := checklist.Plain(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text  string
		limit int
		want  string
	}{
		"fits":              {"日本", 2, "日本"},
		"says what was cut": {"日本語です", 2, "日本… (3 more characters)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := checklist.Shorten(test.text, test.limit); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEscapeMarkdown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"plain words stay":  {"12 tables, 3 indexes", "12 tables, 3 indexes"},
		"a pipe":            {"a|b", "a&#124;b"},
		"a code span":       {"`rm`", "&#96;rm&#96;"},
		"HTML":              {"<b>", "&#60;b&#62;"},
		"a reference":       {"&lt;", "&#38;lt;"},
		"a mention":         {"@octocat", "&#64;&#8203;octocat"},
		"an issue":          {"#12", "&#35;&#8203;12"},
		"an issue by key":   {"gh-12", "gh&#45;&#8203;12"},
		"an emoji name":     {":a:b:", "&#58;&#8203;a&#58;&#8203;b&#58;"},
		"a cast is no name": {"id::text", "id&#58;&#58;text"},
		"a formula":         {"$x$", "<span>$</span>x<span>$</span>"},
		"a newline":         {"a\r\n  b", "a<br>b"},
		"an indented block": {"    code", "code"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := checklist.EscapeMarkdown(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

var markup = []string{
	hostile, "```\nfence\n```", "- list\n1. list\n1) list", "# h\n===\n---", "> [!NOTE]\n> x", "[x]: https://evil.test 'y'", "[^1]", "~~s~~",
	"www.evil.test a@evil.test https://evil.test", "<!-- -->", "a\\|b", "&#124;", "_x_ __y__ *z*", "owner/repo#1 GH-1", "\x00\x1b]0;x\x07\u2028\u200b",
}

// leftover is what must not remain once the escapes are taken away: anything with a meaning in GitHub's Markdown.
var leftover = regexp.MustCompile("[!\"#$&()*+.:<=>@\\[\\\\\\]^_`{|}~\n\r-]")

func FuzzEscapeMarkdownShowsTheText(f *testing.F) {
	for _, text := range markup {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := checklist.EscapeMarkdown(text)

		if bare := regexp.MustCompile(`&#[0-9]+;|<br>|<span>\$</span>`).ReplaceAllString(got, ""); leftover.MatchString(bare) {
			t.Errorf("%q leaves markup in %q", text, got)
		}
		if regexp.MustCompile(`(^|<br>) `).MatchString(got) {
			t.Errorf("%q leaves indentation in %q", text, got)
		}
		shown := strings.NewReplacer("<br>", "\n", "<span>", "", "</span>", "", "&#8203;", "").Replace(got)
		var want []string
		for line := range strings.SplitSeq(strings.TrimSpace(checklist.Plain(text)), "\n") {
			want = append(want, strings.TrimLeft(line, " "))
		}
		if got, want := html.UnescapeString(shown), strings.Join(want, "\n"); got != want {
			t.Errorf("shown: got %q, want %q", got, want)
		}
	})
}

func FuzzMarkdownKeepsItsShape(f *testing.F) {
	for _, text := range markup {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		item := checklist.Item{Title: "x" + text, Verdict: checklist.Fail, Evidence: text, Hint: "x" + text}
		var got bytes.Buffer
		err := checklist.WriteMarkdown(&got, checklist.Checklist{Verb: text, Environment: text, Release: text, Items: []checklist.Item{item, item}})
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(got.String(), "\n"); lines != 14 {
			t.Errorf("got %d lines, want 14:\n%s", lines, got.String())
		}
		if pipes := strings.Count(got.String(), "|"); pipes != 4*5 {
			t.Errorf("got %d pipes, want 20:\n%s", pipes, got.String())
		}
	})
}

func FuzzTextIsNeverObeyed(f *testing.F) {
	for _, text := range markup {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		item := checklist.Item{Title: text, Verdict: checklist.Fail, Evidence: text, Hint: text}
		list := checklist.Checklist{Verb: text, Environment: text, Release: text, Items: []checklist.Item{item}}
		for _, width := range []int{0, 40} {
			var got bytes.Buffer
			if err := checklist.WriteText(&got, list, checklist.Style{Width: width}); err != nil {
				t.Fatal(err)
			}
			for _, r := range got.String() {
				if r != '\n' && unicode.IsControl(r) {
					t.Fatalf("control character %q in %q", r, got.String())
				}
			}
			// Only the item itself may begin with a mark, whatever its evidence says.
			for index, line := range strings.Split(strings.TrimSuffix(got.String(), "\n"), "\n") {
				if index >= 2 && !strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "Failed: 1 failed") {
					t.Fatalf("forged line %q in %q", line, got.String())
				}
			}
		}
	})
}
