package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// repository returns a work tree with two commits, and their ids.
func repository(t *testing.T) (tree git.Tree, first, second string) {
	t.Helper()
	tree = git.Tree{Directory: t.TempDir()}
	command := func(arguments ...string) { t.Helper(); run(t, tree, arguments...) }
	head := func() string {
		t.Helper()
		commit, err := tree.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return commit
	}
	command("init", "--quiet")
	command("commit", "--quiet", "--allow-empty", "--message", "one")
	first = head()
	command("commit", "--quiet", "--allow-empty", "--message", "two")
	return tree, first, head()
}

func run(t *testing.T, tree git.Tree, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{"-C", tree.Directory, "-c", "user.name=t", "-c", "user.email=t@example.com"}, arguments...)...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", arguments, err, output)
	}
}

func TestIsAncestor(t *testing.T) {
	t.Parallel()
	tree, first, second := repository(t)
	missing := strings.Repeat("f", 40)
	tests := map[string]struct {
		ancestor, descendant string
		want, unknown        bool
	}{
		"older in newer":          {ancestor: first, descendant: second, want: true},
		"itself":                  {ancestor: first, descendant: first, want: true},
		"newer in older":          {ancestor: second, descendant: first},
		"a commit that is absent": {ancestor: missing, descendant: second, unknown: true},
		"an option":               {ancestor: "--help", descendant: second, unknown: true},
		"a branch name":           {ancestor: "main", descendant: second, unknown: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tree.IsAncestor(t.Context(), test.ancestor, test.descendant)
			if unknown := problem.KindOf(err) == problem.Inconclusive && err != nil; unknown != test.unknown {
				t.Fatalf("got error %v, want one: %v", err, test.unknown)
			}
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestHeadOutsideOfAWorkTree(t *testing.T) {
	t.Parallel()
	_, err := git.Tree{Directory: t.TempDir()}.Head(t.Context())
	if problem.KindOf(err) != problem.Inconclusive || problem.Hint(err) == "" {
		t.Errorf("got error %v with hint %q", err, problem.Hint(err))
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	tree, _, _ := repository(t)
	clean, err := tree.Changed(t.Context(), ".")
	if err != nil || clean != "" {
		t.Fatalf("got %q, %v for a clean tree", clean, err)
	}
	if err := os.WriteFile(filepath.Join(tree.Directory, "new.sql"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	changed, err := tree.Changed(t.Context(), ".")
	if err != nil || changed != "?? new.sql" {
		t.Errorf("got %q, %v", changed, err)
	}
}

// A hook of another repository says where that one is.
func TestVariablesOfAnotherRepositoryAreNotFollowed(t *testing.T) {
	tree, _, head := repository(t)
	other, _, _ := repository(t)
	if err := os.WriteFile(filepath.Join(other.Directory, "new.sql"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_DIR", filepath.Join(other.Directory, ".git"))
	t.Setenv("GIT_WORK_TREE", other.Directory)
	t.Setenv("GIT_INDEX_FILE", filepath.Join(other.Directory, ".git", "index"))
	if got, err := tree.Head(t.Context()); err != nil || got != head {
		t.Errorf("got %q, %v, want %q", got, err, head)
	}
	if got, err := tree.Changed(t.Context(), "."); err != nil || got != "" {
		t.Errorf("got %q, %v for a clean tree", got, err)
	}
}
