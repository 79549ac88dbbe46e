package review

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

func TestExcerpt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("abcdefghij", 100)
	tests := map[string]struct {
		line   string
		column int
		want   string
		before int
	}{
		"begin":              {"DROP TABLE x;", 1, "DROP TABLE x;", 0},
		"middle":             {"DROP TABLE x;", 6, "DROP TABLE x;", 5},
		"behind the end":     {"DROP", 5, "DROP", 4},
		"far behind the end": {"DROP", 500, "DROP", 4},
		"column zero":        {"DROP", 0, "DROP", 0},
		"empty":              {"", 1, "", 0},
		"tabs":               {"\tab\tc", 5, "    ab  c", 8},
		"wide":               {"日本x", 3, "日本x", 4},
		"combining":          {"e\u0301\u0302x", 4, "e\u0301\u0302x", 1},
		"hidden":             {"a\u202Eb\x1bc", 5, "a\uFFFDb␛c", 4},
		"a colour code":      {"\x1b[31mx", 6, "␛[31mx", 5},
		"invalid":            {"a\xffb", 3, "a\uFFFDb", 2},
		"long, at its begin": {long, 3, long[:39] + "…", 2},
		"long, at its end":   {long, 1000, "…" + long[973:1000], 27},
		"long, in it":        {long, 501, "…" + long[474:512] + "…", 27},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, before := excerptOf(test.line, test.column, 40); got != test.want || before != test.before {
				t.Errorf("got %q and %d, want %q and %d", got, before, test.want, test.before)
			}
		})
	}
}

// However hostile a line is, what is shown of it stays small, and the caret within it.
func FuzzExcerpt(f *testing.F) {
	f.Add("\tALTER TABLE 日本 DROP COLUMN x;", 7)
	f.Add(strings.Repeat("\u0301", 500)+strings.Repeat("日\t", 300), 640)
	f.Fuzz(func(t *testing.T, line string, column int) {
		shown, before := excerptOf(line, column, 40)
		used := 0
		for _, character := range shown {
			_, size := cell(character, used)
			used += size
		}
		if used > 41 || before > used || utf8.RuneCountInString(shown) > 400 || strings.ContainsAny(shown, "\x1b\t\r") {
			t.Errorf("%q at %d: got %q (%d cells) and %d", line, column, shown, used, before)
		}
	})
}

