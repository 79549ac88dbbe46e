package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/migrations/migrationstest"
)

// TestMain lets this test binary be the application itself: a signal needs a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("WOS_TEST_AS_MAIN") == "1" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestProcess(t *testing.T) {
	t.Parallel()
	// Given the application as a process, on a port that was free a moment ago,
	database := migrationstest.Migrated(t, goose.DialectSQLite3, 5)
	variables := []string{"WOS_TEST_AS_MAIN=1", "DATABASE_URL=" + database.URL, "PORT=" + freePort(t)}
	var log bytes.Buffer
	application := itself(t, variables)
	application.Stderr = &log
	if err := application.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- application.Wait() }()
	t.Cleanup(func() { application.Process.Kill() })

	// whose own health check soon passes,
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		output, err := itself(t, variables, "healthcheck").CombinedOutput()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the health check never passed: %v\n%s", err, output)
		}
	}
	// when it gets SIGTERM, then it ends by itself, without an error, within five seconds;
	if err := application.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil || !strings.Contains(log.String(), `"msg":"stopped"`) {
			t.Errorf("it ended with %v:\n%s", err, log.String())
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it did not end within five seconds")
	}
	// and the health check fails.
	output, err := itself(t, variables, "healthcheck").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "the application does not answer") {
		t.Errorf("the health check of a stopped application: %v\n%s", err, output)
	}
}

func TestUnhealthyProcess(t *testing.T) {
	t.Parallel()
	variables := []string{"WOS_TEST_AS_MAIN=1", "DATABASE_URL=sqlite:missing.db", "PORT=" + freePort(t)}
	application := itself(t, variables)
	if err := application.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		application.Process.Kill()
		application.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		output, err := itself(t, variables, "healthcheck").CombinedOutput()
		if err != nil && strings.Contains(string(output), "503") {
			return
		}
		if err == nil || time.Now().After(deadline) {
			t.Fatalf("the health check of an unhealthy application: %v\n%s", err, output)
		}
	}
}

func TestUnknownArguments(t *testing.T) {
	t.Parallel()
	output, err := itself(t, []string{"WOS_TEST_AS_MAIN=1"}, "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(output), `unknown arguments ["serve"]`) {
		t.Errorf("got %v\n%s", err, output)
	}
}

// itself returns a command that runs this binary as the application, in an empty folder.
func itself(t *testing.T, variables []string, arguments ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, arguments...)
	command.Env = variables
	command.Dir = t.TempDir()
	return command
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
