//go:build e2e

package e2e_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runTimeout bounds one run of a workflow: it is minutes more than any takes.
const runTimeout = 5 * time.Minute

// line is one line of act's log. Of a step, Stage is Main beside those before and after; an action's own steps have more ids.
type line struct {
	Job        string
	JobResult  string
	Stage      string
	StepID     []string
	StepResult string
	Message    string `json:"msg"`
	// Command is a workflow command that a step gave, or what act makes of the step's files; Name is that of an output.
	Command, Name, Content string
	// Raw is the command as the step wrote it. Printed tells that the line is what a step wrote, and no command to act.
	Raw     string
	Printed bool `json:"raw_output"`
	// Nanoseconds is how long a step took.
	Nanoseconds int64 `json:"executionTime"`
}

// main tells that the line is about a step of a workflow itself.
func (l line) main() bool { return l.Stage == "Main" && len(l.StepID) == 1 }

// job is the place without the name of the workflow: "second/promote" is the job promote that the job second calls.
func (l line) job() string {
	parts := strings.Split(l.Job, "/")
	return strings.TrimSpace(parts[0] + "/" + parts[len(parts)-1])
}

// outcome is how a run ended: jobs by their place, steps by "place/id", both with GitHub's words. What was skipped is missing.
type outcome struct {
	succeeded   bool
	jobs, steps map[string]string
	// text is all that people see in the log, and summaries what the jobs say of themselves, by their place.
	text      string
	summaries map[string]string
	// commands are the workflow commands that the steps gave, printed all else that they wrote.
	commands []line
	printed  []string
	// all is how long the run took, and took how long each of its steps did, by "place/id".
	all  time.Duration
	took map[string]time.Duration
}

// trigger is what starts a run.
type trigger struct {
	event string
	// workflow is the caller's file; empty is release.yml.
	workflow string
	// inputs are those of a workflow_dispatch, variables and secrets those of the repository.
	inputs, variables, secrets map[string]string
	// run is the id of the run; the attempts of one run share it.
	run int64
	// actor is who started it; empty is octocat. comment is what the release manager says to it.
	actor, comment string
	// observe is called with each line of the log as it comes; it may be nil.
	observe func(line)
}

// act runs the caller's workflows for an event as GitHub would, and returns when the run has ended.
func (s *scenario) act(t testing.TB, from trigger) outcome {
	t.Helper()
	s.runs++
	folder := filepath.Join(s.folder, "run-"+strconv.Itoa(s.runs))
	arguments := []string{
		from.event, "--workflows", filepath.Join(".github", "workflows", cmp.Or(from.workflow, "release.yml")), "--json", "--no-cache-server", "--no-skip-checkout", "--rm",
		"--insecure-secrets", // Nothing is masked: what only a mask would hide is found.
		"--platform", "ubuntu-latest=-self-hosted",
		"--action-cache-path", filepath.Join(folder, "runners"),
		"--env-file", os.DevNull,
		"--var-file", s.dotenv(t, filepath.Join(folder, "variables"), from.variables),
		"--secret-file", s.dotenv(t, filepath.Join(folder, "secrets"), from.secrets),
		"--eventpath", s.event(t, filepath.Join(folder, "event.json"), from),
		"--local-repository", airlockRepository + "@local=" + s.airlock,
	}
	for name, value := range map[string]string{
		"GITHUB_API_URL": s.github.URL, "GITHUB_ACTOR": from.actor, "GITHUB_TRIGGERING_ACTOR": from.actor,
		"GITHUB_RUN_ID": strconv.FormatInt(from.run, 10), "GITHUB_RUN_ATTEMPT": strconv.Itoa(s.attempts[from.run]),
		"BASH_ENV": absolute(t, "testdata/runner.bash"),
	} {
		arguments = append(arguments, "--env", name+"="+value)
	}
	for _, pinned := range standIns(t, s.airlock) {
		arguments = append(arguments, "--local-repository", pinned)
	}
	command := exec.CommandContext(t.Context(), os.Getenv("AIRLOCK_E2E_ACT"), arguments...)
	command.Dir = s.caller
	command.Env = append(slices.DeleteFunc(os.Environ(), fromOutside), s.environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	return s.follow(t, command, from.observe)
}

// fromOutside tells which variables a runner of GitHub would not have from this machine.
func fromOutside(variable string) bool {
	for _, prefix := range []string{"GITHUB_", "AWS_", "AIRLOCK_", "ACTIONS_", "RUNNER_", "PG", "GOFLAGS="} {
		if strings.HasPrefix(variable, prefix) {
			return true
		}
	}
	return false
}

// follow runs act and reads its log, which is kept when the test fails.
func (s *scenario) follow(t testing.TB, command *exec.Cmd, observe func(line)) outcome {
	t.Helper()
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	started := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(runTimeout, func() { _ = command.Cancel() })
	defer late.Stop()
	ended := outcome{jobs: map[string]string{}, steps: map[string]string{}, summaries: map[string]string{}, took: map[string]time.Duration{}}
	var text strings.Builder
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var next line
		if json.Unmarshal(lines.Bytes(), &next) != nil {
			next.Message = lines.Text()
		}
		switch {
		case next.JobResult != "":
			ended.jobs[next.job()] = next.JobResult
		case next.main() && next.StepResult != "":
			ended.steps[next.job()+"/"+next.StepID[0]] = next.StepResult
			ended.took[next.job()+"/"+next.StepID[0]] = time.Duration(next.Nanoseconds)
		case next.Command == "summary":
			ended.summaries[next.job()] += next.Content
		case next.Command != "":
			ended.commands = append(ended.commands, next)
		case next.Printed:
			ended.printed = append(ended.printed, next.Message)
		}
		if strings.HasPrefix(next.Message, "LocalRepositoryCache ") {
			continue
		}
		fmt.Fprintf(&text, "%6.2f %s | %s\n", time.Since(started).Seconds(), strings.TrimSpace(next.Job), strings.TrimRight(next.Message, "\r\n"))
		if observe != nil {
			observe(next)
		}
	}
	err = errors.Join(lines.Err(), command.Wait())
	ended.succeeded, ended.text, ended.all = err == nil, text.String(), time.Since(started)
	name := filepath.Join(work(), strings.ReplaceAll(t.Name(), "/", "-")+"-"+strconv.Itoa(s.runs)+".log")
	if err := os.WriteFile(name, []byte(ended.text), 0o600); err != nil {
		t.Error(err)
	}
	t.Logf("run %d took %s: %v; its log is %s", s.runs, time.Since(started).Round(10*time.Millisecond), ended.jobs, name)
	return ended
}

