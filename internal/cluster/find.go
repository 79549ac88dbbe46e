package cluster

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// installed is where Debian, Ubuntu, Red Hat's packages, Homebrew (both processors) and Postgres.app put the server's
// programs without naming them in PATH.
var installed = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

var number = regexp.MustCompile(`[0-9]+`)

// Find returns the folder that holds PostgreSQL's initdb and postgres: the one in PATH, which lookPath (exec.LookPath)
// searches, else the newest of those that are installed where PATH does not lead. It installs nothing.
func Find(lookPath func(string) (string, error)) (string, error) {
	return find(lookPath, installed)
}

func find(lookPath func(string) (string, error), patterns []string) (string, error) {
	if initdb, err := lookPath("initdb"); err == nil {
		// Some distributions link the programs one by one; the server is beside the real file.
		for _, path := range []func(string) (string, error){filepath.Abs, filepath.EvalSymlinks} {
			if path, err := path(initdb); err == nil && complete(lookPath, filepath.Dir(path)) {
				return filepath.Dir(path), nil
			}
		}
	}
	var folders []string
	for _, pattern := range patterns {
		// The only error is that of a malformed pattern.
		matches, _ := filepath.Glob(pattern)
		folders = append(folders, matches...)
	}
	slices.SortStableFunc(folders, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	for _, folder := range folders {
		if complete(lookPath, folder) {
			return folder, nil
		}
	}
	return "", problem.New("install it (Debian and Ubuntu: `apt-get install postgresql`, Homebrew: `brew install postgresql@17`) and run this again",
		"PostgreSQL's server programs (initdb, postgres) were not found on this machine")
}

// complete tells whether folder has both programs and they may be run; a path with a slash is not searched for.
func complete(lookPath func(string) (string, error), folder string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := lookPath(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// version returns the first number in a path, which is PostgreSQL's major version in all of the patterns.
func version(path string) int {
	major, err := strconv.Atoi(number.FindString(path))
	if err != nil {
		return 0
	}
	return major
}
