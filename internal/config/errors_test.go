package config_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(want), string(got)); difference != "" {
		t.Errorf("%s differs (-want +got), -update writes it:\n%s", path, difference)
	}
}

// small is the smallest config; with puts lines of YAML beneath a line of it.
const small = `version: 1
app: wos
environments:
  sandbox:
    database: {sqlite: app.db}
`

// with returns small with more keys at the end of the environment sandbox, each line without its indentation.
func with(lines ...string) string { return small + "    " + strings.Join(lines, "\n    ") + "\n" }

// instead returns small with one part replaced.
func instead(old, replacement string) string { return strings.Replace(small, old, replacement, 1) }

var badConfigs = []struct{ name, source string }{
	{"empty file", ""},
	{"comment only", "# nothing here\n"},
	{"empty document", "---\n"},
	{"a list", "- version: 1\n"},
	{"a word", "hello"},
	{"a null", "~"},
	{"binary garbage", "\x7fELF\x02\x01\x01\x00\x00\xff\xfe"},
	{"not UTF-8", "version: 1\napp: \"w\xffs\"\n"},
	{"UTF-16", "\xff\xfev\x00e\x00"},
	{"control character", "version: 1\napp: w\x1bs\n"},
	{"escaped control character", instead("app.db", `"app\u0000db"`)},
	{"lone carriage return", "version: 1\rapp: wos\r"},
	{"CRLF", strings.ReplaceAll(instead("app: wos", "ap: wos"), "\n", "\r\n")},
	{"byte order mark", "\ufeff" + instead("app: wos", "ap: wos")},
	{"not YAML", "version: 1\napp: 'wos\n"},
	{"tab as indentation", "version: 1\nenvironments:\n\tsandbox: {}\n"},
	{"text after a key", "version: 1\nwos\n"},
	{"unclosed list", instead("version: 1", "version: 1\npromotion: [sandbox")},
	{"too large", "# " + strings.Repeat("x", 1<<20)},
	{"too deep", "version: " + strings.Repeat("[", 1_000)},
	{"too deep in blocks", "version: " + strings.Repeat("- ", 1_000)},
	{"too many keys", strings.Repeat("version: 1\n", 10_000)},
	{"too many empty lines", "version: |\n  1" + strings.Repeat("\n \n", 10_000)},
	{"anchors, aliases, merge keys, tags", "version: &one 1\napp: *one\nmigrations:\n  <<: {dir: x}\n  lock-timeout: !!str 3s\n? a\n: b\n"},
	{"what the library reads loosely", instead("app: wos", "app: w\tos\nmigrations: {dir:a, lock-timeout: 1s statement-timeout: 2s}")},
	{"two documents", small + "---\n" + small},
	{"end and more", small + "...\n" + small},
	{"directive", "%YAML 1.1\n---\n" + small},

	{"unknown keys", with("windw: {}", "url: https://example.com", "wath: {for: 30m}") + "aps: x\n"},
	{"unknown key, none near", with("something-else: 1")},
	{"unknown key with strange letters", instead("app:", "\"a\\u00e9\\\" \": 1\napp:")},
	{"key twice", small + "version: 1\n"},
	{"environment twice", small + "  sandbox:\n    database: {sqlite: b.db}\n"},
	{"environment name", instead("  sandbox:", "  \"sand box\":")},
	{"nothing required", "migrations: {}\n"},
	{"version", instead("version: 1", "version: 2")},
	{"version as text", instead("version: 1", `version: "1"`)},
	{"app", instead("wos", "My_App")},
	{"no environments", "version: 1\napp: wos\nenvironments: {}\n"},
	{"values that are nothing", "version:\napp:\nmigrations:\npromotion: ~\nenvironments:\nchecks:\n"},
	{"wrong type everywhere", "version: one\napp: 7\nmigrations: []\npromotion: sandbox\nenvironments: [sandbox]\nchecks: true\n"},
	{"wrong type in an environment", with("url: 5", "aws: here", "backups: {encrypted: yes, keep-snapshots: 1.5, retention: 7}", "notify: {sns: x}", "approval: {by: [a], reviewers: [1]}")},
	{"number forms", with("backups: {keep-snapshots: 0x10}") + "checks: {data: [{name: a, sql: b, equals: 010}, {name: b, sql: b, equals: 1.5}], logs: {errors: x, at-most: -1}}\n"},
	{"durations", "migrations: {lock-timeout: soon, statement-timeout: 0s}\n" + with("backups: {retention: 9999d}", "watch: {for: 5m, every: -1s}")},
	{"scalars", with(`window: {from: "24:00", to: 2, timezone: Mars/Olympus, outside: never}`) + "checks: {connections: {max-used: 101%}, logs: {errors: '(', at-most: 0}}\n"},
	{"text that is a word of YAML", instead("app: wos", "app: true\nmigrations: {dir: 2024}")},
	{"empty text", "migrations: {dir: ''}\n" + small},

	{"unknown environment in the promotion", small + "promotion: [sandbx, production]\n"},
	{"environment twice in the promotion", small + "promotion: [sandbox, sandbox]\n"},
	{"no environment in the promotion", small + "promotion: []\n"},
	{"fifth environment", small + "promotion: [sandbox, b, c, d, e]\n"},
	{"url", with("url: ftp://example.com")},
	{"url with a password", with("url: https://anna:canary-secret@example.com")},
	{"url without a host", with("url: https:///path")},
	{"url with a query", with("url: https://example.com/?a=b")},
	{"no database", instead("    database: {sqlite: app.db}", "    url: https://example.com")},
	{"database of no kind", instead("sqlite: app.db", "url: x")},
	{"database of two kinds", instead("sqlite: app.db", "sqlite: app.db, rds: wos")},
	{"sqlite with a url", instead("sqlite: app.db", "sqlite: app.db, url: x, via: {ssm: {tag: a=b}}")},
	{"database without access", instead("sqlite: app.db", "rds: wos")},
	{"url and secret", instead("sqlite: app.db", "postgres: wos, url: canary-secret, secret: wos")},
	{"via", instead("sqlite: app.db", "postgres: wos, url: x, via: {ssh: {port: 70000}, ssm: {tag: wos}}")},
	{"deploy of two kinds", with("deploy: {build: here, compose: {strategy: blue}, ecs: {cluster: a, service: b}}")},
	{"deploy of no kind", with("deploy: {host: {ssm: {tag: a=b}, ssh: {host: h}}}")},
	{"process", with("deploy: {process: {command: [], environment: {1A: x, B: 8080}}}")},
	{"two environments that share", "version: 1\napp: wos\nenvironments:\n" +
		"  a: {url: 'https://example.com', database: {sqlite: app.db}, deploy: {process: {command: [x], directory: hosts}}}\n" +
		"  b: {url: 'https://example.com/', database: {sqlite: ./app.db}, deploy: {process: {command: [x], directory: hosts/}}}\n" +
		"  c: {database: {postgres: wos, url: 'postgres://u:canary-secret@h/wos'}}\n" +
		"  d: {database: {postgres: wos, url: 'postgres://u:canary-secret@h/wos'}}\n"},
	{"approval at a terminal", with("approval: {by: terminal, reviewers: [rita], prevent-self-review: true, branches: [main]}")},
	{"approval by a run of nobody", with("approval: {by: dispatch}")},
	{"approval by a run of a team", with("approval: {by: dispatch, reviewers: [rita, team/managers]}")},
	{"two environments with one RDS database", "version: 1\napp: wos\nenvironments:\n  a: {database: {rds: wos, secret: s}}\n  b: {database: {rds: wos, secret: t}}\n  B: {database: {sqlite: b.db}}\n"},
	{"window without length", with(`window: {from: "02:00", to: "02:00", timezone: UTC}`)},
	{"window without timezone", with(`window: {from: "02:00", to: "03:00"}`)},
	{"watch", with("watch: {for: 5s, every: 1m, on-inconclusive: go}")},
	{"watch without every", with("watch: {for: 5s}")},
	{"notify", with("notify: [{}, {sns: arn}, {slack: x, sns: 'arn:aws:sns:us-east-1:222222222222:releases'}]")},
	{"health", small + "checks: {health: [{get: healthz, status: 99}, {within: 1s}]}\n"},
	{"data twice", small + "checks: {data: [{name: a, sql: x, equals: 1}, {name: a, sql: y, equals: 2}, {name: b}]}\n"},
	{"browser", small + "checks: {browser: [{name: a, steps: []}, {name: a, steps: [{}, {open: /, see: x}, {click: x, contains: y}, {type: {into: a}}, {screenshot: a/b}]}]}\n"},

	{"variable where none is replaced", with("url: https://${HOST}/")},
	{"variable in a query", small + "checks: {data: [{name: a, sql: 'select ${X}', equals: '${Y}'}]}\n"},
	{"variable not closed", instead("sqlite: app.db", "postgres: wos, url: '${DATABASE_URL'")},
	{"variable with a wrong name", instead("sqlite: app.db", "postgres: wos, url: '${DATABASE-URL}'")},
	{"a role that nobody assumes", instead("sqlite: app.db", "sqlite: app.db}\n    rehearsal: {on: scratch, role: 'arn:aws:iam::111111111111:role/r'")},
	{"more than twenty", "version: 1\n" + func() (lines string) {
		for i := range 30 {
			lines += fmt.Sprintf("unknown-key-%02d: 1\n", i)
		}
		return lines
	}()},
}

