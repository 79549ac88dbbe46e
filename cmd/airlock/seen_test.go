package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds the wait for what a program is about to print.
const patience = 30 * time.Second

// exits runs a program that must end with a code.
func (s *stage) exits(ts *testscript.TestScript, arguments []string) {
	s.check(ts, arguments[0], ts.Exec(arguments[1], arguments[2:]...))
	s.saw(ts, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
}

// check compares how a program ended with the exit code that was wanted.
func (s *stage) check(ts *testscript.TestScript, want string, err error) {
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != want {
		ts.Fatalf("got exit code %d, want %s", got, want)
	}
}

// saw puts what people saw into the file seen: standard output, then standard error.
func (s *stage) saw(ts *testscript.TestScript, stdout, stderr string) {
	text := stdout
	if stderr != "" {
		text += "[stderr]\n" + stderr
	}
	s.write(ts, "seen", s.normalised(text))
}

func (s *stage) normal(ts *testscript.TestScript, arguments []string) {
	s.write(ts, "seen", s.normalised(ts.ReadFile(arguments[0])))
}

// interrupts sends SIGINT to a program once it has printed a text.
func (s *stage) interrupts(ts *testscript.TestScript, arguments []string) {
	ts.Check(ts.Exec("env", "-0"))
	program := exec.Command(arguments[2], arguments[3:]...)
	program.Dir, program.Env = s.work, strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
	met := make(chan struct{}, 2)
	stdout, stderr := &watched{text: arguments[1], met: met}, &watched{text: arguments[1], met: met}
	program.Stdout, program.Stderr = stdout, stderr
	ts.Check(program.Start())
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	var early error
	select {
	case <-met:
		ts.Check(program.Process.Signal(syscall.SIGINT))
	case <-time.After(patience):
		early = errors.New("it did not print the text in time")
	case err := <-ended:
		early = errors.Join(errors.New("it ended before it printed the text"), err)
	}
	if early != nil {
		_ = program.Process.Kill() // It may have ended.
		ts.Fatalf("%v\n%s%s", early, stdout, stderr)
	}
	s.check(ts, arguments[0], <-ended)
	fmt.Fprint(ts.Stdout(), stdout)
	fmt.Fprint(ts.Stderr(), stderr)
	s.saw(ts, stdout.String(), stderr.String())
}

// watched is a buffer that tells when a text was written to it; an empty text never is.
type watched struct {
	text string
	met  chan<- struct{}

	mu      sync.Mutex
	written bytes.Buffer
}

// Write never fails.
func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.written.String(), w.text)
	w.written.Write(p)
	if w.text != "" && !before && strings.Contains(w.written.String(), w.text) {
		w.met <- struct{}{}
	}
	return len(p), nil
}

// String returns what was written.
func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.String()
}

// oneJSON decodes standard output strictly: one document, and nothing around it but a newline.
func (s *stage) oneJSON(ts *testscript.TestScript, _ []string) {
	if err := oneJSON(ts.ReadFile("stdout")); err != nil {
		ts.Fatalf("standard output is not one JSON document: %v", err)
	}
}

func oneJSON(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	var document any
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

// normalised gives what differs between two runs a name.
func (s *stage) normalised(text string) string {
	// The longest first: the folder is a part of the names of the files in it.
	var names []string
	for name := range s.names {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		text = strings.ReplaceAll(text, name, s.names[name])
	}
	for _, rule := range []struct{ form, name string }{
		{`pre-deploy-\d{8}-\d{4}-[0-9a-f]{6}`, "<snapshot>"},
		{`\b\d{8}-\d{6}-[A-Z2-7]{6}\b`, "<promotion>"},
		{`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d [A-Z]+`, "<time>"},
		{`\d{4}(-|&#45;)\d\d(-|&#45;)\d\d \d\d(:|&#58;)\d\d UTC`, "<time>"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "<time>"},
		{`sha256:[0-9a-f]{12,64}`, "sha256:<digest>"},
		{`\b[0-9a-f]{64}\b`, "<digest>"},
		{`\b([0-9a-f]{40}|[0-9a-f]{12})\b`, "<commit>"},
		{`(?m) \(\d+(\.\d+)?m?s\)$`, ""},
		{`(?m) in \d+(\.\d+)?s(\*\*)?$`, "$2"},
		{`(?m)\| (\d+m)?\d+(\.\d+)?s \|$`, "|  |"},
		{`"milliseconds": \d+`, `"milliseconds": 0`},
		{`\d+(\.\d+)? ([KM]iB|B)\b`, "<size>"},
		{`\b\d+ ?(ms|µs)\b`, "<ms>"},
		{`in \d+h\d+m0s`, "in <time>"},
		{`\d+ looks`, "<n> looks"},
		{`process \d+`, "process <number>"},
	} {
		text = regexp.MustCompile(rule.form).ReplaceAllString(text, rule.name)
	}
	return text
}
