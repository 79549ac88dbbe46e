package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds one guide: it builds programs and starts applications.
const patience = 3 * time.Minute

// TestGuides does what the guides say, as somebody would who copies every block, and compares what they say is printed.
func TestGuides(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	programs := filepath.Join(home, "bin")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", programs+string(filepath.Separator), "./cmd/airlock")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	t.Run("demo", func(t *testing.T) {
		t.Parallel()
		p := pageOf(t, "README.md")
		p.blocks = keep(p.blocks, func(b block) bool { return b.language == "text" })
		p.blocks = append([]block{{language: "sh", text: "airlock demo --yes\n"}}, p.blocks...)
		follow(t, p, root, programs)
	})
	t.Run("getting started", func(t *testing.T) {
		t.Parallel()
		p := pageOf(t, "docs/getting-started.md")
		p.blocks = keep(p.blocks, func(b block) bool { return b.language != "yaml" || b.file != "" })
		follow(t, p, root, programs)
	})
	t.Run("review", func(t *testing.T) {
		t.Parallel()
		p := pageOf(t, "docs/review.md")
		p.blocks = keep(p.blocks, func(b block) bool { return b.language != "yaml" })
		follow(t, p, root, programs)
	})
	t.Run("rehearsal", func(t *testing.T) {
		t.Parallel()
		follow(t, pageOf(t, "docs/rehearsal.md"), root, programs)
	})
	t.Run("applying", func(t *testing.T) {
		t.Parallel()
		follow(t, pageOf(t, "docs/applying.md"), root, programs)
	})
	t.Run("example", func(t *testing.T) {
		t.Parallel()
		p := pageOf(t, "examples/wos/README.md")
		follow(t, p, "", programs)
	})
}

func keep(blocks []block, wanted func(block) bool) []block {
	var kept []block
	for _, b := range blocks {
		if wanted(b) {
			kept = append(kept, b)
		}
	}
	return kept
}

// follow runs a page in a new home, beginning in folder, or in a copy of the example when that is empty.
func follow(t *testing.T, p page, folder, programs string) {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopApplications(t, home) })
	var configs strings.Builder
	for _, b := range keep(p.blocks, func(b block) bool { return b.language == "yaml" }) {
		configs.WriteString(b.text)
	}
	configs.WriteString(example(t))
	ports := freePorts(t, configs.String())
	if folder == "" {
		folder = filepath.Join(home, "airlock")
		copyExample(t, folder, ports)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-e")
	shell.Dir, shell.Stdin = folder, strings.NewReader(scriptOf(p, ports))
	shell.Env = environment(t, home, programs)
	// What a killed shell leaves behind may hold the pipe.
	shell.WaitDelay = time.Second
	output, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", p.path, err, output)
	}
	compare(t, p, strings.ReplaceAll(string(output), home, "/home/you"))
}

// example returns the config of the example application.
func example(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "examples", "wos", "airlock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// freePorts puts free ports in place of those that configs name: other programs may have them.
func freePorts(t *testing.T, configs string) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, match := range regexp.MustCompile(`127\.0\.0\.1:(\d{4})`).FindAllStringSubmatch(configs, -1) {
		pairs = append(pairs, match[1], freePort(t))
	}
	return strings.NewReplacer(pairs...)
}

// scriptOf makes one shell script of the blocks, with a mark before the output of each.
func scriptOf(p page, ports *strings.Replacer) string {
	var lines strings.Builder
	for i, b := range p.blocks {
		switch {
		case b.file != "":
			fmt.Fprintf(&lines, "cat >'%s' <<'END OF FILE'\n%sEND OF FILE\n", b.file, ports.Replace(b.text))
		case b.language == "sh":
			fmt.Fprintf(&lines, "echo '%s'\n{\n%s} 2>&1\n", mark(i), b.text)
		}
	}
	return lines.String()
}

func mark(number int) string { return fmt.Sprintf("--- output of block %d ---", number) }

