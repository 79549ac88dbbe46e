// Command wos runs the reference application: a small game site with users, profiles and heroes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/randomchaoslabs/airlock/examples/wos/application"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	switch {
	case len(arguments) == 0:
		return application.Run(ctx, os.Getenv, os.Stderr)
	case len(arguments) == 1 && arguments[0] == "healthcheck":
		return application.Healthcheck(ctx, os.Getenv)
	default:
		return fmt.Errorf("unknown arguments %q: start it without any, or with \"healthcheck\"", arguments)
	}
}
