package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/migrations"
)

//go:embed airlock.yaml.tmpl
var configTemplate string

// demo measures the demo, which calls every verb in one process.
func (b *bench) demo(ctx context.Context, place place) error {
	arguments := []string{"demo", "--yes"}
	if place.cluster != "" {
		arguments = append(arguments, "--postgres")
	}
	item := "demo, " + place.title
	taken, err := b.once(ctx, item, memoryTarget, program{path: b.airlock, arguments: arguments, directory: b.folder})
	if err == nil && place.cluster == "" {
		// With PostgreSQL a cluster is started before there is anything to say.
		b.results = append(b.results, limitStart(item, startTarget, []sample{taken}))
	}
	return err
}

// verbs measures each verb as a process of its own, on the example application with all its heroes.
func (b *bench) verbs(ctx context.Context, place place) (err error) {
	database, err := place.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.drop()) }()
	project, err := os.MkdirTemp(b.folder, "project-")
	if err != nil {
		return err
	}
	variables, err := b.writeProject(project, database)
	if err != nil {
		return err
	}
	for _, line := range []string{"init --quiet", "add --all", "commit --quiet --message v1"} {
		command := exec.CommandContext(ctx, "git", strings.Fields(line)...)
		command.Dir, command.Env = project, environment()
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", line, err, output)
		}
	}
	for _, line := range []string{
		"migrate up", "migrate status", "snapshot create --image v1", "snapshot list", "preflight check --image v1", "promote --image v1",
		"verify once", "verify watch --for 1s", "promote --image v2", "rollback plan", "rollback run", "deploy --image v2", "migrate down --to 0 --accept-data-loss *",
	} {
		call := program{path: b.airlock, arguments: strings.Fields(line), directory: project, variables: variables}
		if call.arguments[0] != "promote" {
			call.arguments = append(call.arguments, "--environment", "laptop")
		}
		if _, err := b.once(ctx, line+", "+place.title, memoryTarget, call); err != nil {
			return err
		}
	}
	return nil
}

// once runs the program once and judges its memory. The application that a deployment leaves running is not in it.
func (b *bench) once(ctx context.Context, item string, target float64, call program) (sample, error) {
	b.say("%s", item)
	taken, err := call.run(ctx)
	if err == nil {
		b.results = append(b.results, limitMemory(item, target, taken))
	}
	return taken, err
}

// writeProject writes a project with one environment and two releases, and returns the variables that its config needs.
func (b *bench) writeProject(folder string, target emptyDatabase) (variables []string, err error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	line := "{sqlite: " + target.settings.Path + "}"
	if target.settings.Dialect == database.PostgreSQL {
		line = `{postgres: ` + target.name + `, url: "${DATABASE_URL}"}`
	}
	text := strings.NewReplacer("DATABASE_LINE", line, "PORT_NUMBER", strconv.Itoa(port), "PROGRAM", strconv.Quote(b.airlock)).Replace(configTemplate)
	files := map[string]string{
		".github/airlock.yaml": text, ".gitignore": "/.airlock/\n", "v1/.env": "APP_VERSION=v1\n", "v2/.env": "APP_VERSION=v2\nFEATURES=motto,guilds\n",
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	// The application leaves when the process is gone that this variable names.
	variables = []string{"DATABASE_URL=" + target.url(), fmt.Sprintf("PARENT=%d", os.Getpid())}
	return variables, os.CopyFS(filepath.Join(folder, "migrations"), migrations.Files)
}

// freePort returns a loopback port that nothing listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
