//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
)

const (
	// stepRuns is how often each kind of step runs, rounds how often each way to promote.
	stepRuns = 20
	rounds   = 2
	// watchSeconds is how long each environment is watched in either way.
	watchSeconds = 3
	// slow is how long a snapshot takes. It is half the pause of the AWS CLI, which looks at once and then every 30 seconds: what
	// it sees too late is what it does on average. Those of moto are there at once, and RDS needs minutes.
	slow = 15 * time.Second
)

// measured is what scripts/bench reads; all times are in milliseconds.
type measured struct {
	// Steps are the kinds of steps: a bare one of a shell, a composite action with an empty one, and one of ours.
	Steps map[string][]float64 `json:"steps"`
	// Airlock and ByHand are whole promotions from one release to the next, by how long a snapshot takes, in words.
	Airlock map[string][]float64 `json:"airlock"`
	ByHand  map[string][]float64 `json:"by-hand"`
	// Parts are those of Airlock's promotions whose snapshots are there at once: the verbs, the watch, and the runner with its
	// checkouts and artifacts.
	Parts map[string][]float64 `json:"parts"`
}

func (m measured) add(to map[string][]float64, name string, took time.Duration) {
	to[name] = append(to[name], float64(took)/float64(time.Millisecond))
}

// BenchmarkWorkflows measures what scripts/bench asks for, and writes it where it wants it.
func BenchmarkWorkflows(b *testing.B) {
	m := measured{Steps: map[string][]float64{}, Airlock: map[string][]float64{}, ByHand: map[string][]float64{}, Parts: map[string][]float64{}}
	b.Run("steps", m.steps)
	for round := range rounds {
		b.Run(fmt.Sprintf("round-%d", round+1), func(b *testing.B) { m.promotions(b, round%2 == 1) })
	}
	content, err := json.Marshal(m)
	if err == nil && !b.Failed() {
		err = os.WriteFile(os.Getenv("AIRLOCK_E2E_SPEED"), content, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// steps measures steps that do as little as they can, all in one job and in turn, the binary in place.
func (m measured) steps(b *testing.B) {
	s := newScenario(b, options{})
	s.commit(b, "What only measures", 5)
	write(b, filepath.Join(s.airlock, "actions", "empty", "action.yml"), `name: Empty
description: What a composite action costs by itself
runs:
  using: composite
  steps:
    - shell: bash
      run: "true"
`)
	var text strings.Builder
	text.WriteString("name: Speed\non: push\njobs:\n  steps:\n    runs-on: ubuntu-latest\n    steps:\n")
	for run := range stepRuns {
		fmt.Fprintf(&text, "      - {id: bare-%d, shell: bash, run: \"true\"}\n", run)
		fmt.Fprintf(&text, "      - {id: empty-%d, uses: %s/actions/empty@local}\n", run, airlockRepository)
		fmt.Fprintf(&text, "      - {id: ours-%d, uses: %s/actions/verify@local, with: {url: \"http://127.0.0.1/\", dry-run: true}}\n", run, airlockRepository)
	}
	write(b, filepath.Join(s.caller, ".github", "workflows", "speed.yml"), text.String())
	ended := s.start(b, trigger{event: "push", workflow: "speed.yml", run: 7001}, "", "")
	s.expect(b, ended, true, map[string]string{"Speed/steps": "success"})
	for _, kind := range []string{"bare", "empty", "ours"} {
		for run := range stepRuns {
			took := ended.took[fmt.Sprintf("Speed/steps/%s-%d", kind, run)]
			if took == 0 {
				b.Fatalf("the step %s-%d was not measured", kind, run)
			}
			m.add(m.Steps, kind, took)
		}
	}
}

// promotions measures promotions of each way, from the same release to the same next one, on parts of the same kind that
// nobody used before.
func (m measured) promotions(b *testing.B, handFirst bool) {
	watch := fmt.Sprintf("watch: {for: %ds, every: 200ms}", watchSeconds)
	same := options{config: []string{"watch: {for: 4s, every: 200ms}", watch}}
	workflow, hand := newScenario(b, same), newScenario(b, same)
	for number, migrations := range []int{5, 7, 8} {
		label := fmt.Sprintf("v%d", number+1)
		var variables []string
		if number > 0 {
			variables = []string{features}
		}
		snapshots := "snapshots at once"
		if number == 2 {
			snapshots = "snapshots of " + slow.String()
			workflow.slowSnapshots(slow)
			hand.slowSnapshots(slow)
		}
		ways := []func(){
			func() {
				workflow.commit(b, label, migrations)
				ended := workflow.release(b, int64(7000+number), image(b, label, variables...), label, nil)
				workflow.expect(b, ended, true, both())
				if number > 0 {
					m.add(m.Airlock, snapshots, ended.all)
				}
				if number == 1 {
					m.parts(b, ended)
				}
			},
			func() {
				hand.commit(b, label, migrations)
				if took := hand.byHand(b, image(b, label, variables...)); number > 0 {
					m.add(m.ByHand, snapshots, took)
				}
			},
		}
		if handFirst {
			slices.Reverse(ways)
		}
		for _, way := range ways {
			way()
		}
		for _, one := range []*scenario{workflow, hand} {
			one.expectServed(b, served{label, int64(migrations)}, served{label, int64(migrations)})
			one.expectSnapshots(b, number+1, number+1)
		}
	}
}

// slowSnapshots has snapshots take a time from now on.
func (s *scenario) slowSnapshots(take time.Duration) {
	var mutex sync.Mutex
	var asked time.Time
	creating := awsapitest.Status("creating", "").Rewrite
	for range 500 {
		s.aws.Fail("CreateDBSnapshot", awsapitest.Fault{Rewrite: func(body string) string {
			mutex.Lock()
			defer mutex.Unlock()
			asked = time.Now()
			return creating(body)
		}})
		s.aws.Fail("DescribeDBSnapshots", awsapitest.Fault{Rewrite: func(body string) string {
			mutex.Lock()
			defer mutex.Unlock()
			if time.Since(asked) < take {
				return creating(body)
			}
			return body
		}})
	}
}

// parts tells the parts of a run apart.
func (m measured) parts(b *testing.B, ended outcome) {
	var verbs, watch time.Duration
	for _, step := range slices.Sorted(maps.Keys(ended.took)) {
		took := ended.took[step]
		switch id := step[strings.LastIndex(step, "/")+1:]; {
		case id == "watch":
			watch += took
		case strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' }): // The others have no id of their own.
			verbs += took
			b.Logf("%s took %s", step, took.Round(time.Millisecond))
		}
	}
	m.add(m.Parts, "verbs", verbs)
	m.add(m.Parts, "watch", watch)
	m.add(m.Parts, "runner", ended.all-verbs-watch)
}

// byHand promotes an image by examples/by-hand/promote.sh, into both environments.
func (s *scenario) byHand(b *testing.B, image string) time.Duration {
	b.Helper()
	arguments := []string{absolute(b, filepath.Join(root, "examples", "by-hand", "promote.sh")), image}
	for _, name := range []string{"sandbox", "production"} {
		at, settings := s.places[name], filepath.Join(s.folder, name+".env")
		var text strings.Builder
		for variable, value := range map[string]string{
			"INSTANCE": "wos-" + name, "DATABASE_URL": at.database, "COMPOSE_FILE": filepath.Join(s.caller, "deploy", "compose.yaml"),
			"PROJECT": at.project, "URL": at.url, "WATCH": strconv.Itoa(watchSeconds),
			"ENVIRONMENT": name, "SECRET_KEY": secretKey, "PORT": at.url[strings.LastIndex(at.url, ":")+1:],
		} {
			text.WriteString(variable + "='" + value + "'\n")
		}
		write(b, settings, text.String())
		arguments = append(arguments, settings)
	}
	command := exec.CommandContext(b.Context(), "bash", arguments...)
	command.Env = append(slices.DeleteFunc(os.Environ(), fromOutside),
		"MIGRATIONS="+filepath.Join(s.caller, "migrations"), "AWS_ENDPOINT_URL="+s.aws.URL, "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	started := time.Now()
	output, err := command.CombinedOutput()
	took := time.Since(started)
	if err != nil {
		b.Fatalf("the promotion by hand: %v\n%s", err, output)
	}
	b.Logf("by hand, in %s:\n%s", took.Round(time.Millisecond), output)
	return took
}
