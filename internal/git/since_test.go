package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// A branch adds, edits and deletes migrations while main goes on: what main added since is not the branch's doing.
func TestSince(t *testing.T) {
	t.Parallel()
	tree, _, _ := repository(t)
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(tree.Directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(message string) {
		t.Helper()
		run(t, tree, "add", "--all")
		run(t, tree, "commit", "--quiet", "--message", message)
	}

	// Given four migrations, a file that is none, and one in a folder below.
	for _, name := range []string{"m/1_one.sql", "m/2_two.sql", "m/3 and a \"quote\".sql", "m/4_four.sql", "m/README", "m/below/9_nine.sql", "5_beside.sql"} {
		write(name, "select 1;")
	}
	commit("base")
	run(t, tree, "branch", "base")
	run(t, tree, "checkout", "--quiet", "-b", "feature")
	write("m/2_two.sql", "select 2;")
	if err := os.Remove(filepath.Join(tree.Directory, "m/4_four.sql")); err != nil {
		t.Fatal(err)
	}
	write("m/6_six.sql", "select 6;")
	commit("feature")
	run(t, tree, "checkout", "--quiet", "base")
	write("m/7_seven.sql", "select 7;")
	commit("main goes on")
	run(t, tree, "checkout", "--quiet", "feature")
	// What is not committed yet counts too, and so does what git does not know yet.
	write("m/3 and a \"quote\".sql", "select 3;")
	write("m/8_eight.sql", "select 8;")
	write("5_beside.sql", "select 5;")

	// When the folder is compared with main as it is now.
	got, err := git.Tree{Directory: filepath.Join(tree.Directory, "m")}.Since(t.Context(), "base")
	if err != nil {
		t.Fatal(err)
	}

	// Then only what the branch did is told.
	want := git.Difference{
		Before:  []string{"1_one.sql", "2_two.sql", "3 and a \"quote\".sql", "4_four.sql"},
		Tip:     []string{"1_one.sql", "2_two.sql", "3 and a \"quote\".sql", "4_four.sql", "7_seven.sql"},
		Edited:  []string{"2_two.sql", "3 and a \"quote\".sql"},
		Deleted: []string{"4_four.sql"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	for _, revision := range []string{"nowhere", "--help", "", "base^{tree}"} {
		if _, err := (git.Tree{Directory: tree.Directory}).Since(t.Context(), revision); err == nil || problem.KindOf(err) != problem.Inconclusive {
			t.Errorf("%q: got %v, want that it cannot be told", revision, err)
		}
	}
}
