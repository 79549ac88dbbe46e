//go:build e2e

package e2e_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// image is the reference of an image in the registry, pinned by its digest, with these variables baked in.
func image(t testing.TB, version string, variables ...string) string {
	t.Helper()
	built, err := program("./examples/wos")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	run(t, folder, "cp", built, "wos")
	// No two images have the same bytes: each deployment has to pull its own.
	distinct(t, filepath.Join(folder, "wos"))
	text := "FROM scratch\nCOPY wos /wos\nENV APP_VERSION=" + version
	for _, variable := range variables {
		text += " " + variable
	}
	text += "\nUSER 65532:65532\nHEALTHCHECK --interval=1s --timeout=4s --start-period=10s --retries=3 CMD [\"/wos\", \"healthcheck\"]\nENTRYPOINT [\"/wos\"]\n"
	write(t, filepath.Join(folder, "Dockerfile"), text)
	// One repository for each test: what one removes, no other one needs.
	name := fmt.Sprintf("%s/%s:%s", registry(t), strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:]), version)
	command := exec.CommandContext(t.Context(), "docker", "build", "--quiet", "--tag", name, folder)
	command.Env = append(os.Environ(), "DOCKER_BUILDKIT=0") // It may not be there, and nothing here needs it.
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, output)
	}
	run(t, folder, "docker", "push", "--quiet", name)
	pinned := run(t, folder, "docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", name)
	run(t, folder, "docker", "image", "rm", name) // A deployment has to pull it.
	return pinned
}

// distinct adds bytes to the end of a program, where nothing reads them.
func distinct(t testing.TB, name string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(rand.Text())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func registry(t testing.TB) string {
	t.Helper()
	address := os.Getenv("AIRLOCK_TEST_REGISTRY")
	if address == "" {
		t.Fatal("AIRLOCK_TEST_REGISTRY is not set: run ./scripts/e2e, which starts docker and a registry")
	}
	return address
}

// work is the folder of the whole run, for what scenarios share and for their logs.
func work() string { return os.Getenv("AIRLOCK_E2E_WORK") }

var programs struct {
	sync.Mutex
	built map[string]string
}

// program builds a program of this repository once for all scenarios.
func program(name string) (string, error) {
	programs.Lock()
	defer programs.Unlock()
	if built, ok := programs.built[name]; ok {
		return built, nil
	}
	target := filepath.Join(work(), filepath.Base(name))
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", target, name)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	if programs.built == nil {
		programs.built = map[string]string{}
	}
	programs.built[name] = target
	return target, nil
}

// rdsNames are the host names of moto's RDS instances.
const rdsNames = "*.aaaaaaaaaa.us-east-1.rds.amazonaws.com"

// certificates makes the PostgreSQL cluster one that answers with TLS, as RDS does, and returns the file with its authority.
var certificates = sync.OnceValues(func() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stand-in for RDS"}, DNSNames: []string{rdsNames},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	public, secret := filepath.Join(work(), "certificate.pem"), filepath.Join(work(), "key.pem")
	err = errors.Join(
		os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644),
		os.WriteFile(secret, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		give(secret), useCertificate(public, secret))
	return public, err
})

// give hands the file to the user postgres, as whom scripts/with-postgres runs the cluster for root.
func give(name string) error {
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(owner.Uid)
	return cmp.Or(err, os.Chown(name, number, -1))
}

func useCertificate(public, secret string) error {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, os.Getenv("AIRLOCK_TEST_POSTGRES"))
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	for _, statement := range []string{
		"alter system set ssl_cert_file = '" + public + "'", "alter system set ssl_key_file = '" + secret + "'",
		"alter system set ssl = on", "select pg_reload_conf()",
	} {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
