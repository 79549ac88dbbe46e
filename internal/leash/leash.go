// Package leash starts programs that must not outlive this one: they are ended when it is gone, even by SIGKILL.
package leash

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// script runs its arguments as a child and waits for it. Descriptor 3 is a pipe whose other end only this program
// holds, so reading from it ends when the leash is pulled or when this program is gone. Linux has a signal for the
// death of a parent, macOS has none, and this works on both. Both let sleep wait for a part of a second.
const script = `first=$1 patience=$2
shift 2
"$@" 3<&- & child=$!
{
  read -r line <&3
  kill -s "$first" "$child"
  while [ "$patience" -gt 0 ] && kill -0 "$child"; do patience=$((patience - 1)); sleep 0.1; done
  kill -s KILL "$child"
} >/dev/null 2>&1 & watcher=$!
exec 3<&-
wait "$child"
status=$?
kill -s KILL "$watcher" 2>/dev/null
exit "$status"`

// Ending says how a program on a leash is ended.
type Ending struct {
	// Signal is sent first, by its name without SIG, such as "TERM".
	Signal string
	// Patience is how long the program may take before it is killed; it counts in tenths of a second.
	Patience time.Duration
}

// Process is a running program on a leash.
type Process struct {
	done chan struct{}
	err  error
	pull func()
}

// Start starts command, which has not been started and was not made with a context. It is ended as ending says when
// ctx ends, when End is called, or when this program is gone. It runs in a session of its own, so that Ctrl-C in a
// terminal reaches only this program, which decides.
func Start(ctx context.Context, command *exec.Cmd, ending Ending) (*Process, error) {
	// A program that was not found is an error here, and not an exit code of the shell.
	if command.Err != nil {
		return nil, command.Err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	arguments := append([]string{"sh", "-c", script, "leash", ending.Signal,
		strconv.Itoa(int(ending.Patience / (100 * time.Millisecond))), command.Path}, command.Args[1:]...)
	command.Path, command.Args = "/bin/sh", arguments
	command.ExtraFiles = append([]*os.File{read}, command.ExtraFiles...)
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setsid = true
	if err := command.Start(); err != nil {
		write.Close()
		return nil, err
	}
	process := &Process{done: make(chan struct{}), pull: sync.OnceFunc(func() { write.Close() })}
	forget := context.AfterFunc(ctx, process.pull)
	go func() {
		process.err = command.Wait()
		forget()
		process.pull()
		close(process.done)
	}()
	return process, nil
}

// End begins to end the program and returns at once.
func (p *Process) End() { p.pull() }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the program ended, as exec.Cmd.Wait does. It may be asked once Done is closed.
func (p *Process) Err() error { return p.err }

// Run starts command and waits for its end; see Start.
func Run(ctx context.Context, command *exec.Cmd, ending Ending) error {
	process, err := Start(ctx, command, ending)
	if err != nil {
		return err
	}
	<-process.done
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return process.err
}
