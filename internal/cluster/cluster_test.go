package cluster

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// TestMain lets this test binary be the program that starts a cluster and is then killed.
func TestMain(m *testing.M) {
	if directory := os.Getenv("AIRLOCK_TEST_CLUSTER"); directory != "" {
		bin, err := Find(exec.LookPath)
		if err != nil {
			panic(err)
		}
		cluster, err := Start(context.Background(), Options{Bin: bin, Directory: directory})
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(cluster.URL("postgres") + "\n")
		select {}
	}
	os.Exit(m.Run())
}

// folder returns a new folder that the user postgres may enter, which t.TempDir's are not when root runs the tests.
func folder(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "airlock-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	return directory
}

func start(t *testing.T, directory string) *Cluster {
	t.Helper()
	bin, err := Find(exec.LookPath)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := Start(t.Context(), Options{Bin: bin, Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Stop(context.Background()) })
	return cluster
}

// waitUntilGone returns when nothing answers at the URL any more.
func waitUntilGone(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		connection, err := pgx.Connect(ctx, url)
		if err != nil && strings.Contains(err.Error(), "connection refused") {
			return
		}
		if err == nil {
			connection.Close(ctx)
		}
		time.Sleep(poll)
	}
	t.Fatal("the server still answers")
}

func TestClusterLifetime(t *testing.T) {
	t.Parallel()
	directory := folder(t)
	cluster := start(t, directory)

	name := `wos "sandbox" /?#`
	if err := cluster.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := cluster.CreateDatabase(t.Context(), name); err == nil {
		t.Error("the same database was made twice")
	}
	for _, test := range []struct{ name, url, want string }{
		{"the new database answers", cluster.URL(strings.NewReplacer("%", "%25").Replace(name)), ""},
		{"a wrong password is refused", strings.Replace(cluster.URL("postgres"), cluster.password, "wrong", 1), "password authentication failed"},
		{"no password is refused", strings.Replace(cluster.URL("postgres"), ":"+cluster.password, "", 1), "password authentication failed"},
	} {
		connection, err := pgx.Connect(t.Context(), test.url)
		if err == nil {
			var got string
			if err := connection.QueryRow(t.Context(), "select current_database()").Scan(&got); err != nil || got != name {
				t.Errorf("%s: got %q, %v", test.name, got, err)
			}
			connection.Close(t.Context())
		}
		if got := errorText(err); (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if _, err := os.Stat(filepath.Join(directory, "password")); !os.IsNotExist(err) {
		t.Errorf("the password file is still there: %v", err)
	}
	if err := cluster.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUntilGone(t, cluster.URL("postgres"))
	if _, err := os.Stat(filepath.Join(directory, "data")); !os.IsNotExist(err) {
		t.Errorf("the data is still there: %v", err)
	}
	if err := cluster.Stop(t.Context()); err != nil {
		t.Errorf("a second stop: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestClusterEndsWithContext(t *testing.T) {
	t.Parallel()
	bin, err := Find(exec.LookPath)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cluster, err := Start(ctx, Options{Bin: bin, Directory: folder(t)})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	waitUntilGone(t, cluster.URL("postgres"))
}

func TestClusterEndsWithItsProgram(t *testing.T) {
	t.Parallel()
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), "AIRLOCK_TEST_CLUSTER="+folder(t))
	program.Stderr = os.Stderr
	output, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	program.Wait()
	waitUntilGone(t, strings.TrimSpace(line))
}

func TestStartExplains(t *testing.T) {
	t.Parallel()
	bin, err := Find(exec.LookPath)
	if err != nil {
		t.Fatal(err)
	}
	used := folder(t)
	if err := os.WriteFile(filepath.Join(used, "mine.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name    string
		ctx     context.Context
		options Options
		want    string
	}{
		{"a folder in use", t.Context(), Options{Bin: bin, Directory: used}, used + " is not empty"},
		{"a folder that cannot be made", t.Context(), Options{Bin: bin, Directory: "/dev/null/here"}, "not a directory"},
		{"no programs", t.Context(), Options{Bin: "/nowhere", Directory: folder(t)}, "initdb could not make a cluster"},
		{"interrupted", interrupted, Options{Bin: bin, Directory: folder(t)}, "interrupted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Start(test.ctx, test.options)
			if got := errorText(err); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	install := func(folder string, names ...string) string {
		folder = filepath.Join(root, folder)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		return folder
	}
	install("postgresql/9/bin", "initdb", "postgres")
	newest := install("postgresql/16/bin", "initdb", "postgres")
	install("postgresql/17/bin", "pg_dump")
	inPath := install("elsewhere", "initdb", "postgres")
	linked := install("linked")
	if err := os.Symlink(filepath.Join(inPath, "initdb"), filepath.Join(linked, "initdb")); err != nil {
		t.Fatal(err)
	}
	client := install("client", "initdb")

	for _, test := range []struct{ name, path, pattern, want string }{
		{"the newest that is complete", "", "postgresql/*/bin", newest},
		{"PATH comes first", inPath, "postgresql/*/bin", inPath},
		{"a link in PATH is followed", linked, "postgresql/*/bin", inPath},
		{"half of it in PATH is not enough", client, "postgresql/*/bin", newest},
		{"nothing anywhere", "", "none/*", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lookPath := func(name string) (string, error) {
				if !strings.Contains(name, "/") {
					if test.path == "" {
						return "", exec.ErrNotFound
					}
					name = filepath.Join(test.path, name)
				}
				return exec.LookPath(name)
			}
			got, err := find(lookPath, []string{filepath.Join(root, test.pattern)})
			if got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
			if test.want == "" && (!strings.Contains(errorText(err), "were not found") || !strings.Contains(problem.Hint(err), "postgresql")) {
				t.Errorf("got %v with hint %q, want one that says what to install", err, problem.Hint(err))
			}
		})
	}
}
