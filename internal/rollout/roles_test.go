package rollout

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is the application and the deployer too: what it is, is in its environment.
func TestMain(m *testing.M) {
	switch os.Getenv("ROLLOUT_TEST_ROLE") {
	case "application":
		application()
	case "deployer":
		process, err := NewProcess(options(os.Getenv("DIRECTORY"), os.Getenv("ADDRESS")))
		if err == nil {
			err = deploy(process, os.Getenv("SOURCE"))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "compose deployer":
		host, err := NewCompose(composeOptions(os.Getenv("DIRECTORY"), os.Getenv("PROJECT"), os.Getenv("ADDRESS")))
		if err == nil {
			err = deployCompose(host, os.Getenv("SOURCE"))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		flag.Parse()
		// These tests wait for containers and processes more than they compute.
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
}

// application serves its release's version.txt, after it has done what the release's behaviour.txt says.
func application() {
	behaviour, _ := os.ReadFile("behaviour.txt")
	switch string(behaviour) {
	case "exit":
		fmt.Println("settings:", os.Getenv("DATABASE_URL"))
		fmt.Println("cannot start: \x1b[31mno such table\x1b[0m")
		os.Exit(1)
	case "silent":
		time.Sleep(time.Hour)
	case "slow":
		time.Sleep(150 * time.Millisecond)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "lingering":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		go func() {
			<-asked
			time.Sleep(150 * time.Millisecond)
			os.Exit(0)
		}()
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		version, _ := os.ReadFile("version.txt")
		w.Write(version)
	})
	http.HandleFunc("/environment", func(w http.ResponseWriter, _ *http.Request) {
		for _, pair := range os.Environ() {
			name, _, _ := strings.Cut(pair, "=")
			fmt.Fprintln(w, name)
		}
	})
	fmt.Println(http.ListenAndServe(os.Getenv("ADDRESS"), nil))
	os.Exit(1)
}

// deploy promotes the release in folder as v2.
func deploy(process *Process, folder string) error {
	version, err := process.Place(context.Background(), folder, Version{Label: "v2"}, nil)
	if err != nil {
		return err
	}
	return process.Serve(context.Background(), version.Image, nil)
}

func options(directory, address string) Options {
	binary, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return Options{
		Directory: directory, Command: []string{"./app"}, URL: "http://" + address,
		Environment: map[string]string{
			"ROLLOUT_TEST_ROLE": "application", "ADDRESS": address, "BINARY": binary,
			"DATABASE_URL": "postgres://wos:canary-password@127.0.0.1/wos",
		},
		StopTimeout: 5 * time.Second,
	}
}
