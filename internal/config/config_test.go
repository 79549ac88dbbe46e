package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// byText compares the types whose fields are hidden.
var byText = cmp.Options{
	cmp.Comparer(func(a, b config.Pattern) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b config.Timezone) bool { return a.String() == b.String() }),
}

// parse returns the config of source, which must be right.
func parse(t *testing.T, source string) *config.Config {
	t.Helper()
	parsed, err := config.Parse("airlock.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// example returns the config of testdata/example.yaml, the one that the documentation shows.
func example(t *testing.T) *config.Config {
	t.Helper()
	loaded, err := config.Load(filepath.Join("testdata", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestExample(t *testing.T) {
	t.Parallel()
	loaded := example(t)
	day := config.Duration(24 * time.Hour)
	tag := func(name string) *config.Host {
		return &config.Host{SSM: &config.SSM{Tag: "Name=" + name}, Directory: "/opt/WoS"}
	}
	got, secrets, err := loaded.Environment("sandbox", nil)
	if err != nil || len(secrets) != 0 {
		t.Fatal(secrets, err)
	}
	want := config.Environment{
		URL: "https://sandbox.randomchaoslabs.com",
		AWS: &config.AWS{Region: "us-east-1", Role: "arn:aws:iam::111111111111:role/airlock-sandbox"},
		Database: config.Database{RDS: "wos-sandbox", Secret: "wos/sandbox", Via: &config.Via{SSH: &config.SSH{
			Host: "bastion.randomchaoslabs.com", User: "airlock", Key: config.NewSecret("${BASTION_KEY}"), Port: 22,
		}}},
		Backups: config.Backups{Retention: 7 * day, Directory: ".airlock/snapshots"}, Rehearsal: &config.Rehearsal{On: "scratch"},
		Deploy: &config.Deploy{
			Compose: &config.Compose{File: "deploy/compose.yaml", Service: "app", Strategy: "recreate", StartTimeout: config.Duration(time.Minute)}, Host: tag("wos-sandbox"),
		},
	}
	if difference := cmp.Diff(want, got, byText); difference != "" {
		t.Errorf("sandbox (-want +got):\n%s", difference)
	}
	production := loaded.Environments["production"]
	if got, want := production.Window.Timezone.Location().String(), "America/New_York"; got != want {
		t.Errorf("got timezone %s, want %s", got, want)
	}
	if got, want := production.Backups, (config.Backups{
		Retention: 30 * day, PointInTime: true, Encrypted: true, DeletionProtection: true, KeepSnapshots: 10, Directory: ".airlock/snapshots",
	}); got != want {
		t.Errorf("got backups %+v, want %+v", got, want)
	}
	checks := loaded.Checks
	if got, want := checks.Data[0].Equals, (config.Value{Text: "0", Number: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := checks.Logs.Errors.Regexp(); !got.MatchString("ERROR here") {
		t.Errorf("got pattern %v", got)
	}
	if got, want := checks.Connections.MaxUsed.String(), "80%"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := loaded.EnvironmentNames(), []string{"sandbox", "production"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got := parse(t, with("deploy: {process: {command: [./app, ''], directory: d}}", `window: {from: 22:00, to: "02:30", timezone: UTC}`,
		"watch: {for: 1m, every: 1m}")+"checks: {health: [{get: /}], logs: {errors: x}}\n")
	second := config.Duration(time.Second)
	if got, want := got.Migrations, (config.Migrations{Directory: "migrations", LockTimeout: 3 * second, StatementTimeout: 900 * second, RetryFor: 600 * second}); !cmp.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	sandbox := got.Environments["sandbox"]
	if got, want := sandbox.Deploy.Process, (&config.Process{
		Command: []string{"./app", ""}, Directory: "d", StartTimeout: 30 * second, StopTimeout: 10 * second,
	}); !cmp.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := sandbox.Window.Outside+" "+sandbox.Watch.OnInconclusive, "fail stop"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := sandbox.Window.From, (config.Clock{Hour: 22}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := got.Checks.Health[0], (config.Health{Get: "/", Within: 10 * second, Status: 200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLineEndsAndMarksDoNotCount(t *testing.T) {
	t.Parallel()
	want := parse(t, small)
	for _, source := range []string{"\ufeff" + small, strings.ReplaceAll(small, "\n", "\r\n"), "---\n" + small, "# a\n---\n" + small, small + "...\n"} {
		got := parse(t, source)
		if difference := cmp.Diff(want.Environments, got.Environments, byText); difference != "" {
			t.Errorf("%q (-want +got):\n%s", source, difference)
		}
	}
}

func TestPositionAndKeysSet(t *testing.T) {
	t.Parallel()
	loaded := example(t)
	text, err := os.ReadFile(filepath.Join("testdata", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for path, word := range map[string]string{
		"app": "app", "environments.production.deploy.compose": "compose", "checks.health[0].get": "get", "promotion[1]": "production",
		"checks.browser[0].steps[1].type.into": "into", "environments.production.notify[1].sns": "sns",
	} {
		at, ok := loaded.Position(path)
		if !ok || !strings.HasPrefix(lines[at.Line-1][at.Column-1:], word) {
			t.Errorf("%s: got %v %v, which is not at %s", path, at, ok, word)
		}
	}
	if _, ok := loaded.Position("environments.production.deploy.ecs"); ok {
		t.Error("got a position for a key that is not there")
	}
	for path, want := range map[string][]string{
		"migrations":                           {"migrations", "migrations.dir", "migrations.lock-timeout", "migrations.statement-timeout"},
		"environments.*.evidence":              {"environments.production.evidence", "environments.production.evidence.max-age", "environments.production.evidence.environment"},
		"environments.sandbox.notify":          nil,
		"environments.production.notify[].sns": {"environments.production.notify[1].sns"},
		"environments.production.notify[0]":    {"environments.production.notify[0].slack"},
		"checks.browser[].steps[].type":        {"checks.browser[0].steps[1].type", "checks.browser[0].steps[1].type.into", "checks.browser[0].steps[1].type.text"},
		"app":                                  {"app"},
	} {
		if difference := cmp.Diff(want, loaded.KeysSet(path)); difference != "" {
			t.Errorf("%s (-want +got):\n%s", path, difference)
		}
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	loaded := example(t)
	tests := []struct{ path, want string }{
		{"environments.sandbox.deploy.compose", `^testdata/example.yaml:20:7: environments\.sandbox\.deploy\.compose: not yet$`},
		{"environments.sandbox.deploy.process", `^testdata/example.yaml:19:5: environments\.sandbox\.deploy\.process: not yet$`},
		{"checks.health[7].get", `^testdata/example.yaml:38:3: checks`},
		{"elsewhere", `^testdata/example.yaml:1:1: elsewhere`},
	}
	for _, test := range tests {
		err := loaded.Refuse(test.path, "not yet", "wait")
		if !regexp.MustCompile(test.want).MatchString(err.Error()) || problem.Hint(err) != "wait" || problem.KindOf(err) != problem.Usage {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestLoadSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		_, err := config.Load(path)
		if err == nil || problem.KindOf(err) != problem.Usage || problem.Hint(err) == "" || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v", err)
		}
	}
}
