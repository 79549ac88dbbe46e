package config_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const twoEnvironments = `version: 1
app: wos
environments:
  sandbox:
    database: {postgres: wos, url: "${SANDBOX_URL}"}
    deploy:
      process:
        command: [./app]
        directory: d
        environment: {DATABASE_URL: "${SANDBOX_URL}", LEVEL: "${LEVEL}", PLAIN: "long enough to hide", BOTH: "a ${LEVEL} and $${LEVEL}"}
    notify: [{slack: "${SLACK}"}]
  production:
    database: {postgres: wos, url: "postgres://wos:${PASSWORD}@db/wos"}
checks:
  browser:
    - {name: login, steps: [{type: {into: a, text: "${TEST_USER}"}}, {type: {into: b, text: "literal"}}]}
`

// from returns a lookup in a map.
func from(variables map[string]string) config.Lookup {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func TestEnvironmentPutsValuesIn(t *testing.T) {
	t.Parallel()
	parsed := parse(t, twoEnvironments)
	const url = "postgres://wos:p%40ss@db/wos"
	got, secrets, err := parsed.Environment("sandbox", from(map[string]string{"SANDBOX_URL": url, "LEVEL": "debug", "SLACK": "${LEVEL}"}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Database.URL.Reveal() != url || got.Notify[0].Slack.Reveal() != "${LEVEL}" {
		t.Errorf("got %q and %q", got.Database.URL.Reveal(), got.Notify[0].Slack.Reveal())
	}
	want := map[string]string{"DATABASE_URL": url, "LEVEL": "debug", "PLAIN": "long enough to hide", "BOTH": "a debug and ${LEVEL}"}
	if difference := cmp.Diff(want, got.Deploy.Process.Environment); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
	if want := []string{url, "a debug and ${LEVEL}", "${LEVEL}", "p%40ss", "p@ss"}; !slices.Equal(secrets, want) {
		t.Errorf("got secrets %q, want %q", secrets, want)
	}
	if got := parsed.Environments["sandbox"].Database.URL.Reveal(); got != "${SANDBOX_URL}" {
		t.Errorf("got %q: the config itself was changed", got)
	}
}

func TestPasswordsAreFoundInAllThatIsPutIn(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"short":                               "short",
		"p@ss/w":                              "p@ss/w",
		"postgres://u:pw@db/wos":              "pw",
		"postgres://u:p@w/x@db/wos":           "p@w/x",
		"postgres://u:p%2Fw@db/wos":           "p/w",
		"postgres://db/wos?password=pw&a=b":   "pw",
		"host=db password='pw' dbname=wos":    "pw",
		"postgres://u@db/wos?sslpassword=p%3": "p%3",
	} {
		parsed := parse(t, instead("sqlite: app.db", `postgres: wos, url: "${URL}"`))
		_, secrets, err := parsed.Environment("sandbox", from(map[string]string{"URL": value}))
		if err != nil || !slices.Contains(secrets, value) || !slices.Contains(secrets, want) || slices.Contains(secrets, "") {
			t.Errorf("%s: got %q %v, want %q in it", value, secrets, err, want)
		}
	}
}

func TestMissingVariablesCountOnlyWhereTheyAreUsed(t *testing.T) {
	t.Parallel()
	parsed := parse(t, twoEnvironments)
	if _, _, err := parsed.Environment("production", from(map[string]string{"PASSWORD": "x"})); err != nil {
		t.Errorf("production: got %v", err)
	}
	_, secrets, err := parsed.Environment("sandbox", from(map[string]string{"SLACK": "", "LEVEL": "canary-secret"}))
	want := strings.Join([]string{
		`airlock.yaml:5:36: environments.sandbox.database.url: the variable SANDBOX_URL is not set`,
		`airlock.yaml:10:37: environments.sandbox.deploy.process.environment.DATABASE_URL: the variable SANDBOX_URL is not set`,
		`airlock.yaml:11:22: environments.sandbox.notify[0].slack: it is empty once its variables are put in`,
	}, "\n")
	if err == nil || err.Error() != want || secrets != nil {
		t.Errorf("got %v %q, want %s", err, secrets, want)
	}
	if problem.KindOf(err) != problem.Usage || !strings.Contains(problem.Hint(err), "AIRLOCK_ENV") {
		t.Errorf("got hint %q", problem.Hint(err))
	}
}

func TestUnknownEnvironment(t *testing.T) {
	t.Parallel()
	parsed := parse(t, twoEnvironments)
	for name, want := range map[string]string{
		"prodction":  `there is no environment "prodction" in airlock.yaml; did you mean "production"?`,
		"elsewhere!": `there is no environment "elsewhere!" in airlock.yaml`,
		"":           `there is no environment "" in airlock.yaml`,
	} {
		_, _, err := parsed.Environment(name, nil)
		if err == nil || err.Error() != want || problem.Hint(err) != "the environments are sandbox, production" {
			t.Errorf("got %v (%s), want %s", err, problem.Hint(err), want)
		}
	}
	var none config.Config
	if _, _, err := none.Environment("sandbox", nil); err == nil {
		t.Error("got an environment of an empty config")
	}
}

func TestExpandChecks(t *testing.T) {
	t.Parallel()
	parsed := parse(t, twoEnvironments)
	checks, secrets, err := parsed.ExpandChecks(from(map[string]string{"TEST_USER": "anna@example.com"}))
	if err != nil || !slices.Equal(secrets, []string{"anna@example.com"}) {
		t.Fatal(secrets, err)
	}
	if got := checks.Browser[0].Steps[0].Type.Text + " " + checks.Browser[0].Steps[1].Type.Text; got != "anna@example.com literal" {
		t.Errorf("got %q", got)
	}
	_, _, err = parsed.ExpandChecks(from(nil))
	if err == nil || !strings.Contains(err.Error(), "checks.browser[0].steps[0].type.text: the variable TEST_USER is not set") {
		t.Errorf("got %v", err)
	}
	if checks, _, err := parse(t, small).ExpandChecks(from(nil)); err != nil || !cmp.Equal(checks, config.Checks{}) {
		t.Errorf("got %+v %v", checks, err)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const canary = "canary-secret"
	secret := config.NewSecret(canary)
	environment := config.Environment{Database: config.Database{URL: secret}}
	hidden := struct{ inner config.Environment }{environment}
	var all strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%t"} {
		for _, value := range []any{secret, &secret, environment, &environment, hidden, []config.Secret{secret}, map[string]any{"a": secret}} {
			fmt.Fprintf(&all, verb+"\n", value)
		}
	}
	encoded, err := json.Marshal([]any{environment, map[string]config.Secret{"a": secret}})
	if err != nil {
		t.Fatal(err)
	}
	text := all.String() + string(encoded) + secret.String() + secret.GoString() + fmt.Sprint(fmt.Errorf("%w %v", problem.New("", "%v", secret), secret))
	for _, shown := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), canary[:3]} {
		if strings.Contains(text, shown) {
			t.Errorf("got %q in %s", shown, text)
		}
	}
	if secret.Reveal() != canary || !secret.IsSet() || (config.Secret{}).IsSet() || (config.Secret{}).Reveal() != "" {
		t.Error("the secret does not hold what was put in")
	}
}
