// Package workflows holds the workflows and composite actions to rules that no linter knows: what they pin, what they may do,
// what they put into a shell, that every name they use is declared and every one declared is used, and the order of the verbs.
package workflows_test

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// root is the top of the repository, seen from this folder.
var root = filepath.Join("..", "..")

// repository is what the rules look at.
type repository struct {
	// workflows are the files of .github/workflows by their name, and actions the verbs that have an action.yml.
	workflows map[string]*workflow
	actions   map[string]*action
	// permissions is what each job may do, by "file/job".
	permissions map[string]string
}

// workflow is one file; tree is the same once more, as it is written.
type workflow struct {
	source      string
	tree        map[string]any
	On          triggers        `yaml:"on"`
	Permissions permissions     `yaml:"permissions"`
	Jobs        map[string]*job `yaml:"jobs"`
}

// call is the door of a workflow that others call.
type call struct {
	Inputs  map[string]any `yaml:"inputs"`
	Secrets map[string]any `yaml:"secrets"`
	Outputs map[string]struct {
		Value string `yaml:"value"`
	} `yaml:"outputs"`
}

type job struct {
	RunsOn      any               `yaml:"runs-on"`
	Uses        string            `yaml:"uses"`
	Secrets     any               `yaml:"secrets"`
	Needs       list              `yaml:"needs"`
	Permissions permissions       `yaml:"permissions"`
	Environment any               `yaml:"environment"`
	Concurrency any               `yaml:"concurrency"`
	Timeout     int               `yaml:"timeout-minutes"`
	Outputs     map[string]string `yaml:"outputs"`
	Steps       []step            `yaml:"steps"`
}

type step struct {
	ID    string         `yaml:"id"`
	If    string         `yaml:"if"`
	Uses  string         `yaml:"uses"`
	Run   string         `yaml:"run"`
	Shell string         `yaml:"shell"`
	With  map[string]any `yaml:"with"`
	Env   map[string]any `yaml:"env"`
}

// action is one action.yml.
type action struct {
	declaration runner.Declaration
	Runs        struct {
		Using string `yaml:"using"`
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

// triggers are what starts a workflow; only being called has anything to check.
type triggers struct{ Call *call }

// UnmarshalYAML reads a mapping, and passes the shorter ways to write it over.
func (t *triggers) UnmarshalYAML(decode func(any) error) error {
	var names string
	var list []string
	if decode(&names) == nil || decode(&list) == nil {
		return nil
	}
	var mapping struct {
		Call *call `yaml:"workflow_call"`
	}
	err := decode(&mapping)
	t.Call = mapping.Call
	return err
}

// permissions are scopes and what may be done with them; nil when the key is not there.
type permissions map[string]string

// UnmarshalYAML reads a mapping, or one of the words that stand for all scopes.
func (p *permissions) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		*p = permissions{"*": word}
		return nil
	}
	scopes := map[string]string{}
	err := decode(&scopes)
	*p = scopes
	return err
}

// list is a YAML list, which may be written as its only entry.
type list []string

// UnmarshalYAML reads both ways to write it.
func (l *list) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*l = list{one}
		return nil
	}
	return decode((*[]string)(l))
}

// say reports one thing that is against a rule.
type say func(format string, arguments ...any)

// each calls found for the entries of a map in the order of their names.
func each[V any](all map[string]V, found func(name string, one V)) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		found(name, all[name])
	}
}

// eachJob calls found for every job, with its place: "file/job".
func (r *repository) eachJob(found func(place string, file *workflow, at *job)) {
	each(r.workflows, func(name string, file *workflow) {
		each(file.Jobs, func(id string, at *job) { found(name+"/"+id, file, at) })
	})
}

// eachStep calls found for every step of every job, with its place.
func (r *repository) eachStep(found func(place string, at step)) {
	r.eachJob(func(place string, _ *workflow, owner *job) {
		for number, at := range owner.Steps {
			found(fmt.Sprintf("%s, step %d", place, number+1), at)
		}
	})
}

// add parses one file of the repository by its path.
func (r *repository) add(t *testing.T, name, source string) {
	t.Helper()
	if path.Base(name) == "action.yml" {
		read := &action{}
		err := yaml.Unmarshal([]byte(source), read)
		if err == nil {
			read.declaration, err = runner.ParseDeclaration([]byte(source))
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.actions[path.Base(path.Dir(name))] = read
		return
	}
	read := &workflow{source: source}
	err := yaml.Unmarshal([]byte(source), read)
	if err == nil {
		err = yaml.Unmarshal([]byte(source), &read.tree)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r.workflows[path.Base(name)] = read
}

// TestWorkflows holds this repository's own workflows and actions to every rule.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	ours := &repository{workflows: map[string]*workflow{}, actions: map[string]*action{}, permissions: granted}
	for _, pattern := range []string{".github/workflows/*.yml", "actions/*/action.yml"} {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			ours.add(t, filepath.ToSlash(name), string(content))
		}
	}
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			rule.check(ours, t.Errorf)
		})
	}
}
