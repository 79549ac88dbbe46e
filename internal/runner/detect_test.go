package runner_test

import (
	"os"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

func TestAPipeIsNoTerminal(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	got := runner.DetectOptions(reader, writer, writer, func(string) string { return "" })
	if got.Terminal || got.Color || got.Width != 0 || got.In != nil {
		t.Errorf("got %+v", got)
	}
	if got.Stdout != writer || got.Stderr != writer || got.Now == nil || got.Getenv == nil {
		t.Errorf("got %+v", got)
	}
}
