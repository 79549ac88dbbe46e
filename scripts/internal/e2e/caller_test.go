//go:build e2e

package e2e_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	repository        = "octo-org/shop"
	airlockRepository = "randomchaoslabs/airlock"
)

// root is the top of Airlock's own repository, seen from this folder.
var root = filepath.Join("..", "..", "..")

func absolute(t testing.TB, name string) string {
	t.Helper()
	full, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// run runs a program to its end, and returns what it printed.
func run(t testing.TB, folder, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// git runs git without the settings of whoever runs the tests.
func (s *scenario) git(t testing.TB, arguments ...string) string {
	t.Helper()
	return run(t, s.caller, "git", append([]string{"-c", "user.name=Octo Cat", "-c", "user.email=octocat@example.com", "-c", "commit.gpgsign=false"}, arguments...)...)
}

// commit makes a commit of the caller's repository with the migrations up to a number, and returns its full name.
func (s *scenario) commit(t testing.TB, message string, migrations int) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "migrations", "*.sql"))
	if err != nil || len(names) < migrations {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, name := range names[:migrations] {
		write(t, filepath.Join(s.caller, "migrations", filepath.Base(name)), read(t, name))
	}
	s.message = message
	s.git(t, "add", "--all")
	s.git(t, "commit", "--quiet", "--allow-empty", "--message", message)
	return s.git(t, "rev-parse", "HEAD")
}

// newCaller makes the repository that calls Airlock, with values filled in where testdata has words in capitals, and with the
// workflows of the example that a person starts.
func newCaller(t testing.TB, folder string, values *strings.Replacer) {
	t.Helper()
	source := filepath.Join("testdata", "caller")
	err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(source, path)
		write(t, filepath.Join(folder, name), values.Replace(read(t, path)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"by-hand.yml", "review.yml", "rollback.yml"} {
		text := read(t, filepath.Join(root, "examples", "wos", "github", name))
		write(t, filepath.Join(folder, ".github", "workflows", name), atMain.ReplaceAllString(text, "${1}@local"))
	}
	run(t, folder, "git", "init", "--quiet", "--initial-branch=main")
	run(t, folder, "git", "remote", "add", "origin", "https://github.com/"+repository)
}

var (
	ours      = regexp.MustCompile(`uses: \$/(\S+)`)
	notForAct = regexp.MustCompile(`(?m)^ +(deployment: false|queue: max)\n`)
	atMain    = regexp.MustCompile(`(uses: ` + airlockRepository + `/\S+)@main\b`)
	others    = regexp.MustCompile(`uses: (actions/([a-z-]+)@[0-9a-f]{40})`)
)

// newAirlock copies what a runner needs of Airlock's repository as it is now. act knows neither `$/` nor these two keys.
func newAirlock(t testing.TB, folder string, sources bool) {
	t.Helper()
	wanted := []string{".github/workflows", "actions", "scripts/install"}
	if sources {
		wanted = append(wanted, "go.mod", "go.sum", "cmd", "internal", "migrations", "examples")
	}
	listed := run(t, root, "git", append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--"}, wanted...)...)
	rewritten := 0
	for name := range strings.SplitSeq(listed, "\n") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		changed := string(text)
		if strings.HasPrefix(name, ".github/workflows/") {
			rewritten += len(ours.FindAllString(changed, -1))
			changed = notForAct.ReplaceAllString(ours.ReplaceAllString(changed, "uses: "+airlockRepository+"/$1@local"), "")
		}
		write(t, filepath.Join(folder, name), changed)
	}
	if rewritten == 0 {
		t.Fatal("no workflow of Airlock uses one of its actions")
	}
}

// standIns says, for each action of others that the workflows pin, what stands in for it here.
func standIns(t testing.TB, airlock string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(airlock, ".github", "workflows", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]string{}
	for _, name := range names {
		for _, found := range others.FindAllStringSubmatch(read(t, name), -1) {
			pinned[found[1]] = absolute(t, filepath.Join("testdata", "actions", found[2]))
		}
	}
	var arguments []string
	for action, folder := range pinned {
		arguments = append(arguments, fmt.Sprintf("%s=%s", action, folder))
	}
	return arguments
}