// interrupt tells a verb what GitHub tells it when a person cancels the run: SIGINT, to the step's own process, once it is
// at work. From then on the job is one that was cancelled.
func (s *scenario) interrupt(t testing.TB, verb string, atWork func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for process, temporary := range s.jobProcesses(func(environment map[string]string) string { return environment["RUNNER_TEMP"] }) {
			arguments, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process), "cmdline")) // It can end meanwhile.
			if fields := strings.Split(string(arguments), "\x00"); filepath.Base(fields[0]) != "airlock" || len(fields) < 2 || fields[1] != verb || !atWork() {
				continue
			}
			s.mark(t, temporary, "cancelled")
			if err := syscall.Kill(process, syscall.SIGINT); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("no process of %s was found to interrupt", verb)
}

// mark says for all later steps of a job what became of its runner; testdata/runner.bash looks for it.
func (s *scenario) mark(t testing.TB, temporary, what string) {
	t.Helper()
	write(t, filepath.Join(s.folder, "marks", what+"-"+filepath.Base(filepath.Dir(temporary))), "")
}

// lose takes the machine away on which the environment's job runs: every process of the job is killed at once, and its
// later steps find nothing to run on. The jobs after it have machines of their own.
func (s *scenario) lose(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, temporary := range s.jobProcesses(func(environment map[string]string) string {
			if environment["GITHUB_JOB"] == "promote" {
				return environment["RUNNER_TEMP"]
			}
			return ""
		}) {
			s.mark(t, temporary, "lost")
			for process := range s.jobProcesses(func(environment map[string]string) string { return same(environment["RUNNER_TEMP"], temporary) }) {
				_ = syscall.Kill(process, syscall.SIGKILL)
			}
			return
		}
	}
	t.Error("no process of the environment's job was found to lose")
}

func same(one, other string) string {
	if one == other {
		return one
	}
	return ""
}

// jobProcesses returns the processes that this scenario's jobs run, with what pick says of their environment if it says
// anything. /proc is Linux's: https://man7.org/linux/man-pages/man5/proc_pid_environ.5.html
func (s *scenario) jobProcesses(pick func(environment map[string]string) string) map[int]string {
	found := map[int]string{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		content, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ")) // A process can end meanwhile.
		environment := map[string]string{}
		for variable := range strings.SplitSeq(string(content), "\x00") {
			name, value, _ := strings.Cut(variable, "=")
			environment[name] = value
		}
		if environment["E2E_CALLER"] != s.caller || environment["RUNNER_TEMP"] == "" {
			continue
		}
		if picked := pick(environment); picked != "" {
			found[number] = picked
		}
	}
	return found
}

// dotenv writes values to a file that act reads, so that none is in an argument list; values may hold several lines.
func (s *scenario) dotenv(t testing.TB, name string, values map[string]string) string {
	t.Helper()
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(values)) {
		quoted := strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\n", "\\n", "$", "\\$").Replace(values[key])
		text.WriteString(key + "=\"" + quoted + "\"\n")
	}
	write(t, name, text.String())
	return name
}

// pullRequestNumber is that of the one pull request of a scenario.
const pullRequestNumber = 12

// event writes what GitHub tells a run about its beginning.
func (s *scenario) event(t testing.TB, name string, from trigger) string {
	t.Helper()
	event := map[string]any{
		"inputs": from.inputs, "repository": map[string]any{"full_name": repository, "default_branch": "main", "private": true},
		"head_commit": map[string]any{"message": s.message}, "sender": map[string]any{"login": from.actor},
	}
	if from.event == "pull_request" {
		event["number"] = pullRequestNumber
		event["pull_request"] = map[string]any{
			"number": pullRequestNumber, "base": map[string]any{"ref": "main", "sha": s.base}, "head": map[string]any{"ref": "feature", "sha": s.git(t, "rev-parse", "HEAD")},
		}
	}
	content, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, string(content))
	return name
}
