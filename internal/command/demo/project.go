package demo

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	_ "embed"

	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/migrations"
)

//go:embed airlock.yaml.tmpl
var configTemplate string

// version is one release of the example: its migrations, and what its .env says.
type version struct {
	label, story string
	// latest is the highest version of the example's migrations that it has; own are migrations that only it has.
	latest int64
	own    map[string]string
	env    string
}

// versions is the story of the demo.
func versions() []version {
	return []version{
		{label: "v1", latest: 5, story: "Version 1: users, profiles and heroes. Nothing is served yet."},
		{label: "v2", latest: 7, env: "FEATURES=motto,guilds\n", story: "Version 2 has two migrations: a motto for every profile, and guilds."},
		{label: "v3", latest: 8, env: "FEATURES=motto,guilds\n", own: map[string]string{"00009_rename_level.sql": renameLevel},
			story: "Version 3 renames the column level, and forgets a page that still sorts by it."},
		{label: "v4", latest: 8, env: "FEATURES=motto,guilds\nFAULT_UNHEALTHY_AFTER=700ms\nFAULT_ONLY_IN=production\n",
			story: "Version 4 leaves the column alone. It works in sandbox, and under production's load it turns unhealthy after a moment."},
	}
}

// renameLevel is the migration of version 3; its Down brings the old schema back.
const renameLevel = `-- +goose Up
alter table heroes rename column level to experience;

-- +goose Down
alter table heroes rename column experience to level;
`

// place is one environment of the demo.
type place struct {
	Name     string
	Port     int
	Database string // the lines below "database:"
	URL      string // what the application connects to
	Approval bool
}

// project is the folder of a small team: a git repository with a config, migrations and the files of a release.
type project struct {
	folder string
	places []place
	lookup func(string) (string, bool)
}

// newProject makes the repository in folder. urls are the databases of sandbox and production, nil for SQLite files.
func newProject(ctx context.Context, folder string, urls map[string]string) (*project, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p := &project{folder: folder, lookup: func(name string) (string, bool) { url, ok := urls[name]; return url, ok }}
	for _, name := range []string{"sandbox", "production"} {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		one := place{Name: name, Port: port, Approval: name == "production"}
		variable := strings.ToUpper(name) + "_DATABASE_URL"
		if urls == nil {
			one.Database = fmt.Sprintf("{sqlite: %s.db}", name)
			one.URL = "sqlite:" + filepath.Join(folder, name+".db")
		} else {
			one.Database = fmt.Sprintf("{postgres: wos_%s, url: %q}", name, "${"+variable+"}")
			one.URL = "${" + variable + "}"
		}
		p.places = append(p.places, one)
	}
	for _, name := range []string{".github", "migrations", "release"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			return nil, err
		}
	}
	var text strings.Builder
	parsed, err := template.New("airlock.yaml").Parse(configTemplate)
	if err != nil {
		return nil, err
	}
	err = parsed.Execute(&text, map[string]any{
		"Places": p.places, "Program": strconv.Quote(executable), "ParentVariable": parentVariable, "Parent": os.Getpid(),
	})
	if err != nil {
		return nil, err
	}
	if err := p.write(".github/airlock.yaml", text.String()); err != nil {
		return nil, err
	}
	if err := p.write(".gitignore", "/.airlock/\n/*.db*\n"); err != nil {
		return nil, err
	}
	return p, p.git(ctx, "init", "--quiet")
}

// freePort returns a loopback port that nothing listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (p *project) write(name, content string) error {
	return os.WriteFile(filepath.Join(p.folder, filepath.FromSlash(name)), []byte(content), 0o600)
}

// git runs git in the project, with nothing of the person's own configuration.
func (p *project) git(ctx context.Context, arguments ...string) error {
	settings := []string{"-C", p.folder, "-c", "user.name=Airlock demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"}
	command := exec.CommandContext(ctx, "git", append(settings, arguments...)...)
	command.Env = append(git.Environment(os.Environ()), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
	output, err := command.CombinedOutput()
	if err != nil {
		return problem.New("the demo needs git", "git %s: %w: %.300s", arguments[0], err, output)
	}
	return nil
}

// commit makes the work tree that of a version.
func (p *project) commit(ctx context.Context, v version) error {
	if err := os.RemoveAll(filepath.Join(p.folder, "migrations")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(p.folder, "migrations"), 0o700); err != nil {
		return err
	}
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		number, err := strconv.ParseInt(name[:strings.IndexByte(name, '_')], 10, 64)
		if err != nil || number > v.latest {
			continue
		}
		content, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			return err
		}
		if err := p.write("migrations/"+name, string(content)); err != nil {
			return err
		}
	}
	for name, content := range v.own {
		if err := p.write("migrations/"+name, content); err != nil {
			return err
		}
	}
	if err := p.write("release/.env", "APP_VERSION="+v.label+"\n"+v.env); err != nil {
		return err
	}
	if err := p.git(ctx, "add", "--all", "--force", "release", "migrations", ".github", ".gitignore"); err != nil {
		return err
	}
	return p.git(ctx, "commit", "--quiet", "--message", v.label)
}
