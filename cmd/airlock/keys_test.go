package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// below tells whether a key is, or lies beneath, the key at path.
func below(key, path string) bool {
	rest, ok := strings.CutPrefix(key, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Nothing is accepted and then ignored: each key of the config is used by a verb, or refused by the one that would need it.
func TestEveryKeyIsUsedOrRefused(t *testing.T) {
	t.Parallel()
	keys := config.Keys()
	for _, key := range keys {
		holdsOthers := slices.ContainsFunc(keys, func(other string) bool { return other != key && below(other, key) })
		covered := slices.ContainsFunc(verbs(), func(v *verb.Verb) bool { return v.Covers(key) })
		if !holdsOthers && !covered {
			t.Errorf("%s is accepted, and no verb uses or refuses it", key)
		}
	}
	for _, v := range verbs() {
		for _, path := range slices.Concat(v.Uses, v.NotYet) {
			if !slices.ContainsFunc(keys, func(key string) bool { return below(key, path) }) {
				t.Errorf("%s: there is no key %s", v.Name, path)
			}
		}
		for _, path := range v.NotYet {
			if slices.ContainsFunc(v.Uses, func(used string) bool { return below(path, used) || below(used, path) }) {
				t.Errorf("%s uses %s and refuses it", v.Name, path)
			}
		}
	}
}

// A promotion that a later verb would refuse is refused before the first one touches anything.
func TestPromotionRefusesWhatItsVerbsRefuse(t *testing.T) {
	t.Parallel()
	for _, step := range append(promotion.Order(), promotion.WayBack()) {
		for _, early := range []string{"preflight", "promote"} {
			for _, path := range verbNamed(t, step.Verb).NotYet {
				if !slices.Contains(verbNamed(t, early).NotYet, path) {
					t.Errorf("%s refuses %s, and %s before it does not", step.Verb, path, early)
				}
			}
		}
	}
}

func verbNamed(t *testing.T, name string) *verb.Verb {
	t.Helper()
	for _, v := range verbs() {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("there is no verb %s", name)
	return nil
}

// setting is a way to set one key: what stands at the environment's database and deploy, beside them, and below checks.
type setting struct{ database, deploy, beside, checks string }

// settingsOf has a setting for every key that some verb refuses.
func settingsOf() map[string]setting {
	return map[string]setting{
		"environments.*.database.aurora":             {database: "{aurora: wos, url: ${URL}}"},
		"environments.*.database.via":                {database: `{postgres: wos, url: ${URL}, via: {ssm: {tag: "Name=wos"}}}`},
		"environments.*.backups.retention":           {beside: "backups: {retention: 7d}"},
		"environments.*.backups.point-in-time":       {beside: "backups: {point-in-time: true}"},
		"environments.*.backups.encrypted":           {beside: "backups: {encrypted: true}"},
		"environments.*.backups.deletion-protection": {beside: "backups: {deletion-protection: true}"},
		"environments.*.backups.keep-snapshots":      {beside: "backups: {keep-snapshots: 3}"},
		"environments.*.deploy.compose.proxy":        {deploy: "{compose: {file: compose.yaml, service: app, proxy: nginx}}"},
		"environments.*.deploy.host.ssm":             {deploy: `{host: {ssm: {tag: "Name=wos"}}, process: {command: [./app], directory: host}}`},
		"environments.*.deploy.host.ssh":             {deploy: "{host: {ssh: {host: wos.example.com, user: wos, key: ${URL}}}, process: {command: [./app], directory: host}}"},
		"environments.*.deploy.ecs":                  {deploy: "{ecs: {cluster: wos, service: app}}"},
		"environments.*.deploy.build":                {deploy: "{build: on-host, process: {command: [./app], directory: host}}"},
		"environments.*.notify":                      {beside: "notify: [{slack: ${URL}}]"},
		"checks.connections":                         {checks: "connections: {max-used: 80%}"},
		"checks.browser":                             {checks: "browser: [{name: a visit, steps: [{open: /}]}]"},
		"checks.logs":                                {checks: "logs: {errors: ERROR}"},
		"checks.keep-data":                           {checks: "keep-data: [users]"},
	}
}

// Each key that a verb does not do yet is refused by it where the config sets it, as wrong usage, and nothing is made.
func TestWhatIsNotDoneYetIsRefused(t *testing.T) {
	t.Parallel()
	calls := map[string][]string{
		"preflight": {"--environment", "sandbox", "--image", "release"}, "snapshot": {"--environment", "sandbox", "--image", "release"},
		"migrate": {"--environment", "sandbox"}, "deploy": {"--environment", "sandbox", "--image", "release"}, "verify": {"--environment", "sandbox"},
		"rollback": {"--environment", "sandbox"}, "record": {"open", "--environment", "sandbox", "--image", "release"}, "promote": {"--image", "release", "--yes"},
	}
	for _, v := range verbs() {
		for _, key := range v.NotYet {
			t.Run(v.Name+"/"+key, func(t *testing.T) {
				t.Parallel()
				one, known := settingsOf()[key]
				if !known || calls[v.Name] == nil {
					t.Fatalf("this test has no config that sets %s, or no call of %s", key, v.Name)
				}
				refuses(t, key, one, append([]string{v.Name, "--config", "airlock.yaml"}, calls[v.Name]...))
			})
		}
	}
}

func refuses(t *testing.T, key string, one setting, call []string) {
	t.Helper()
	folder := t.TempDir()
	text := strings.NewReplacer(
		"DATABASE", cmp.Or(one.database, "{sqlite: sandbox.db}"), "DEPLOY", cmp.Or(one.deploy, "{process: {command: [./app], directory: host}}"),
		"BESIDE", cmp.Or(one.beside, "url: http://127.0.0.1:1"), "CHECKS", one.checks,
	).Replace(`version: 1
app: wos
promotion: [sandbox]
environments:
  sandbox:
    database: DATABASE
    deploy: DEPLOY
    BESIDE
checks:
  health: [{get: /}]
  CHECKS
`)
	write(t, filepath.Join(folder, "airlock.yaml"), text)
	write(t, filepath.Join(folder, "release/app"), "an application")
	write(t, filepath.Join(folder, "migrations/00001_one.sql"), "-- +goose Up\n")
	loaded, err := config.Load(filepath.Join(folder, "airlock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	set := loaded.KeysSet(key)
	if len(set) == 0 {
		t.Fatalf("the config does not set %s", key)
	}
	position, _ := loaded.Position(set[0])

	stdout, stderr, code := inside(t, folder, map[string]string{"URL": "postgres://wos@127.0.0.1:1/wos"}, time.Now(), call...)

	want := fmt.Sprintf("airlock: %s: %s: this version of airlock cannot do it yet\n  hint: ", position, set[0])
	if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, want) {
		t.Errorf("got exit code %d, %q and %q, want %d and %q", code, stdout, stderr, exitUsage, want)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 {
		t.Errorf("something was made: %v", entries)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
