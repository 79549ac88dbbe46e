package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script, where each file tells one story of the binary, and its folder each once for each
// dialect. -update writes what people see into the files that cmp compares it with. Beside the commands of testscript,
// https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript, there are:
//
//	project                       a git repository with the config of testdata/project and free ports; $DIALECT is its database
//	release LABEL LATEST [MORE]…  commits the migrations up to LATEST and the folder of a release; MORE are NAME=value for the
//	                              application, and files of further migrations
//	add PLACE LINE                adds a line to an environment of the config, or below checks
//	database NAME                 sets NAME to the URL of a new, empty database
//	sql PLACE STATEMENT           runs a statement in an environment's database and prints the rows
//	exits CODE PROGRAM ARGUMENT…  runs a program that must end so; what people saw is then in the file seen
//	interrupts CODE TEXT PROGRAM… the same, with SIGINT as soon as it has printed TEXT
//	normal FILE                   puts a file into the file seen
//	remember, unchanged           compare databases, history and hosts between two moments
//	envfrom NAME FILE             sets NAME to the text of a file
//	occupy NAME, waitfree NAME    listen on the port in NAME; wait until nobody does
//	github                        makes the programs steps of a job of GitHub Actions, with a stand-in for GitHub
//	starts ID EVENT ACTOR         makes them steps of another run
//	hub JSON                      lays JSON over what the stand-in knows, a githubapitest.State
//	fullpaths                     moves what the config keeps out of the checkout
//	recorded                      puts what GitHub was asked to record, or to cancel, into the file seen
//	keeps NAME OUTPUT             sets NAME to an output of the steps so far
//	onejson                       standard output must be one JSON document
//
// In the file seen, what differs between two runs has a name in its place: times, ports, sizes, digests.
func TestScripts(t *testing.T) {
	t.Parallel()
	ports := &ports{}
	t.Run("sqlite", func(t *testing.T) { runScripts(t, ports, "testdata/script", "sqlite") })
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run("each/"+dialect, func(t *testing.T) { runScripts(t, ports, "testdata/script/each", dialect) })
	}
}

func runScripts(t *testing.T, ports *ports, folder, dialect string) {
	testscript.Run(t, testscript.Params{
		Dir: folder, UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(folder, dialect)...)
			s := newStage(env.T().(testing.TB), env.WorkDir, ports)
			env.Values[stageKey{}] = s
			env.Defer(s.clear)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"project": command(0, (*stage).project), "release": command(2, (*stage).release), "add": command(2, (*stage).add),
			"database": command(1, (*stage).database), "sql": command(2, (*stage).sql),
			"exits": command(2, (*stage).exits), "interrupts": command(3, (*stage).interrupts), "normal": command(1, (*stage).normal),
			"remember": command(0, (*stage).remember), "unchanged": command(0, (*stage).unchanged),
			"github": command(0, (*stage).github), "starts": command(3, (*stage).starts), "hub": command(1, (*stage).change), "fullpaths": command(0, (*stage).fullpaths),
			"recorded": command(0, (*stage).recorded), "keeps": command(2, (*stage).keeps),
			"envfrom": command(2, (*stage).envfrom), "occupy": command(1, (*stage).occupy), "waitfree": command(1, (*stage).waitfree), "onejson": command(0, (*stage).oneJSON),
		},
	})
}

// environment is what the programs of every script get, such as a git that knows nobody.
func environment(folder, dialect string) []string {
	path := os.Getenv("PATH")
	if folder == "testdata/script/each" && dialect == "sqlite" {
		path = os.Getenv(instrumented)
	}
	return []string{
		"DIALECT=" + dialect, "PATH=" + path,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		// The race detector makes a program wait a second at its end, for reports that would come late.
		"GORACE=atexit_sleep_ms=10",
	}
}

type stageKey struct{}

// command makes a command of a method: it takes at least so many arguments and cannot be negated.
func command(least int, run func(*stage, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, not bool, arguments []string) {
		if not || len(arguments) < least {
			ts.Fatalf("it takes at least %d arguments and no !", least)
		}
		run(ts.Value(stageKey{}).(*stage), ts, arguments)
	}
}
