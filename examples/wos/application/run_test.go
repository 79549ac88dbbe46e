package application

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/migrations/migrationstest"
)

var listening = regexp.MustCompile(`"address":"(http://[^"]+)"`)

// running is an application that runIn started.
type running struct {
	url  string
	log  *logBuffer
	stop context.CancelFunc
	done chan error
}

// startIn runs the application in a folder until the test stops it, and waits until it listens.
func startIn(t *testing.T, folder string, variables map[string]string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := running{log: &logBuffer{}, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- runIn(ctx, folder, func(name string) string { return variables[name] }, r.log) }()
	t.Cleanup(cancel)
	deadline := time.After(10 * time.Second)
	for {
		if found := listening.FindStringSubmatch(r.log.String()); found != nil {
			r.url = found[1]
			return r
		}
		select {
		case err := <-r.done:
			t.Fatal("it ended before it listened: ", err)
		case <-deadline:
			t.Fatal("it does not listen: ", r.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestRunningRequestsEndBeforeAStop(t *testing.T) {
	t.Parallel()
	database := migrationstest.Migrated(t, goose.DialectSQLite3, baseSchema)
	r := startIn(t, t.TempDir(), map[string]string{"DATABASE_URL": database.URL, "PORT": "0", "FAULT_SLOW": "300ms"})
	// Given a request that is under way,
	request := begin(t, r, "/heroes")
	// when it is told to stop, then the request is answered and the end is a clean one.
	r.stop()
	buffer := make([]byte, len("HTTP/1.1 200 OK"))
	if _, err := io.ReadFull(request, buffer); err != nil || string(buffer) != "HTTP/1.1 200 OK" {
		t.Errorf("the running request: got %q, %v", buffer, err)
	}
	select {
	case err := <-r.done:
		if err != nil {
			t.Error("got ", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it did not stop within five seconds")
	}
	if !strings.Contains(r.log.String(), `"msg":"stopped"`) {
		t.Error("the log does not say that it stopped")
	}
}

func TestARequestThatDoesNotEndIsCutOff(t *testing.T) {
	t.Parallel()
	database := migrationstest.Migrated(t, goose.DialectSQLite3, baseSchema)
	r := startIn(t, t.TempDir(), map[string]string{"DATABASE_URL": database.URL, "PORT": "0", "FAULT_SLOW": "1h"})
	begin(t, r, "/")
	started := time.Now()
	r.stop()
	if err := <-r.done; err == nil || !strings.Contains(err.Error(), "were cut off") {
		t.Error("got ", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// begin sends a request and returns its connection once the server has accepted it: connections are accepted in their order,
// so that an answer on a later one proves it.
func begin(t *testing.T, r running, path string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: wos\r\nConnection: close\r\n\r\n", path)
	status(t, r.url+"/_stcore/health")
	return connection
}

func TestTheProcessEnvironmentWinsOverDotenv(t *testing.T) {
	t.Parallel()
	database := migrationstest.Migrated(t, goose.DialectSQLite3, baseSchema)
	folder := t.TempDir()
	text := "APP_VERSION=from-file\nENVIRONMENT=sandbox # not production\nSECRET_KEY='from the file, long enough'\nPORT=1\nDATABASE_URL=" + database.URL + "\n"
	if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startIn(t, folder, map[string]string{"PORT": "0", "APP_VERSION": "from-process"})
	if got := status(t, r.url+"/healthz"); got != http.StatusOK {
		t.Errorf("/healthz: got %d", got)
	}
	if log := r.log.String(); !strings.Contains(log, `"version":"from-process","environment":"sandbox"`) {
		t.Errorf("got the log %s", log)
	}
}

func TestStartsThatAreRefused(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	cases := map[string]struct {
		dotenv    string
		variables map[string]string
		want      string
	}{
		"port in use":  {"", map[string]string{"PORT": port}, "set HOST and PORT to a free address"},
		"broken .env":  {"canary", nil, ".env: line 1 is not NAME=value"},
		"bad database": {"", map[string]string{"DATABASE_URL": "mysql://u:canary@h/d"}, "DATABASE_URL is neither"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(c.dotenv), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := runIn(ctx, folder, func(name string) string { return c.variables[name] }, &logBuffer{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestPanicOnStart(t *testing.T) {
	t.Parallel()
	defer func() {
		if got := recover(); got != "FAULT_PANIC_ON_START is set" {
			t.Errorf("got %v", got)
		}
	}()
	variables := map[string]string{"FAULT_PANIC_ON_START": "1", "PORT": "0"}
	_ = runIn(context.Background(), t.TempDir(), func(name string) string { return variables[name] }, &logBuffer{})
}

func TestADatabaseThatIsAwayIsUnhealthyAndNotMade(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.db")
	empty := migrationstest.New(t, goose.DialectPostgres)
	for name, address := range map[string]string{
		"a file that is not there":     "sqlite:" + missing,
		"a server that is not there":   "postgres://u:canary@127.0.0.1:1/d",
		"a database without the table": empty.URL,
	} {
		r := startIn(t, t.TempDir(), map[string]string{"DATABASE_URL": address, "PORT": "0"})
		for path, want := range map[string]int{"/healthz": 503, "/": 500, "/_stcore/health": 200, "/version": 200} {
			if got := status(t, r.url+path); got != want {
				t.Errorf("%s: %s: got %d, want %d", name, path, got, want)
			}
		}
		if strings.Contains(r.log.String(), "canary") {
			t.Errorf("%s: the log shows the password", name)
		}
	}
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Error("the application made a database of its own")
	}
}
