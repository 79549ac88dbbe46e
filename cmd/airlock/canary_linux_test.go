package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

// canaryCall is one call of airlock, and the exit code that shows that it came as far as it was meant to.
type canaryCall struct {
	arguments string
	code      int
	// direct names the database without a config.
	direct string
	// until is a text on which the call is interrupted.
	until string
}

// canaryCalls calls every command of every verb, in an order that makes sense, with the right password and a wrong one.
// In the environment talkative the application prints all its variables and ends.
func canaryCalls(right, wrong string) []canaryCall {
	return []canaryCall{
		{arguments: "version"},
		{arguments: "config check"},
		{arguments: "config schema"},
		{arguments: "window next --environment sandbox"},
		{arguments: "preflight check --environment sandbox --image release"},
		{arguments: "preflight check --environment wrong --image release", code: 1},
		{arguments: "preflight plan --image release"},
		{arguments: "preflight protection --environment sandbox"},
		{arguments: "preflight evidence --environment sandbox --image release"},
		{arguments: "preflight evidence --environment wrong --image release", code: 1},
		{arguments: "promote --image release --environment sandbox --yes --reports reports"},
		{arguments: "promote --image release --yes", code: 1},
		{arguments: "record list --environment sandbox"},
		{arguments: "record open --environment sandbox --image release"},
		{arguments: "record open --environment wrong --image release", code: 1},
		{arguments: `record close --environment sandbox --promotion 0 --steps {"open":{}}`, code: 3},
		{arguments: "record recover --environment sandbox"},
		{arguments: "snapshot create --environment sandbox --image release"},
		{arguments: "snapshot create --environment wrong --image release", code: 1},
		{arguments: "snapshot list --environment sandbox"},
		{arguments: "migrate status --environment sandbox"},
		{arguments: "migrate review --environment sandbox"},
		{arguments: "migrate review --environment wrong", code: 1},
		{arguments: "migrate up --environment sandbox"},
		{arguments: "migrate down --environment sandbox --to 1"},
		{arguments: "migrate down --environment wrong --to 1", code: 1},
		{arguments: "migrate rehearse --environment sandbox"},
		{arguments: "migrate rehearse --environment wrong --on scratch", code: 1},
		{arguments: "migrate new --dir drafts --name drafted"},
		{arguments: "migrate up", direct: right},
		{arguments: "migrate status", direct: wrong, code: 1},
		{arguments: "migrate status", direct: strings.Replace(right, "@127.0.0.1", "@127.0.0.1:x", 1), code: 2},
		{arguments: "deploy --environment sandbox --image release"},
		{arguments: "deploy --environment talkative --image release", code: 1},
		{arguments: "verify once --environment sandbox"},
		{arguments: "verify once --environment wrong", code: 1},
		{arguments: "verify watch --environment sandbox --for 100ms --every 50ms"},
		{arguments: "rollback plan --environment sandbox"},
		{arguments: "rollback plan --environment wrong", code: 1},
		{arguments: "rollback run --environment sandbox"},
		{arguments: "promote --image talk --environment sandbox --yes --reports reports --config .github/leak.yaml", code: 1},
	}
}

// A secret never appears in what is printed, in an argument list, or in a file that others can read.
func TestCanary(t *testing.T) {
	t.Parallel()
	secret := rand.Text()
	seen := watchProcesses(t, secret)
	t.Run("calls", func(t *testing.T) {
		t.Run("terminal", func(t *testing.T) { sing(t, secret, "") })
		t.Run("json", func(t *testing.T) { sing(t, secret, " --output json") })
		t.Run("github", func(t *testing.T) {
			sing(t, secret, "", "GITHUB_ACTIONS=true", "GITHUB_OUTPUT=output", "GITHUB_STEP_SUMMARY=summary")
		})
		t.Run("demo", func(t *testing.T) {
			t.Parallel()
			c := canary{t: t, secret: secret, folder: t.TempDir(), dotenv: "SECRET_KEY=" + secret}
			write(t, filepath.Join(c.folder, "tmp/README"), "the folder for temporary files\n")
			// The first of its four releases is as telling as all.
			c.call(canaryCall{arguments: "demo --yes", until: "production: v1 promoted", code: 130})
		})
	})
	seen.check(t, "airlock", "pg_dump", "pg_restore", "sh")
}

