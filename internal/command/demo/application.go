package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/randomchaoslabs/airlock/examples/wos/application"
)

// parentVariable carries the PID of the demo to the example application, and so tells the program to be that application.
// The demo runs its own binary as the example: it needs no compiler, and works from a release too.
const parentVariable = "AIRLOCK_DEMO_PARENT"

// IsApplication tells whether the program was started as the demo's example application.
func IsApplication(getenv func(string) string) bool { return getenv(parentVariable) != "" }

// ServeApplication serves the example until a signal comes or the demo is gone, and returns the exit code.
func ServeApplication(getenv func(string) string, log io.Writer) int {
	parent, err := strconv.Atoi(getenv(parentVariable))
	if err != nil || parent < 2 {
		fmt.Fprintf(log, "%s is not the PID of a demo\n", parentVariable)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		leave(ctx, parent)
	}()
	if err := application.Run(ctx, getenv, log); err != nil {
		fmt.Fprintln(log, "wos:", err)
		return 1
	}
	return 0
}

// leave returns when the process is gone: a demo that was killed must not leave its applications behind.
func leave(ctx context.Context, process int) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := syscall.Kill(process, 0); errors.Is(err, syscall.ESRCH) {
				return
			}
		}
	}
}