func TestBadConfigs(t *testing.T) {
	t.Parallel()
	var printed bytes.Buffer
	for _, test := range badConfigs {
		_, err := config.Parse("airlock.yaml", []byte(test.source))
		if err == nil {
			t.Errorf("%s: got no error", test.name)
			continue
		}
		if got := problem.KindOf(err); got != problem.Usage {
			t.Errorf("%s: got kind %v, want a usage problem", test.name, got)
		}
		if problem.Hint(err) == "" {
			t.Errorf("%s: got no hint", test.name)
		}
		var invalid *config.Invalid
		if !errors.As(err, &invalid) || len(invalid.Findings) == 0 {
			t.Errorf("%s: got no findings in %v", test.name, err)
		}
		if strings.Contains(err.Error(), "canary-secret") {
			t.Errorf("%s: got a secret in %v", test.name, err)
		}
		fmt.Fprintf(&printed, "# %s\n%s\n\n", test.name, err)
	}
	golden(t, "errors.golden", printed.Bytes())
}

func TestErrorsNeverShowASecret(t *testing.T) {
	t.Parallel()
	const canary = "canary-secret"
	for _, value := range []string{canary, `"` + canary + `${"`, `"` + canary + `${1}"`, "[" + canary + "]", "{" + canary + ": " + canary + "}", `"` + canary + `\u0000"`, "'" + canary, "|\n " + canary, "!" + canary + " x", "*" + canary} {
		for _, source := range []string{
			instead("sqlite: app.db", "sqlite: app.db, url: "+value),
			instead("sqlite: app.db", "postgres: x, secret: x, via: {ssh: {key: "+value+"}}"),
			with("notify: [{slack: " + value + ", sns: x}]"),
			with("url: https://x:"+value, "deploy: {process: {environment: {A: "+value+"}}}"),
			small + "checks: {browser: [{name: a, steps: [{type: {text: " + value + "}}]}]}\n",
		} {
			_, err := config.Parse("airlock.yaml", []byte(source))
			if err == nil {
				t.Errorf("got no error for %s", source)
				continue
			}
			// A key is not a secret: that it is unknown can only be said with its name.
			if text := strings.ReplaceAll(err.Error(), "."+canary+": unknown key", ""); strings.Contains(text, canary) {
				t.Errorf("got the secret in %v", err)
			}
		}
	}
}