// sing makes all calls on a project of its own. more is added to each call.
func sing(t *testing.T, secret, more string, variables ...string) {
	t.Parallel()
	right := canaryDatabase(t, "p/w@:%' "+secret)
	wrong, err := url.Parse(right)
	if err != nil {
		t.Fatal("the URL of the database is none")
	}
	name := wrong.Path[1:]
	wrong.User = url.UserPassword(wrong.User.Username(), "wrong "+secret)
	unprotected := githubapi.Environment{Branches: githubapi.AnyBranch}
	hub := githubapitest.Start(t, githubapitest.Options{State: githubapitest.State{
		Environments: map[string]githubapi.Environment{"sandbox": unprotected, "wrong": unprotected, "talkative": unprotected},
	}})
	c := canary{
		t: t, secret: secret, folder: t.TempDir(),
		variables: append(variables, "GITHUB_API_URL="+hub.URL, "GITHUB_TOKEN="+githubapitest.Token, "GITHUB_REPOSITORY=octo-org/octo-repo", "GITHUB_RUN_ID=1",
			"GITHUB_SHA="+strings.Repeat("a", 40)),
		dotenv: fmt.Sprintf("RIGHT_URL=%s\nTALK_URL=%s\nWRONG_URL=%s\nSECRET_KEY='a key that holds %s'\n", right, right, wrong, secret),
	}
	c.project(name)
	leak(t, right, "a key that holds "+secret)
	calls := canaryCalls(right, wrong.String())
	for _, call := range calls {
		call.arguments += more
		c.call(call)
	}
	c.checkFiles()
	for _, request := range hub.Requests() {
		if asked := request.Path + "?" + request.Query + string(request.Body); strings.Contains(asked, secret) {
			t.Errorf("GitHub is told the secret: %s %s", request.Method, asked)
		}
	}
	checkComplete(t, append(calls, canaryCall{arguments: "demo"}))
}

// canaryDatabase returns the URL of a new database whose owner has the password.
func canaryDatabase(t *testing.T, password string) string {
	t.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, databasetest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	role := "canary_" + strings.ToLower(rand.Text())
	execute := func(statement string) {
		if _, err := admin.Exec(ctx, statement); err != nil {
			t.Error(err)
		}
	}
	execute(fmt.Sprintf("create role %s login createdb password '%s'", role, strings.ReplaceAll(password, "'", "''")))
	t.Cleanup(func() {
		execute("drop role " + role)
		admin.Close(ctx)
	})
	location, err := url.Parse(databasetest.PostgreSQL(t))
	if err != nil {
		t.Fatal("the URL of the cluster is none")
	}
	execute(fmt.Sprintf("alter database %s owner to %s", location.Path[1:], role))
	location.User = url.UserPassword(role, password)
	return location.String()
}

// leak puts a value into the database, where the check of leak.yaml finds it.
func leak(t *testing.T, location, value string) {
	t.Helper()
	db := databasetest.Open(t, settings(location))
	if _, err := db.Exec("create table leak as select $1::text as value", value); err != nil {
		t.Fatal(err)
	}
}

// canary is one round of calls.
type canary struct {
	t              *testing.T
	secret, folder string
	// dotenv is the text of AIRLOCK_ENV.
	dotenv    string
	variables []string
}

// checkComplete fails when a command of a verb has no call.
func checkComplete(t *testing.T, calls []canaryCall) {
	t.Helper()
	for _, v := range verbs() {
		declaration, err := runner.ParseDeclaration(v.ActionYAML)
		if err != nil {
			t.Fatal(err)
		}
		commands := declaration.Commands()
		if len(commands) == 0 {
			commands = []string{""}
		}
		for _, command := range commands {
			name := strings.TrimSpace(v.Name + " " + command)
			if !slices.ContainsFunc(calls, func(call canaryCall) bool { return strings.HasPrefix(call.arguments+" ", name+" ") }) {
				t.Errorf("the canary has no call of airlock %s", name)
			}
		}
	}
}

