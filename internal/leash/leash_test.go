package leash

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets this test binary be the program that holds a leash and is then killed.
func TestMain(m *testing.M) {
	if os.Getenv("AIRLOCK_TEST_LEASH") != "" {
		command := exec.Command("/bin/sh", "-c", "echo started; exec sleep 600")
		command.Stdout = os.Stdout
		process, err := Start(context.Background(), command, Ending{Signal: "TERM", Patience: time.Second})
		if err != nil {
			panic(err)
		}
		<-process.Done()
	}
	os.Exit(m.Run())
}

func TestRunIsFaithful(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		script string
		output string
		code   int
	}{
		{"success", `printf '%s|' "$@"`, `one two|$HOME|"'\|`, 0},
		{"exit code", "echo bad >&2; exit 7", "bad\n", 7},
		{"standard input is empty", "cat; echo end", "end\n", 0},
		{"the leash is not inherited", `(echo x >&3) 2>/dev/null || echo closed`, "closed\n", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var output bytes.Buffer
			command := exec.Command("/bin/sh", "-c", test.script, "sh", "one two", "$HOME", `"'\`)
			command.Stdout, command.Stderr = &output, &output
			err := Run(t.Context(), command, Ending{Signal: "TERM", Patience: time.Second})
			code := 0
			if exit := new(exec.ExitError); errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if output.String() != test.output || code != test.code {
				t.Errorf("got %q and exit code %d (%v), want %q and %d", output.String(), code, err, test.output, test.code)
			}
		})
	}
}

func TestRunNeedsTheProgram(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), exec.Command("no-such-program"), Ending{Signal: "TERM"})
	if !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v, want %v", err, exec.ErrNotFound)
	}
}

func TestEnding(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script string }{
		{"a program that obeys", "echo started; exec sleep 600"},
		{"a program that does not", `trap "" TERM; echo started; while :; do sleep 0.1; done`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			read, write := io.Pipe()
			command := exec.Command("/bin/sh", "-c", test.script)
			command.Stdout = write
			ended := make(chan error, 1)
			go func() { ended <- Run(ctx, command, Ending{Signal: "TERM", Patience: time.Second}) }()
			if _, err := read.Read(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
			cancel()
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want %v", err, context.Canceled)
				}
			case <-time.After(20 * time.Second):
				t.Error("it still runs")
			}
		})
	}
}

// The pipe to the test is closed only when every process that inherited it is gone.
func TestProgramEndsWhenItsHolderIsKilled(t *testing.T) {
	t.Parallel()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), "AIRLOCK_TEST_LEASH=1")
	output, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	started := make([]byte, 8)
	if _, err := io.ReadFull(output, started); err != nil || !strings.HasPrefix(string(started), "started") {
		t.Fatalf("got %q, %v", started, err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(output); err != nil {
		t.Fatal(err)
	}
	holder.Wait()
}
