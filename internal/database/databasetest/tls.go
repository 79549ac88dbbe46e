package databasetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/cluster"
)

// Authority signs certificates as Amazon's do.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns an authority that nobody knows.
func NewAuthority(t testing.TB, name string) Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	text, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(text)
	if err != nil {
		t.Fatal(err)
	}
	return Authority{certificate, key}
}

// File writes the authority's own certificate and returns its path.
func (a Authority) File(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sign writes a certificate for a host, and its key, into a folder that the server may read.
func (a Authority) sign(t testing.TB, host string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := serversFolder(t)
	return serversFile(t, filepath.Join(folder, "server.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})),
		serversFile(t, filepath.Join(folder, "server.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// serversFolder returns a new folder that the user postgres may enter, which t.TempDir's are not when root runs the tests.
func serversFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "airlock-database-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	give(t, folder)
	return folder
}

func serversFile(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	give(t, path)
	return path
}

// give makes the user postgres the owner, whom root's servers run as.
func give(t testing.TB, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(account.Uid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, id, -1); err != nil {
		t.Fatal(err)
	}
}

// WithTLS starts a server whose certificate is for a host, and which lets others than the superuser in only with TLS. Its URL
// is that of the superuser, who needs none.
func WithTLS(t testing.TB, by Authority, host string) *url.URL {
	t.Helper()
	bin, err := cluster.Find(exec.LookPath)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := by.sign(t, host)
	rules := serversFile(t, filepath.Join(serversFolder(t), "pg_hba.conf"),
		[]byte("host all postgres 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n"))
	server, err := cluster.Start(t.Context(), cluster.Options{Bin: bin, Directory: filepath.Join(serversFolder(t), "cluster"), Settings: []string{
		"ssl=on", "ssl_cert_file=" + certificate, "ssl_key_file=" + key, "hba_file=" + rules,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop(context.Background()) })
	location, err := url.Parse(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	return location
}