// project makes a repository whose config knows the secret by the names of variables only.
func (c *canary) project(name string) {
	var config strings.Builder
	config.WriteString(`version: 1
app: wos
promotion: [sandbox, wrong]
checks:
  health: [{get: /_stcore/health}]
  data: [{name: a row, sql: select 0, equals: 0}]
environments:
`)
	executable, err := exec.LookPath("airlock")
	if err != nil {
		c.t.Fatal(err)
	}
	ports := &ports{}
	for _, one := range []struct{ name, variable, command string }{
		{"sandbox", "RIGHT_URL", `"` + executable + `"`}, {"wrong", "WRONG_URL", `"` + executable + `"`}, {"talkative", "TALK_URL", `/bin/sh, -c, "env; exit 1"`},
	} {
		port := ports.free(c.t)
		fmt.Fprintf(&config, `  %s:
    url: http://127.0.0.1:%s
    database: {postgres: %s, url: "${%s}"}
    backups: {directory: %s/.airlock/snapshots}
    watch: {for: 100ms, every: 50ms}
    deploy:
      process:
        command: [%s]
        directory: %s/.airlock/hosts/%s
        start-timeout: 4s
        environment: {PORT: "%s", DATABASE_URL: "${%s}", SECRET_KEY: "${SECRET_KEY}", AIRLOCK_DEMO_PARENT: "%d", GORACE: atexit_sleep_ms=10}
`, one.name, port, name, one.variable, c.folder, one.command, c.folder, one.name, port, one.variable, os.Getpid())
	}
	write(c.t, filepath.Join(c.folder, ".github/airlock.yaml"), config.String())
	write(c.t, filepath.Join(c.folder, ".github/leak.yaml"), strings.Replace(config.String(), "select 0", "select value from leak", 1))
	write(c.t, filepath.Join(c.folder, "talk/.env"), "APP_VERSION=v2\n")
	write(c.t, filepath.Join(c.folder, "release/.env"), "APP_VERSION=v1\n")
	write(c.t, filepath.Join(c.folder, "migrations/00001_one.sql"), "-- +goose Up\ncreate table one (id integer);\n-- +goose Down\ndrop table one;\n")
	write(c.t, filepath.Join(c.folder, "migrations/00002_two.sql"), "-- +goose Up\ncreate table two (id integer);\n-- +goose Down\ndrop table two;\n")
	write(c.t, filepath.Join(c.folder, "tmp/README"), "the folder for temporary files\n")
	for _, arguments := range []string{"init --quiet", "add .github release migrations", "commit --quiet --message v1"} {
		git := exec.Command("git", strings.Fields(arguments)...)
		git.Dir, git.Env = c.folder, environment("", "")
		if output, err := git.CombinedOutput(); err != nil {
			c.t.Fatalf("git %s: %v: %s", arguments, err, output)
		}
	}
	c.t.Cleanup(func() { stopHosts(c.t, c.folder, "sandbox", "wrong", "talkative") })
}

// call runs airlock and looks at what it printed.
func (c *canary) call(call canaryCall) {
	c.t.Helper()
	command := exec.Command("airlock", strings.Fields(call.arguments)...)
	command.Dir = c.folder
	command.Env = append(append(environment("", ""), "TMPDIR="+filepath.Join(c.folder, "tmp"), "AIRLOCK_ENV="+c.dotenv, "AIRLOCK_DATABASE_URL="+call.direct), c.variables...)
	met := make(chan struct{}, 2)
	stdout, stderr := &watched{text: call.until, met: met}, &watched{text: call.until, met: met}
	command.Stdout, command.Stderr = stdout, stderr
	err := command.Start()
	if err == nil {
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		select {
		case err = <-ended:
		case <-met:
			err = errors.Join(command.Process.Signal(os.Interrupt), <-ended)
		}
	}
	if command.ProcessState == nil || command.ProcessState.ExitCode() != call.code {
		c.t.Errorf("airlock %s: got %v, want exit code %d:\n%s%s", call.arguments, err, call.code, stdout, stderr)
	}
	// GitHub's runner reads the masks, and prints stars in their place.
	printed := regexp.MustCompile(`(?m)^::add-mask::.*$`).ReplaceAllString(stdout.String(), "") + stderr.String()
	if strings.Contains(printed, c.secret) {
		c.t.Errorf("airlock %s prints the secret:\n%s", call.arguments, printed)
	}
}

// mayHold are the files that hold the secret on purpose, for their owner only: the log is what the application itself
// printed, and it prints its variables. Airlock stores no secret.
var mayHold = regexp.MustCompile(`^\.airlock/hosts/talkative/app\.log(\.1)?$`)

// checkFiles looks at every file that the calls left behind.
func (c *canary) checkFiles() {
	held := 0
	err := filepath.WalkDir(c.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, c.folder+"/")
		info, err := entry.Info()
		if err != nil {
			return err
		}
		own := strings.HasPrefix(name, ".airlock") || strings.HasPrefix(name, "reports")
		if own && info.Mode().Perm()&0o077 != 0 {
			c.t.Errorf("%s can be read by others: %s", name, info.Mode())
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(content, []byte(c.secret)) {
			return err
		}
		if !mayHold.MatchString(name) {
			c.t.Errorf("%s holds the secret", name)
		}
		held++
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
	if held == 0 {
		c.t.Error("the application did not print its variables: that its log is hidden proves nothing")
	}
}
