package database_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// endpoint is the name of a host of Amazon RDS, which no server of this machine has.
const endpoint = "wos-sandbox.example.us-east-1.rds.amazonaws.com"

// environment is one for LookupEnv.
func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestServerIsTheOneThatIsMeant(t *testing.T) {
	t.Parallel()
	right, wrong := databasetest.NewAuthority(t, "Amazon RDS us-east-1 Root CA RSA2048 G1"), databasetest.NewAuthority(t, "Amazon RDS us-east-1 Root CA RSA2048 G1")
	server := databasetest.WithTLS(t, right, endpoint)
	plain, err := url.Parse(databasetest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(notes, []byte("no certificates"), 0o600); err != nil {
		t.Fatal(err)
	}
	const near = "127.0.0.1"
	for _, test := range []struct {
		name, host, mode, address, authorities string
		change                                 func(*url.URL)
		want, hint                             string
		kind                                   problem.Kind
	}{
		{name: "right name, right authority", host: endpoint, mode: "verify-full", address: near, authorities: right.File(t)},
		{name: "letter case does not count", host: strings.ToUpper(endpoint), mode: "verify-full", address: near, authorities: right.File(t)},
		{name: "wrong authority", host: endpoint, mode: "verify-full", address: near, authorities: wrong.File(t),
			want: "is from an authority that is not trusted", hint: "PGSSLROOTCERT"},
		{name: "not of Amazon's authorities", host: endpoint, mode: "verify-full", address: near,
			want: "is from an authority that is not trusted", hint: "PGSSLROOTCERT"},
		{name: "only the system's authorities", host: endpoint, mode: "verify-full", address: near, authorities: "system",
			want: "is from an authority that is not trusted", hint: "PGSSLROOTCERT"},
		{name: "wrong name", host: "wos-production.example.us-east-1.rds.amazonaws.com", mode: "verify-full", address: near, authorities: right.File(t),
			want: "is made out to another name: x509: certificate is valid for " + endpoint, hint: "PGHOSTADDR"},
		{name: "an address is no name", host: near, mode: "verify-full", authorities: right.File(t), want: "is made out to another name", hint: "endpoint of the instance"},
		{name: "a name of one's own", host: "localhost", mode: "verify-full", authorities: right.File(t), want: "is made out to another name", hint: "never a name of your own"},
		{name: "no TLS at the server", host: endpoint, mode: "verify-full", address: near, authorities: right.File(t),
			change: func(u *url.URL) { u.Host, u.User = endpoint+":"+plain.Port(), plain.User }, want: "has no TLS", hint: "another one"},
		{name: "no TLS asked for", host: endpoint, mode: "disable", address: near,
			change: func(u *url.URL) { u.User = url.UserPassword("wos", "canary") }, want: "lets nobody in this way: no pg_hba.conf entry", hint: "sslmode=require"},
		{name: "an address that is none", host: endpoint, mode: "verify-full", address: "localhost", want: "PGHOSTADDR is not one numeric address", hint: "127.0.0.1", kind: problem.Usage},
		{name: "authorities that are not there", host: endpoint, mode: "verify-full", authorities: "/nowhere/ca.pem", want: "/nowhere/ca.pem", hint: "unset", kind: problem.Usage},
		{name: "authorities that are none", host: endpoint, mode: "verify-full", authorities: notes, want: "no certificates in " + notes, hint: "PEM", kind: problem.Usage},
		{name: "a mode that verifies nothing", host: endpoint, mode: "require", address: near},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			location := *server
			location.Host, location.RawQuery = test.host+":"+server.Port(), "sslmode="+test.mode
			if test.change != nil {
				test.change(&location)
			}
			db, err := database.Open(t.Context(), database.Settings{Dialect: database.PostgreSQL, URL: location.String(),
				LookupEnv: environment(map[string]string{"PGHOSTADDR": test.address, "PGSSLROOTCERT": test.authorities})})
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(problem.Hint(err), test.hint) || problem.KindOf(err) != test.kind {
					t.Errorf("got %v with hint %q and kind %v, want %q with %q", err, problem.Hint(err), problem.KindOf(err), test.want, test.hint)
				}
				password, _ := location.User.Password()
				if strings.Contains(fmt.Sprint(err), password) {
					t.Errorf("the error shows the password: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err, problem.Hint(err))
			}
			defer db.Close()
			var encrypted bool
			if err := db.QueryRowContext(t.Context(), "select ssl from pg_stat_ssl where pid = pg_backend_pid()").Scan(&encrypted); err != nil || !encrypted {
				t.Errorf("got encrypted %v, %v", encrypted, err)
			}
		})
	}
}

func TestCertificatesOfAmazonRDS(t *testing.T) {
	t.Parallel()
	rest, err := os.ReadFile("rds-certificates.pem")
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := bytes.Cut(rest, []byte("\n")); !bytes.Contains(first, []byte("from ")) || !bytes.Contains(first, []byte("scripts/refresh-rds-certificates")) {
		t.Errorf("the first line does not say where and when they are from: %s", first)
	}
	const renew = "run scripts/refresh-rds-certificates"
	regions := map[string]int{}
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		name := certificate.Subject.CommonName
		words := strings.Fields(strings.TrimPrefix(name, "Amazon RDS "))
		if !strings.HasPrefix(name, "Amazon RDS ") || !certificate.IsCA || len(words) == 0 {
			t.Errorf("%q is not an authority of Amazon RDS", name)
			continue
		}
		if err := certificate.CheckSignatureFrom(certificate); err != nil {
			t.Errorf("%s did not sign itself: %v", name, err)
		}
		if certificate.NotAfter.Before(time.Now().AddDate(1, 0, 0)) {
			t.Errorf("%s ends %s: %s", name, certificate.NotAfter.Format(time.DateOnly), renew)
		}
		regions[words[0]]++
	}
	// Each region has three: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html#UsingWithRDS.SSL.RegionCertificateAuthorities
	for _, region := range []string{"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2", "sa-east-1"} {
		if regions[region] != 3 {
			t.Errorf("%s has %d authorities, want 3: %s", region, regions[region], renew)
		}
	}
}
