package runner_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// openTerminal returns a real pseudo-terminal of 72 columns (man 4 pts).
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 72}); err != nil {
		t.Fatal(err)
	}
	return slave
}

func TestATerminalIsDetected(t *testing.T) {
	t.Parallel()
	terminal := openTerminal(t)
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer pipe.Close()
	tests := map[string]struct {
		stdout, stderr          *os.File
		environment             map[string]string
		wantTerminal, wantColor bool
	}{
		"a terminal":              {terminal, terminal, map[string]string{"TERM": "xterm"}, true, true},
		"without colours":         {terminal, terminal, map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true, false},
		"a dumb terminal":         {terminal, terminal, map[string]string{"TERM": "dumb"}, false, false},
		"standard output a pipe":  {pipe, terminal, nil, true, false},
		"standard error a pipe":   {terminal, pipe, nil, false, false},
		"an empty NO_COLOR is no": {terminal, terminal, map[string]string{"NO_COLOR": ""}, true, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := runner.DetectOptions(terminal, test.stdout, test.stderr, func(name string) string { return test.environment[name] })
			if got.Terminal != test.wantTerminal || got.Color != test.wantColor {
				t.Errorf("terminal %t, colour %t; want %t, %t", got.Terminal, got.Color, test.wantTerminal, test.wantColor)
			}
			if wantWidth := map[bool]int{true: 72}[test.wantTerminal]; got.Width != wantWidth {
				t.Errorf("width: got %d, want %d", got.Width, wantWidth)
			}
			if got.In != terminal {
				t.Errorf("nobody could answer: %v", got.In)
			}
		})
	}
}
