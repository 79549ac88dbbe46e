package docs_test

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// -workflows gives the workflows of the documentation to GitHub's own parser and to actionlint, which read files:
//
//	go test ./internal/docs -run TestWorkflowsOfTheDocumentation -workflows=.airlock/docs
//	scripts/parse-workflows .airlock/docs/*.yml
//
// Calls of Airlock's workflows are written as calls inside this repository there, so that the parser follows them.
var workflowsFolder = flag.String("workflows", "", "a folder to write the workflows of the documentation to")

// caller is a workflow that a page shows, or that lies beside an example.
type caller struct {
	Permissions permissions     `yaml:"permissions"`
	Jobs        map[string]*job `yaml:"jobs"`
	On          struct {
		Call *struct {
			Inputs  map[string]struct{ Required bool } `yaml:"inputs"`
			Secrets map[string]struct{ Required bool } `yaml:"secrets"`
		} `yaml:"workflow_call"`
	} `yaml:"on"`
}

type job struct {
	Uses        string            `yaml:"uses"`
	With        map[string]any    `yaml:"with"`
	Secrets     map[string]string `yaml:"secrets"`
	Permissions permissions       `yaml:"permissions"`
	Timeout     int               `yaml:"timeout-minutes"`
	Steps       []struct {
		Uses string         `yaml:"uses"`
		Run  string         `yaml:"run"`
		With map[string]any `yaml:"with"`
	} `yaml:"steps"`
}

type permissions map[string]string

// grant raises what is granted to what another job may do.
func (p permissions) grant(other permissions) {
	for scope, right := range other {
		if p[scope] != "write" {
			p[scope] = right
		}
	}
}

var (
	ownWorkflow = regexp.MustCompile(`^(?:randomchaoslabs/airlock|\$)/\.github/workflows/([a-z-]+\.yml)(?:@main)?$`)
	ownAction   = regexp.MustCompile(`^randomchaoslabs/airlock/actions/([a-z]+)@main$`)
	usesLine    = regexp.MustCompile(`(?m)^[ -]*uses: (\S+(?: # v\S+)?)`)
)

// callers returns the sources of all workflows that people are told to write, by where they stand.
func callers(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.language == "yaml" && strings.Contains(b.text, "\njobs:\n") {
				found[fmt.Sprintf("%s:%d", p.path, b.line)] = b.text
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "examples", "*", "github", "*.yml"))
	if err != nil || len(files) == 0 || len(found) == 0 {
		t.Fatalf("%d workflows of pages and %d of examples were found, %v: this test is blind", len(found), len(files), err)
	}
	for _, name := range files {
		found[name] = fileText(t, name)
	}
	return found
}

func fileText(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func readCaller(t *testing.T, where, text string) *caller {
	t.Helper()
	read := &caller{}
	if err := yaml.Unmarshal([]byte(text), read); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return read
}

// TestWorkflowsOfTheDocumentation holds each to what Airlock's own workflows declare, ask for and keep to.
func TestWorkflowsOfTheDocumentation(t *testing.T) {
	t.Parallel()
	pinned := pins(t)
	for where, text := range callers(t) {
		export(t, where, text)
		read := readCaller(t, where, text)
		if read.Permissions == nil || len(read.Permissions) > 0 {
			t.Errorf("%s: permissions: {} must stand at the top, so that a job has only what it names", where)
		}
		for _, used := range usesLine.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(pinned, used[1]) && !ownWorkflow.MatchString(used[1]) && !ownAction.MatchString(used[1]) {
				t.Errorf("%s: %s is not pinned as in Airlock's own workflows", where, used[1])
			}
		}
		for id, at := range read.Jobs {
			place := where + ", job " + id
			if at.Uses != "" {
				calls(t, place, at)
				continue
			}
			if at.Timeout == 0 {
				t.Errorf("%s: it has no timeout-minutes", place)
			}
			for _, step := range at.Steps {
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: an expression in run", place)
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: persist-credentials: false is needed", place)
				}
				if verb := ownAction.FindStringSubmatch(step.Uses); verb != nil {
					inputsExist(t, place, verb[1], step.With)
				}
			}
		}
	}
}

// calls holds one call of a workflow of ours to what that workflow declares and what its jobs ask for.
func calls(t *testing.T, place string, at *job) {
	t.Helper()
	name := ownWorkflow.FindStringSubmatch(at.Uses)
	if name == nil {
		t.Errorf("%s: %s is no workflow of Airlock", place, at.Uses)
		return
	}
	called := readCaller(t, name[1], fileText(t, filepath.Join(root, ".github", "workflows", name[1])))
	if called.On.Call == nil {
		t.Errorf("%s: %s cannot be called", place, name[1])
		return
	}
	for input, declared := range called.On.Call.Inputs {
		if _, given := at.With[input]; declared.Required && !given {
			t.Errorf("%s: %s needs the input %s", place, name[1], input)
		}
	}
	for input := range at.With {
		if _, ok := called.On.Call.Inputs[input]; !ok {
			t.Errorf("%s: %s has no input %s", place, name[1], input)
		}
	}
	for secret := range at.Secrets {
		if _, ok := called.On.Call.Secrets[secret]; !ok {
			t.Errorf("%s: %s has no secret %s", place, name[1], secret)
		}
	}
	// Less would be refused by GitHub before anything of ours could explain it, and more is nobody's to ask for.
	if difference := gocmp.Diff(needed(t, called), at.Permissions); difference != "" {
		t.Errorf("%s: permissions (-what the jobs of %s need +what is granted):\n%s", place, name[1], difference)
	}
}

// needed is the most that any job of a workflow may do, those of the workflows that it calls included.
func needed(t *testing.T, called *caller) permissions {
	t.Helper()
	most := permissions{}
	for _, at := range called.Jobs {
		most.grant(at.Permissions)
		if name := ownWorkflow.FindStringSubmatch(at.Uses); name != nil {
			most.grant(needed(t, readCaller(t, name[1], fileText(t, filepath.Join(root, ".github", "workflows", name[1])))))
		}
	}
	return most
}

func inputsExist(t *testing.T, place, verb string, given map[string]any) {
	t.Helper()
	declaration, err := runner.ParseDeclaration([]byte(fileText(t, filepath.Join(root, "actions", verb, "action.yml"))))
	if err != nil {
		t.Fatal(err)
	}
	for name := range given {
		if !slices.ContainsFunc(declaration.AllInputs, func(input runner.Input) bool { return input.Name == name }) {
			t.Errorf("%s: %s has no input %s", place, verb, name)
		}
	}
}

// pins are the actions of others as Airlock's own workflows use them: their commit and, beside it, their version.
func pins(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range files {
		for _, used := range usesLine.FindAllStringSubmatch(fileText(t, name), -1) {
			if strings.Contains(used[1], " # v") {
				found = append(found, used[1])
			}
		}
	}
	return found
}

// export writes a workflow where linters find it.
func export(t *testing.T, where, text string) {
	t.Helper()
	if *workflowsFolder == "" {
		return
	}
	folder := *workflowsFolder
	if !path.IsAbs(folder) {
		folder = filepath.Join(root, folder)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	local := regexp.MustCompile(`randomchaoslabs/airlock/(\.github/workflows/\S+)@main`).ReplaceAllString(text, "./$1")
	name := strings.NewReplacer("../", "", "/", "-", ":", "-", ".md", "").Replace(filepath.ToSlash(where))
	if err := os.WriteFile(filepath.Join(folder, strings.TrimSuffix(name, ".yml")+".yml"), []byte(local), 0o644); err != nil {
		t.Fatal(err)
	}
}
