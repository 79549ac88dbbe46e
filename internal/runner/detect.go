package runner

import (
	"os"
	"time"

	"golang.org/x/term"
)

// DetectOptions finds out what the three standard files are. Colour needs both outputs to be terminals, NO_COLOR to be
// unset (https://no-color.org) and TERM to be other than dumb; a live line needs standard error to be such a terminal.
func DetectOptions(stdin, stdout, stderr *os.File, getenv func(string) string) Options {
	options := Options{Stdout: stdout, Stderr: stderr, Getenv: getenv, Now: time.Now}
	capable := getenv("TERM") != "dumb"
	options.Terminal = capable && isTerminal(stderr)
	options.Color = options.Terminal && isTerminal(stdout) && getenv("NO_COLOR") == ""
	if isTerminal(stdin) {
		options.In = stdin
	}
	if options.Terminal {
		if width, _, err := term.GetSize(int(stderr.Fd())); err == nil {
			options.Width = width
		}
	}
	return options
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }
