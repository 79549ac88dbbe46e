package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
)

func snapshotDeclaration(t *testing.T) runner.Declaration {
	t.Helper()
	declaration, err := runner.ParseDeclaration([]byte(snapshotAction))
	if err != nil {
		t.Fatal(err)
	}
	return declaration
}

func TestInputsAreReadByType(t *testing.T) {
	t.Parallel()
	inputs, err := snapshotDeclaration(t).Inputs(map[string]string{
		"command": "prune", "environment": " production\n", "keep": "07", "wait": "1d12h", "force": "TRUE",
		"tags": "a, b\n\n c ,", "directory": "",
	})
	if err != nil {
		t.Fatal(err)
	}
	type read struct {
		Command, Environment, Directory string
		Keep                            int
		Wait                            time.Duration
		Force, GivenForce, GivenFolder  bool
		Tags                            []string
	}
	got := read{
		inputs.Command(), inputs.String("environment"), inputs.String("directory"), inputs.Int("keep"), inputs.Duration("wait"),
		inputs.Bool("force"), inputs.Given("force"), inputs.Given("directory"), inputs.List("tags"),
	}
	want := read{"prune", "production", "", 7, 36 * time.Hour, true, true, false, []string{"a", "b", "c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}

func TestGitHubPassesEveryInputAndFillsInDefaults(t *testing.T) {
	t.Parallel()
	// Given what toJSON(inputs) is when a caller wrote nothing but the environment; keep belongs to another command.
	given, err := runner.InputsFromJSON(`{"command": "create", "environment": "production", "keep": "10", "wait": "30m",
		"force": "false", "tags": "", "directory": ""}`)
	if err != nil {
		t.Fatal(err)
	}

	inputs, err := snapshotDeclaration(t).Inputs(given)
	if err != nil {
		t.Fatal(err)
	}

	if inputs.Given("keep") || inputs.Given("wait") || inputs.Given("tags") || !inputs.Given("environment") {
		t.Errorf("only the environment was given: %+v", inputs)
	}
	if got, want := inputs.Duration("wait"), 30*time.Minute; got != want {
		t.Errorf("wait: got %s, want %s", got, want)
	}
}

func TestInputsRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given      map[string]string
		want, hint string
	}{
		"an unknown name":            {map[string]string{"enviroment": "x"}, `unknown input "enviroment"; did you mean environment?`, "The inputs are: command"},
		"a name like no other":       {map[string]string{"zzzzzzzz": "x"}, `unknown input "zzzzzzzz"`, "The inputs are"},
		"a missing input":            {map[string]string{}, "input environment is missing", "For example production"},
		"an unknown command":         {map[string]string{"command": "creat"}, `"creat" is none of create, list, prune; did you mean create?`, ""},
		"an input of another":        {map[string]string{"environment": "x", "keep": "3"}, "input keep belongs to prune, not to create", "Leave it out"},
		"a number in words":          {map[string]string{"keep": "three"}, `"three" is not a whole number`, ""},
		"a yes":                      {map[string]string{"force": "yes"}, `"yes" is neither true nor false`, ""},
		"a duration without unit":    {map[string]string{"wait": "30"}, `"30" is not a duration`, ""},
		"a duration back in time":    {map[string]string{"wait": "-3s"}, `"-3s" is not a duration`, ""},
		"a duration back from a day": {map[string]string{"wait": "1d-3h"}, `"1d-3h" is not a duration`, ""},
		"a duration of ages":         {map[string]string{"wait": "999999999d"}, "longer than", ""},
		"a path of two lines":        {map[string]string{"directory": "a\nb"}, "is not a path", ""},
		"a password in a URL":        {map[string]string{"environment": "postgres://app:s3cret@db/wos"}, "input environment holds a password", "through the environment"},
		"everything at once":         {map[string]string{"force": "yes", "keep": "x"}, "neither true nor false", ""},
		"everything at once, too":    {map[string]string{"force": "yes", "keep": "x"}, "not a whole number", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := snapshotDeclaration(t).Inputs(test.given)
			wantWrong(t, err, test.want)
			if got := problem.Hint(err); !strings.Contains(got, test.hint) {
				t.Errorf("hint: got %q, want %q in it", got, test.hint)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}

func TestAPasswordInAValueIsFound(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"postgres://app:s3cret@db:5432/wos":             true,
		"redis://:s3cret@cache":                         true,
		"see https://a.test and https://u:s3cret@b":     true,
		"postgres://app:s3/c@ret@db/wos":                true,
		"postgres://db/wos?user=app&password=s3cret":    true,
		"host=db user=app password = s3cret":            true,
		"https://sandbox.randomchaoslabs.com":           false,
		"postgres://app@db:5432/wos":                    false,
		"postgres://app:@db/wos":                        false,
		"https://registry.test:5000/app@sha256:abc":     false,
		"https://example.com/a:b@c":                     false,
		"registry.test/app@sha256:abc":                  false,
		"https://example.com/?next=x mail ops@test.com": false,
	}
	for value, want := range tests {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			_, err := snapshotDeclaration(t).Inputs(map[string]string{"environment": value})
			if got := err != nil; got != want {
				t.Errorf("refused: got %t, want %t (%v)", got, want, err)
			}
		})
	}
}

func TestAProgramThatReadsWhatIsNotDeclaredPanics(t *testing.T) {
	t.Parallel()
	inputs, err := snapshotDeclaration(t).Inputs(map[string]string{"environment": "x"})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		read func()
		want string
	}{
		"an unknown name": {func() { inputs.String("nope") }, `input "nope" is read but action.yml of "snapshot" does not declare it`},
		"another type":    {func() { inputs.Bool("keep") }, `input "keep" is declared as integer and read as boolean`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := recover(); got != test.want {
					t.Errorf("got panic %v, want %q", got, test.want)
				}
			}()
			test.read()
		})
	}
}

func TestInputsFromJSONRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"nothing":           {"", "not a JSON object"},
		"a list":            {"[]", "not a JSON object"},
		"a name twice":      {`{"a": "1", "a": "2"}`, `has "a" twice`},
		"a number":          {`{"a": 1}`, `"a" is not a string`},
		"an object":         {`{"a": {}}`, `"a" is not a string`},
		"null":              {`{"a": null}`, `"a" is not a string`},
		"half an object":    {`{"a": "1"`, "ends too early"},
		"two objects":       {`{} {}`, "goes on"},
		"more than allowed": {`{"a": "` + strings.Repeat("x", 128<<10) + `"}`, "more than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := runner.InputsFromJSON(test.text)
			wantWrong(t, err, test.want)
		})
	}
}

func FuzzInputs(f *testing.F) {
	f.Add(`{"environment": "production", "wait": "1d", "keep": "3", "command": "prune"}`)
	f.Add(`{"environment": "x", "environment": "y"}`)
	f.Add(`{"wait": "9999999999999h"}`)
	f.Fuzz(func(t *testing.T, text string) {
		given, err := runner.InputsFromJSON(text)
		if err != nil {
			return
		}
		inputs, err := snapshotDeclaration(t).Inputs(given)
		if err != nil {
			return
		}
		if inputs.Duration("wait") < 0 || strings.TrimSpace(inputs.String("environment")) == "" {
			t.Errorf("accepted %q", text)
		}
		inputs.Int("keep")
		inputs.List("tags")
	})
}