// compare looks for each line that the page shows, in order, in what the commands before it printed.
func compare(t *testing.T, p page, output string) {
	t.Helper()
	printed, compared := output, 0
	for i, b := range p.blocks {
		if b.language == "sh" {
			_, after, _ := strings.Cut(output, mark(i)+"\n")
			printed, _, _ = strings.Cut(after, "--- output of block ")
		}
		if b.language != "text" || b.file != "" {
			continue
		}
		compared++
		rest := steady(printed)
		for line := range strings.Lines(b.text) {
			want := strings.TrimSpace(steady(line))
			if want == "" || want == "…" {
				continue
			}
			form := "(?m)^ ?" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$"
			place := regexp.MustCompile(form).FindStringIndex(rest)
			if place == nil {
				t.Errorf("%s:%d: this line is not printed, or not here:\n%s\nprinted was:\n%s", p.path, b.line, line, printed)
				break
			}
			rest = rest[place[1]:]
		}
	}
	if compared == 0 {
		t.Errorf("%s shows no output: this test is blind", p.path)
	}
}

var unsteady = regexp.MustCompile(strings.Join([]string{
	`sha256:[0-9a-f]{12,}`, `\b[0-9a-f]{12}\b`, `pre-deploy-\d{8}-\d{4}-[0-9a-f]{6}`, `\b\d{8}-\d{6}-[A-Z0-9]{6}\b`,
	`\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC`, `\d+ looks`, `\d+ ms`, `in \d+(\.\d+)?s\b`, `slowest \d+(\.\d+)?m?s`, `[\d.]+ [KM]?i?B\b`, ` in \d+ seconds`,
	`127\.0\.0\.1:\d+`, `/tmp/airlock-demo-\d+|/\S*/airlock-demo-\d+`, `\d+ of \d+`,
}, "|"))

// tookLong is what ends a line about something that took more than a moment: on a slow machine more lines have it.
var tookLong = regexp.MustCompile(`(?m) (\((\d+m)?\d+(\.\d+)?s\)|in (\d+m)?\d+(\.\d+)?s)$`)

// steady takes out of a text what is another in every run, and the spaces that align columns.
func steady(text string) string {
	text = unsteady.ReplaceAllString(tookLong.ReplaceAllString(text, ""), "#")
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}

// environment is that of a new user whose Go has its caches.
func environment(t *testing.T, home, programs string) []string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOCACHE", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	places := strings.Split(strings.TrimSpace(string(output)), "\n")
	return []string{
		"HOME=" + home, "PATH=" + programs + string(filepath.ListSeparator) + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(),
		"GOMODCACHE=" + places[0], "GOCACHE=" + places[1], "GOROOT=" + places[2], "GOPATH=" + filepath.Join(home, "go"),
		"GOFLAGS=" + os.Getenv("GOFLAGS") + " -buildvcs=false", "GOTOOLCHAIN=local", "GOPROXY=off", "CGO_ENABLED=" + os.Getenv("CGO_ENABLED"), "LC_ALL=C.UTF-8",
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// copyExample makes a repository of the example application and its migrations, as a clone has them.
func copyExample(t *testing.T, folder string, ports *strings.Replacer) {
	t.Helper()
	for _, name := range []string{"examples", "migrations"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{filepath.Join("examples", "wos", "airlock.yaml"): ports.Replace(example(t))}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, arguments := range []string{"init --quiet", "add --all", "-c user.name=T -c user.email=t@example.com commit --quiet --message clone"} {
		git := exec.CommandContext(t.Context(), "git", strings.Fields(arguments)...)
		git.Dir = folder
		if output, err := git.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
}

// stopApplications ends what a guide that failed has left running.
func stopApplications(t *testing.T, home string) {
	err := filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "app.pid" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		number, _, _ := bytes.Cut(content, []byte(" "))
		if pid, err := strconv.Atoi(string(number)); err == nil && pid > 1 {
			_ = syscall.Kill(-pid, syscall.SIGKILL) // It may have ended by itself.
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