func TestSourceLine(t *testing.T) {
	t.Parallel()
	for _, number := range []int{-1, 0, 4} {
		if line, found := sourceLine("a\r\nb\n\n", number); found {
			t.Errorf("line %d: got %q", number, line)
		}
	}
	for number, want := range map[int]string{1: "a", 2: "b", 3: ""} {
		if line, found := sourceLine("a\r\nb\n\n", number); !found || line != want {
			t.Errorf("line %d: got %q, %t", number, line, found)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		report Report
		want   checklist.Verdict
	}{
		"nothing":      {Report{}, checklist.Skip},
		"clean":        {Report{Migrations: []Migration{{}}}, checklist.Pass},
		"information":  {Report{Findings: []Finding{{Severity: Information}}}, checklist.Pass},
		"a warning":    {Report{Findings: []Finding{{Severity: Warning}}}, checklist.Warn},
		"blocked":      {Report{Findings: []Finding{{Severity: Warning}, {Severity: Blocking}}}, checklist.Fail},
		"acknowledged": {Report{Findings: []Finding{{Severity: Blocking, Acknowledged: "it is empty"}}}, checklist.Pass},
		"not analysed": {Report{Migrations: []Migration{{}}, Coverage: Coverage{Statements: 2, Analysed: 1}}, checklist.Warn},
	}
	for name, test := range tests {
		if got := test.report.Verdict(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// What to do fits what is found.
func TestRemedy(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"":                          {"duplicate-version"},
		"-- airlock:allow truncate": {"truncate", "duplicate-version", "truncate"},
		"-- airlock:allow RULE":     {"truncate", "drop-column"},
	}
	for want, rules := range tests {
		var report Report
		for _, rule := range rules {
			report.Findings = append(report.Findings, Finding{Rule: rule, Severity: Blocking})
		}
		if _, got := report.remedy(); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%v: got %q, want %q", rules, got, want)
		}
	}
}

func TestFences(t *testing.T) {
	t.Parallel()
	tests := map[string]string{"SELECT 1": "```", "``` a": "````", "a ```` b `": "`````", "```\n`": "````"}
	for text, want := range tests {
		if got := fenced("sql", strings.Split(text, "\n")); !strings.HasPrefix(got, want+"sql\n") || !strings.HasSuffix(got, "\n"+want+"\n") {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// A comment fits whatever is found, loses whole blocks only, and says how many.
func TestCommentFits(t *testing.T) {
	t.Parallel()
	report := hostileReport()
	for i := range 400 {
		report.Migrations = append(report.Migrations, Migration{File: fmt.Sprintf("migrations/%05d.sql", i), Reasons: []string{"@" + strings.Repeat("#1 ", 60)}})
		for _, severity := range []Severity{Blocking, Warning, Information} {
			report.Findings = append(report.Findings, Finding{
				Rule: "drop-column", Severity: severity, File: fmt.Sprintf("migrations/%05d.sql", i), Line: 1, Message: fmt.Sprintf("finding %d", i), Suggestion: "SELECT 1;",
			})
		}
	}
	comment := Comment(report)
	if !strings.HasPrefix(comment, CommentMarker+"\n") || len(comment) > CommentLimit || strings.Count(comment, CommentMarker) != 1 {
		t.Errorf("got %d bytes that begin with %.60q", len(comment), comment)
	}
	for _, limit := range []int{0, 1, 100, 300, 700, 2000, 5000, 20000, CommentLimit, SummaryLimit} {
		var text strings.Builder
		if err := WriteMarkdown(&text, report, limit); err != nil || text.Len() > limit {
			t.Errorf("limit %d: got %d bytes, %v", limit, text.Len(), err)
		}
		got := text.String()
		// The hostile suggestion has an end of its own, in its fence.
		if opened, closed := strings.Count(got, "<details>"), strings.Count(got, "\n</details>\n")-strings.Count(got, "sql\n</details>"); opened != closed {
			t.Errorf("limit %d: %d are opened and %d closed", limit, opened, closed)
		}
	}
	shown := strings.Count(comment, "finding ")
	var missing, migrations int
	if _, err := fmt.Sscanf(comment[strings.LastIndex(comment, "room: "):], "room: %d findings and %d migrations", &missing, &migrations); err != nil {
		t.Fatal(err)
	}
	// Of the four hostile ones some are shown.
	if all := shown + missing; all < 1200 || all > 1204 || migrations == 0 {
		t.Errorf("%d are shown and %d are not, of 1204", shown, missing)
	}
}

func TestAnnotationsLeaveOutWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	report := printedReport()
	report.Findings[2].Suggestion = strings.Repeat("SELECT 'a long line of a suggestion';\n", 100)
	all := Annotations(report)
	if len(all) != len(report.Findings)-1 {
		t.Errorf("got %d annotations", len(all))
	}
	if message := all[2].Message; len(message) > 1500 || !strings.HasSuffix(message, "';\n…") {
		t.Errorf("got %d bytes that end with %q", len(message), message[len(message)-30:])
	}
}

// Nothing that a file holds is obeyed by a terminal, or hidden from who reads it.
func TestHostileTextIsOnlyShown(t *testing.T) {
	t.Parallel()
	report := hostileReport()
	var text, markdown strings.Builder
	if err := WriteText(&text, report, checklist.Style{Width: 60}); err != nil {
		t.Fatal(err)
	}
	if err := WriteMarkdown(&markdown, report, CommentLimit); err != nil {
		t.Fatal(err)
	}
	for name, printed := range map[string]string{"text": text.String(), "Markdown": markdown.String()} {
		for _, character := range printed {
			if character != '\n' && unicode.In(character, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("the %s has %U", name, character)
			}
		}
	}
	outside := regexp.MustCompile("(?s)`````sql\n.*?\n`````\n").ReplaceAllString(markdown.String(), "")
	for _, forged := range []string{"<img", "<b>", "@octocat", "airlock:review", "javascript:", "](z", "forged`"} {
		if strings.Contains(outside, forged) {
			t.Errorf("the Markdown has %q outside of code", forged)
		}
	}
}
