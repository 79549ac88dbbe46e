// Package git asks the git command about a work tree. It only ever reads.
package git

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// objectID is a full commit id: SHA-1 or SHA-256 in hexadecimal digits.
var objectID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// Tree is a git work tree.
type Tree struct {
	// Directory is any folder inside the work tree.
	Directory string
}

// Head returns the full id of the commit that is checked out.
func (t Tree) Head(ctx context.Context) (string, error) {
	output, err := t.run(ctx, "rev-parse", "--verify", "--end-of-options", "HEAD^{commit}")
	if err != nil {
		return "", problem.Unknown("promote from a git work tree with at least one commit: the commit is how releases are put in order",
			"the commit that is checked out is not known: %w", err)
	}
	return strings.TrimSpace(output), nil
}

// Changed lists what differs from the commit that is checked out below the given paths, one path a line.
func (t Tree) Changed(ctx context.Context, paths ...string) (string, error) {
	arguments := append([]string{"status", "--porcelain", "--no-renames", "--"}, paths...)
	output, err := t.run(ctx, arguments...)
	if err != nil {
		return "", problem.Unknown("", "whether the work tree has changes is not known: %w", err)
	}
	return strings.TrimRight(output, "\n"), nil
}

// File returns the content of a file of the folder as a commit has it.
func (t Tree) File(ctx context.Context, commit, name string) (string, error) {
	if !objectID.MatchString(commit) {
		return "", problem.Unknown("", "%q is not a full commit id", commit)
	}
	output, err := t.run(ctx, "show", "--end-of-options", commit+":./"+name)
	if err != nil {
		return "", problem.Unknown("", "%s at %.12s cannot be read: %w", name, commit, err)
	}
	return output, nil
}

// IsAncestor tells whether commit ancestor is descendant or one of the commits before it. A commit that this clone does
// not have is an error: the answer is not known.
func (t Tree) IsAncestor(ctx context.Context, ancestor, descendant string) (bool, error) {
	for _, commit := range []string{ancestor, descendant} {
		if !objectID.MatchString(commit) {
			return false, problem.Unknown("", "%q is not a full commit id", commit)
		}
	}
	_, err := t.run(ctx, "merge-base", "--is-ancestor", ancestor, descendant)
	var exit *exec.ExitError
	// https://git-scm.com/docs/git-merge-base: status 1 is "no", anything else that is not 0 an error.
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return false, nil
	}
	if err != nil {
		return false, problem.Unknown("fetch the whole history: git fetch --unshallow",
			"whether %.12s descends from %.12s is not known: %w", descendant, ancestor, err)
	}
	return true, nil
}

// run calls git without prompts, pagers or optional locks, so that it neither waits nor writes.
func (t Tree) run(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", t.Directory, "--no-optional-locks"}, arguments...)...)
	command.Env = append(Environment(command.Environ()), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return "", problem.Unknown("install git", "git is not installed")
	}
	if text := strings.TrimSpace(stderr.String()); err != nil && text != "" {
		return "", &commandError{text: text, err: err}
	}
	return stdout.String(), err
}

// Environment returns the variables without those that would lead git to another repository than that of its folder: a hook
// and `git rebase --exec` set them. They are what `git rev-parse --local-env-vars` prints, less the settings.
func Environment(variables []string) []string {
	return slices.DeleteFunc(slices.Clone(variables), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{
			"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
			"GIT_NAMESPACE", "GIT_PREFIX", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
			"GIT_INTERNAL_SUPER_PREFIX",
		}, name)
	})
}

// commandError is what git printed, with the exit status behind it.
type commandError struct {
	text string
	err  error
}

// Error returns at most the first 300 characters of what git printed.
func (c *commandError) Error() string {
	if len(c.text) > 300 {
		return c.text[:300] + "…"
	}
	return c.text
}

// Unwrap returns how the command ended.
func (c *commandError) Unwrap() error { return c.err }
