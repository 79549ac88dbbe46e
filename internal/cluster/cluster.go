// Package cluster runs a throwaway PostgreSQL cluster: real, on loopback only, and stopped
// when the program that started it is gone.
package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/leash"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	superuser = "postgres"
	// startTimeout bounds one start of the server; a slow laptop needs about a second.
	startTimeout = 30 * time.Second
	// poll is how often the server is asked whether it accepts connections yet.
	poll = 25 * time.Millisecond
	// attempts is how often another port is tried: between choosing a free one and listening somebody else may take it.
	attempts = 5
)

// errEnded says that the server ended before it accepted connections, as it does when its port is taken.
var errEnded = errors.New("it ended")

// settings suit data that nobody will miss: nothing waits for the disk.
// https://www.postgresql.org/docs/current/non-durability.html
// The database is reached by TCP only: the path of a socket has a limit of about 100 bytes that a folder can exceed.
var settings = []string{
	"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
}

// Options say which programs to run and where the data goes.
type Options struct {
	// Bin is the folder of initdb and postgres, see Find.
	Bin string
	// Directory is made when it is missing, and must be empty. When this program runs as root the directory is given to
	// the user postgres, who must be able to enter the folders above it.
	Directory string
	// Settings are more of the server's settings, each name=value.
	// https://www.postgresql.org/docs/current/runtime-config.html
	Settings []string
}

// Cluster is a running PostgreSQL cluster.
type Cluster struct {
	process  *leash.Process
	port     int
	password string
	data     string
}

// Start makes a cluster with a random password and returns when it accepts connections. The server ends when Stop is
// called, when ctx ends, and when this program is gone, even by SIGKILL; only Stop removes the data.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	directory, err := filepath.Abs(options.Directory)
	if err != nil {
		return nil, err
	}
	owner, err := prepare(directory)
	if err != nil {
		return nil, problem.New("choose another, empty folder", "the folder for PostgreSQL cannot be prepared: %w", err)
	}
	builder := builder{bin: options.Bin, directory: directory, owner: owner, settings: slices.Concat(settings, options.Settings)}
	password := rand.Text()
	if err := builder.initialize(ctx, password); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		cluster, err := builder.start(ctx, password)
		if attempt == attempts || !errors.Is(err, errEnded) {
			return cluster, err
		}
	}
}

// prepare makes the directory and returns whom the server runs as: nil for this user.
func prepare(directory string) (*syscall.Credential, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty", directory)
	}
	if os.Geteuid() != 0 {
		return nil, nil
	}
	// initdb and postgres refuse to run as root; the packages make this user.
	account, err := user.Lookup(superuser)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres to run it as: %w", err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr, os.Chown(directory, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// builder runs PostgreSQL's programs for one cluster.
type builder struct {
	bin, directory string
	owner          *syscall.Credential
	settings       []string
}

func (b builder) data() string { return filepath.Join(b.directory, "data") }

// command prepares a program without this one's environment: PGDATA and its like would lead it elsewhere.
func (b builder) command(program string, arguments ...string) *exec.Cmd {
	command := exec.Command(program, arguments...)
	command.Dir = b.directory
	command.Env = []string{"PATH=" + b.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: b.owner}
	return command
}

// initialize runs initdb, and hands it the password in a file that only its user can read and that is gone afterwards.
func (b builder) initialize(ctx context.Context, password string) (err error) {
	file := filepath.Join(b.directory, "password")
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return err
	}
	if b.owner != nil {
		if err := os.Chown(file, int(b.owner.Uid), int(b.owner.Gid)); err != nil {
			return err
		}
	}
	var output bytes.Buffer
	initdb := b.command(filepath.Join(b.bin, "initdb"), "--pgdata="+b.data(), "--username="+superuser, "--pwfile="+file,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync")
	initdb.Stdout, initdb.Stderr = &output, &output
	if err := leash.Run(ctx, initdb, leash.Ending{Signal: "TERM", Patience: 5 * time.Second}); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted while PostgreSQL's files were made: %w", err)
		}
		return problem.New("the user who runs PostgreSQL (postgres, when this is root) must be able to enter and write the folder",
			"initdb could not make a cluster in %s: %w%s", b.directory, err, lastLines(output.String()))
	}
	return nil
}

// start runs the server on a free port until it accepts connections.
func (b builder) start(ctx context.Context, password string) (*Cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, problem.New("", "no free port for PostgreSQL: %w", err)
	}
	arguments := []string{"-D", b.data(), "-p", strconv.Itoa(port)}
	for _, setting := range b.settings {
		arguments = append(arguments, "-c", setting)
	}
	path := filepath.Join(b.directory, "server.log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	server := b.command(filepath.Join(b.bin, "postgres"), arguments...)
	server.Stdout, server.Stderr = log, log
	// QUIT ends every session at once and writes no checkpoint: the data is about to be removed.
	// https://www.postgresql.org/docs/current/server-shutdown.html
	process, err := leash.Start(ctx, server, leash.Ending{Signal: "QUIT", Patience: 10 * time.Second})
	if err != nil {
		return nil, problem.New("", "PostgreSQL could not be started: %w", err)
	}
	cluster := &Cluster{process: process, port: port, password: password, data: b.data()}
	if err := cluster.ready(ctx); err != nil {
		process.End()
		<-process.Done()
		text, _ := os.ReadFile(path)
		return nil, problem.New("", "PostgreSQL did not start: %w%s", err, lastLines(string(text)))
	}
	return cluster, nil
}

// ready waits until a connection succeeds.
func (c *Cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("it accepted no connection within %s", startTimeout))
	defer cancel()
	for {
		connection, err := pgx.Connect(ctx, c.URL(superuser))
		if err == nil {
			return connection.Close(ctx)
		}
		select {
		case <-c.process.Done():
			return fmt.Errorf("%w: %w", errEnded, c.process.Err())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}

// URL returns the superuser's connection URL of a database. It carries the password: print it only to whom it belongs.
func (c *Cluster) URL(database string) string {
	location := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, c.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return location.String()
}

// CreateDatabase makes an empty database.
func (c *Cluster) CreateDatabase(ctx context.Context, name string) error {
	connection, err := pgx.Connect(ctx, c.URL(superuser))
	if err == nil {
		_, err = connection.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
		err = errors.Join(err, connection.Close(ctx))
	}
	if err != nil {
		return problem.New("", "database %q could not be made: %w", name, err)
	}
	return nil
}

// Stop ends the server and removes the data. It returns when both are done or ctx ends; the server ends in any case.
func (c *Cluster) Stop(ctx context.Context) error {
	c.process.End()
	select {
	case <-c.process.Done():
		return os.RemoveAll(c.data)
	case <-ctx.Done():
		return problem.New("it is being ended all the same; remove the folder "+c.data, "PostgreSQL had not stopped yet: %w", context.Cause(ctx))
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// lastLines returns the end of what a program wrote, each line on its own, for the end of an error.
func lastLines(text string) string {
	const most = 10
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return "\n  " + strings.Join(lines[max(0, len(lines)-most):], "\n  ")
}
