package database

import (
	"context"
	"crypto/x509"
	_ "embed" // For the certificates.
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// rdsCertificates are those of Amazon RDS; the first line of the file says when they were taken and from where.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
//
//go:embed rds-certificates.pem
var rdsCertificates []byte

// rdsDomain ends the names of all hosts of Amazon RDS whose authorities are embedded.
const rdsDomain = ".rds.amazonaws.com"

// route is what the environment says about the way to a server.
type route struct {
	// address is connected to in place of the host's; empty means that the host is looked up.
	address string
	// authorities are trusted in place of the usual ones; nil means that there are no others.
	authorities *x509.CertPool
}

// route reads the environment. The driver reads PGSSLROOTCERT too, but its errors can hold parts of the URL.
func (s Settings) route() (found route, err error) {
	if s.LookupEnv == nil {
		return route{}, nil
	}
	if text, _ := s.LookupEnv("PGHOSTADDR"); text != "" {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return route{}, problem.Wrong("for example 127.0.0.1, the near end of a tunnel", "PGHOSTADDR is not one numeric address: %.100q", text)
		}
		found.address = address.String()
	}
	path, _ := s.LookupEnv("PGSSLROOTCERT")
	if path == "" || path == "system" {
		return found, nil
	}
	certificates, err := os.ReadFile(path)
	if err != nil {
		return route{}, problem.Wrong("correct PGSSLROOTCERT, or unset it", "the certificates that PGSSLROOTCERT names cannot be read: %w", err)
	}
	found.authorities = x509.NewCertPool()
	if !found.authorities.AppendCertsFromPEM(certificates) {
		return route{}, problem.Wrong("it must be a PEM file", "there are no certificates in %s, which PGSSLROOTCERT names", path)
	}
	return found, nil
}

// apply changes what the URL does not say itself.
func (r route) apply(config *pgx.ConnConfig) {
	if r.address != "" {
		config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{r.address}, nil }
	}
	// Only verify-full has a name to verify and no verification of its own.
	if config.TLSConfig == nil || config.TLSConfig.InsecureSkipVerify || config.TLSConfig.RootCAs != nil {
		return
	}
	if config.TLSConfig.RootCAs = r.authorities; r.authorities == nil && OnRDS(config.Host) {
		config.TLSConfig.RootCAs = rdsAuthorities()
	}
}

// OnRDS tells a host of Amazon RDS whose authorities are embedded.
func OnRDS(host string) bool { return strings.HasSuffix(strings.ToLower(host), rdsDomain) }

// RDSCertificates returns the certificates of Amazon RDS as PEM, for programs that are given a file.
func RDSCertificates() []byte { return slices.Clone(rdsCertificates) }

// rdsAuthorities are those of Amazon RDS, whose instances have certificates of their own authorities, and the system's:
// an RDS Proxy has a public certificate.
func rdsAuthorities() *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(rdsCertificates)
	return pool
}
