package config_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
)

func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	schema, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.FromSlash("../../../docs/reference/airlock.schema.json"), schema)
}

// part is what the test reads of a JSON Schema.
type part struct {
	Type                 any
	Description          string
	Properties           map[string]*part
	Items                *part
	AdditionalProperties json.RawMessage
	Default              any
}

// keysOfSchema returns the key paths of a schema, and fails when a key has no description or a mapping is open.
func keysOfSchema(t *testing.T, one *part, path string) []string {
	t.Helper()
	var keys []string
	for name, property := range one.Properties {
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		if property.Description == "" {
			t.Errorf("%s has no description", inner)
		}
		keys = append(append(keys, inner), keysOfSchema(t, property, inner)...)
	}
	if one.Items != nil {
		keys = append(keys, keysOfSchema(t, one.Items, path+"[]")...)
	}
	switch {
	case one.Type != "object":
	case one.Properties != nil && string(one.AdditionalProperties) != "false":
		t.Errorf("%s lets unknown keys pass", path)
	case one.Properties == nil:
		var values part
		if err := json.Unmarshal(one.AdditionalProperties, &values); err != nil {
			t.Fatal(err)
		}
		keys = append(append(keys, path+".*"), keysOfSchema(t, &values, path+".*")...)
	}
	return keys
}

func TestSchemaHasTheKeysThatTheLoaderAccepts(t *testing.T) {
	t.Parallel()
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema part
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	got, want := keysOfSchema(t, &schema, ""), config.Keys()
	slices.Sort(got)
	slices.Sort(want)
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-loader +schema):\n%s", difference)
	}
	if unique := slices.Compact(slices.Clone(want)); len(unique) != len(want) {
		t.Error("a key path is there twice")
	}
}

// everyKey are configs that together set every key that there is.
var everyKey = []string{
	`version: 1
app: wos
migrations: {dir: m, lock-timeout: 1s, statement-timeout: 1m, retry-for: 1m, end-blockers: [report]}
promotion: [a, b, c]
environments:
  a:
    url: https://example.com/base
    aws: {region: us-east-1, role: "arn:aws:iam::111111111111:role/r"}
    database: {rds: i, url: "${URL}", via: {ssh: {host: h, user: u, key: "${KEY}", port: 2222}}}
    backups: {retention: 1d12h, point-in-time: true, encrypted: false, deletion-protection: true, keep-snapshots: 1, directory: s}
    deploy: {build: on-host, compose: {file: f, service: s, project: p, strategy: blue-green, proxy: nginx, environment: {A: b}, start-timeout: 1s, stop-timeout: 1s}, host: {ssm: {tag: a=b}, directory: d}}
    window: {from: "00:00", to: "23:59", timezone: Europe/Vienna, outside: wait}
    approval: {by: dispatch, reviewers: [a], prevent-self-review: false, branches: [main]}
    evidence: {max-age: 1h, environment: e, role: "arn:aws:iam::111111111111:role/r", secret: s}
    runner: [self-hosted, a]
    watch: {for: 1m, every: 500ms, on-inconclusive: rollback}
    notify: [{slack: "${S}"}, {sns: "arn:aws:sns:us-east-1:222222222222:t"}]
  b:
    database: {aurora: c, secret: s, via: {ssm: {tag: a=b}}}
    deploy: {ecs: {cluster: c, service: s}, host: {ssh: {host: h, user: u, key: "${KEY}", port: 22}}}
  c:
    database: {postgres: p, secret: s}
    deploy: {process: {command: [a], directory: d, environment: {A: b}, start-timeout: 1s, stop-timeout: 1s}}
  d: {database: {sqlite: /var/lib/wos.db}, rehearsal: {on: production-copy, role: "arn:aws:iam::111111111111:role/r"}}
checks:
  health: [{get: /, within: 1s, status: 204, contains: x}]
  connections: {max-used: 12.5%}
  data: [{name: n, sql: s, equals: text}]
  browser: [{name: n, steps: [{open: /}, {type: {into: i, text: t}}, {click: c}, {see: s, contains: c}, {screenshot: s}]}]
  logs: {errors: e, at-most: 3}
  keep-data: [t]
`,
}

func TestTheLoaderAcceptsEveryKey(t *testing.T) {
	t.Parallel()
	var missing []string
	for _, key := range config.Keys() {
		if !slices.ContainsFunc(everyKey, func(source string) bool { return len(parse(t, source).KeysSet(key)) > 0 }) {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		t.Errorf("no config sets %v", missing)
	}
}
