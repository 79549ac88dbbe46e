package apply_test

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Behind PgBouncer neither the lock nor the limits would stay with the session, unless it pools sessions; which it does cannot be seen.
func TestAPoolerIsRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"transaction", "session", "strict"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			direct := databasetest.PostgreSQL(t)
			settings := database.Settings{Dialect: database.PostgreSQL, URL: bouncer(t, direct, mode)}
			m, err := apply.Open(t.Context(), apply.Options{Settings: settings, Set: read(t, three())})
			if err == nil {
				defer m.Close()
				_, err = m.Up(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), "is reached through a pooler") || !strings.Contains(problem.Hint(err), "connect to the server itself") {
				t.Errorf("got error %v with hint %q", err, problem.Hint(err))
			}
			status, err := migrator(t, database.Settings{Dialect: database.PostgreSQL, URL: direct}, three(), nil).Status(t.Context())
			if err != nil || len(status.Pending) != 3 {
				t.Errorf("got %+v, %v", status, err)
			}
		})
	}
}

// bouncer starts PgBouncer before a database, and returns the URL that leads through it.
func bouncer(t *testing.T, location, mode string) string {
	t.Helper()
	parsed, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	// PgBouncer does not run as root.
	folder, err := os.MkdirTemp("", "airlock-bouncer-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	password, _ := parsed.User.Password()
	users := filepath.Join(folder, "users.txt")
	configuration := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = %s
ignore_startup_parameters = extra_float_digits,client_connection_check_interval,idle_in_transaction_session_timeout,tcp_keepalives_idle,tcp_keepalives_interval,tcp_keepalives_count,search_path,lock_timeout,statement_timeout
`, parsed.Hostname(), parsed.Port(), port, users, strings.ReplaceAll(mode, "strict", "transaction"))
	if mode == "strict" { // As PgBouncer comes: settings of a session are refused.
		configuration = configuration[:strings.Index(configuration, "ignore_startup")]
	}
	ini := filepath.Join(folder, "pgbouncer.ini")
	for path, text := range map[string]string{users: fmt.Sprintf("%q %q\n", parsed.User.Username(), password), ini: configuration} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	arguments := []string{"pgbouncer", ini}
	if os.Getuid() == 0 {
		arguments = []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "pgbouncer", ini}
	}
	var output bytes.Buffer
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatalf("PgBouncer does not start (scripts/test installs it): %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	parsed.Host = net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", parsed.Host)
		if err == nil {
			connection.Close()
			return parsed.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("PgBouncer does not listen: %v: %s", err, output.String())
		}
	}
}
