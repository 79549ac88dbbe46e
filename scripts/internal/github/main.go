// Command github serves a stand-in for GitHub's API, for whole runs on one machine. It prints its address, and stops on
// an interrupt.
//
//	go run ./scripts/internal/github -state state.json -log requests.jsonl
//
// Its state can be read and changed while it runs, at /_control/state: see internal/githubapi/githubapitest.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "github:", err)
		os.Exit(1)
	}
}

// run serves until ctx is cancelled.
func run(ctx context.Context, arguments []string, output, errorOutput io.Writer) error {
	flags := flag.NewFlagSet("github", flag.ContinueOnError)
	flags.SetOutput(errorOutput)
	listen := flags.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	state := flags.String("state", "", "`file` that the state is read from, and kept in, as JSON")
	requests := flags.String("log", "", "`file` that each request is added to, as a line of JSON")
	prefix := flags.String("prefix", "", "what stands before every path, such as /api/v3")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	options := githubapitest.Options{Prefix: *prefix}
	if *requests != "" {
		file, err := os.OpenFile(*requests, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer file.Close()
		encoder := json.NewEncoder(file)
		options.Observe = func(request githubapitest.Request) {
			if err := encoder.Encode(request); err != nil {
				fmt.Fprintln(errorOutput, "github: the log:", err)
			}
		}
	}
	if err := read(*state, &options.State); err != nil {
		return err
	}
	server, err := githubapitest.New(options)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(output, "http://%s%s\n", listener.Addr(), *prefix)
	serving := &http.Server{
		Handler: &keeper{server: server, path: *state}, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(errorOutput, "github: ", 0),
	}
	ended := context.AfterFunc(ctx, func() { _ = serving.Close() })
	defer ended()
	if err := serving.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// read reads the state, when there is one.
func read(path string, state *githubapitest.State) error {
	if path == "" {
		return nil
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := json.Unmarshal(content, state); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// keeper writes the state after every request that can change it.
type keeper struct {
	server *githubapitest.Server
	path   string
	mutex  sync.Mutex
}

// ServeHTTP implements http.Handler.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && k.path != "" {
		// Also when the connection is to be broken, which is a panic.
		defer func() {
			if err := k.keep(); err != nil {
				log.Print("github: the state: ", err)
			}
		}()
	}
	k.server.ServeHTTP(w, r)
}

// keep writes a whole file or none.
func (k *keeper) keep() error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	content, err := json.MarshalIndent(k.server.State(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(k.path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(k.path+".new", k.path)
}
