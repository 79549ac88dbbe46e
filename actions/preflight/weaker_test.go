package preflight

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/config"
)

func TestWeaker(t *testing.T) {
	t.Parallel()
	const strict = `approval: {by: environment, reviewers: [team/managers, rita], prevent-self-review: true, branches: [main]}
    window: {from: "02:00", to: "04:00", timezone: UTC}
    watch: {for: 30m, every: 5s}
    evidence: {environment: read, max-age: 12h}`
	const checks = `health: [{get: /healthz}, {get: /}]
  data: [{name: every hero has a profile, sql: select 0, equals: 0}]`
	replaced := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(strict) }
	tests := map[string]struct {
		order, environment, checks string
		want                       []string
	}{
		"the same":               {"[sandbox, production]", strict, checks, nil},
		"stricter":               {"[development, sandbox, production]", replaced("30m", "1h", "12h", "1h", ", rita", ""), checks + "\n  connections: {max-used: 80%}", nil},
		"sandbox is left out":    {"[production]", strict, checks, []string{"sandbox no longer comes before it"}},
		"sandbox comes after it": {"[production, sandbox]", strict, checks, []string{"sandbox no longer comes before it"}},
		"nothing is asked": {"[sandbox, production]", "window:", checks, []string{"nobody has to approve it any more", "it has no maintenance window any more",
			"it is not watched any more", "it needs no evidence any more"}},
		"approved otherwise": {"[sandbox, production]", replaced("environment, reviewers: [team/managers, rita]", "dispatch, reviewers: [rita, bob]", "review: true", "review: false", "[main]", "[main, hotfix]"), checks,
			[]string{"GitHub does not ask for its approval any more", "bob may approve it too", "whoever starts a run may approve it", "branch hotfix may be promoted too"}},
		"anybody":                 {"[sandbox, production]", replaced("reviewers: [team/managers, rita], ", "", ", branches: [main]", ""), checks, []string{"it does not say who may approve it any more", "any branch may be promoted"}},
		"the window warns":        {"[sandbox, production]", replaced("timezone: UTC", "timezone: UTC, outside: warn"), checks, []string{"outside the maintenance window it only warns"}},
		"a shorter watch":         {"[sandbox, production]", replaced("30m", "10m"), checks, []string{"it is watched for 10m0s, not 30m0s"}},
		"a wider window":          {"[sandbox, production]", replaced("04:00", "23:00"), checks, []string{"its maintenance window is another"}},
		"a rarer look":            {"[sandbox, production]", replaced("5s", "10m"), checks, []string{"it is looked at every 10m0s, not every 5s"}},
		"a check of nothing":      {"[sandbox, production]", strict, strings.Replace(checks, "select 0", "select 1", 1), []string{`"every hero has a profile" is not checked as before`}},
		"a page that may be slow": {"[sandbox, production]", strict, strings.Replace(checks, "/healthz", "/healthz, within: 1m", 1), []string{"/healthz is not looked at as before"}},
		"older evidence":          {"[sandbox, production]", replaced("12h", "24h"), checks, []string{"its evidence may be older"}},
		"evidence of any age":     {"[sandbox, production]", replaced(", max-age: 12h", ""), checks, []string{"its evidence may be older"}},
		"fewer checks":            {"[sandbox, production]", strict, "health: [{get: /}]", []string{"/healthz is not looked at as before", `"every hero has a profile" is not checked as before`}},
	}
	parse := func(order, environment, checks string) *config.Config {
		environment = strings.TrimSuffix(environment, "window:")
		parsed, err := config.Parse("airlock.yaml", []byte(fmt.Sprintf(`version: 1
app: wos
promotion: %s
environments:
  development: {database: {sqlite: d.db}}
  sandbox: {database: {sqlite: s.db}}
  production:
    database: {sqlite: p.db}
    %s
checks:
  %s
`, order, environment, checks)))
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	before := parse("[sandbox, production]", strict, checks)
	if got := weaker(before, before, "Production"); len(got) != 1 {
		t.Errorf("an environment that the config did not have: got %q", got)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := parse(test.order, test.environment, test.checks)
			got := weaker(before, now, "production")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
