package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// program is a call that can be measured again and again.
type program struct {
	path      string
	arguments []string
	directory string
	variables []string
	// exit is the exit code of a run that did its work.
	exit int
}

// sample is what one run of a program cost.
type sample struct {
	wall time.Duration
	// cpu is user and system time together, with that of the children the program waited for.
	cpu time.Duration
	// firstOutput is the time from the start to the first byte on either output.
	firstOutput time.Duration
	// memory is the largest resident set, in bytes, of the program or one of the children it waited for.
	memory int64
}

// outputTail is how much of a failed program's output is worth repeating.
const outputTail = 2000

// output keeps what a program prints, and when it began.
type output struct {
	text  bytes.Buffer
	began time.Time
}

// Write keeps the data.
func (o *output) Write(data []byte) (int, error) {
	if o.began.IsZero() {
		o.began = time.Now()
	}
	return o.text.Write(data)
}

// run runs the program to its end. Another exit code than the expected one is an error, and so is silence: what failed was not
// measured.
func (p program) run(ctx context.Context) (sample, error) {
	var printed output
	command := exec.CommandContext(ctx, p.path, p.arguments...)
	command.Dir = p.directory
	command.Env = append(environment(), p.variables...)
	command.Stdout, command.Stderr = &printed, &printed
	// What ends a promotion must not leave its application behind, so the program is asked before it is killed.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	started := time.Now()
	err := command.Run()
	ended := time.Now()
	if p.exit != 0 && command.ProcessState != nil {
		if err = nil; command.ProcessState.ExitCode() != p.exit {
			err = fmt.Errorf("it ended with exit code %d and should have with %d", command.ProcessState.ExitCode(), p.exit)
		}
	}
	if err == nil && printed.text.Len() == 0 {
		err = errors.New("it printed nothing")
	}
	if err != nil {
		text := printed.text.String()
		return sample{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(p.path), strings.Join(p.arguments, " "), err, text[max(0, len(text)-outputTail):])
	}
	state := command.ProcessState
	return sample{
		wall: ended.Sub(started), cpu: state.UserTime() + state.SystemTime(), firstOutput: printed.began.Sub(started),
		memory: maximumResident(state.SysUsage().(*syscall.Rusage)),
	}, nil
}

// maximumResident returns bytes. Linux counts kilobytes and macOS bytes; on Linux a child begins with the peak of its
// parent, so this program must stay small: https://man7.org/linux/man-pages/man2/getrusage.2.html
func maximumResident(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss * 1024
}

// environment is what every program gets: nothing that tells it that it runs on GitHub, and a git that knows nobody.
func environment() []string {
	variables := []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			variables = append(variables, name+"="+value)
		}
	}
	return variables
}
