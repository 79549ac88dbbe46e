package apply_test

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/cluster"
)

// ownCluster starts a server of the test's own, which may come to harm.
func ownCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	bin, err := cluster.Find(exec.LookPath)
	if err != nil {
		t.Fatal(err)
	}
	// The user who runs the server must be able to enter the folder.
	folder, err := os.MkdirTemp("", "airlock-apply-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	server, err := cluster.Start(context.WithoutCancel(t.Context()), cluster.Options{
		Bin: bin, Directory: filepath.Join(folder, "cluster"),
		Settings: []string{"synchronous_commit=on"}, // What was committed survives a crash of the server.
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
		os.RemoveAll(folder)
	})
	return server
}

// A temporary tablespace on a file system of one megabyte: what sorts there fails, and nothing of it stays.
func TestADiskThatIsFull(t *testing.T) {
	t.Parallel()
	server := ownCluster(t)
	small, err := os.MkdirTemp("", "airlock-small-*")
	if err != nil {
		t.Fatal(err)
	}
	asRoot(t, "mount", "-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", small)
	t.Cleanup(func() {
		asRoot(t, "umount", "--lazy", small)
		os.Remove(small)
	})
	space := filepath.Join(small, "space")
	if err := os.Mkdir(space, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		asRoot(t, "chown", owner.Uid+":"+owner.Gid, space)
	}
	settings, other := givenAt(t, server.URL("postgres"), "create tablespace small location '"+space+"'")
	files := map[string]string{
		"1_a.sql": "create table a (id integer);|",
		"2_b.sql": "create table b (id integer);\nset local temp_tablespaces = small;\nset local work_mem = '64kB';\ninsert into b select g from generate_series(1, 500000) g order by md5(g::text);|",
	}
	steps, err := open(t, quick(settings, t, files, time.Minute)).Up(t.Context())
	if err == nil || len(steps) != 1 || !strings.Contains(err.Error(), "2_b.sql failed in line 5") || !strings.Contains(err.Error(), "No space left on device") {
		t.Errorf("got %q and error %v", remarks(steps), err)
	}
	var left int
	if err := other.QueryRowContext(t.Context(), "select count(*) from pg_class where relname = 'b'").Scan(&left); err != nil || left != 0 {
		t.Errorf("left behind: %d, %v", left, err)
	}
}

// asRoot runs a program as root: file systems are root's.
func asRoot(t *testing.T, arguments ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		arguments = append([]string{"sudo", "-n"}, arguments...)
	}
	if output, err := exec.Command(arguments[0], arguments[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", arguments[0], err, output)
	}
}
