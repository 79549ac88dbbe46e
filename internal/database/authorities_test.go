package database

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// The keys of Amazon's authorities are Amazon's, so who is trusted is looked at, and not tried.
func TestAuthoritiesOfAmazonRDSAreTrustedForItsHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url  string
		want bool
	}{
		{"postgres://wos@wos.example.us-east-1.rds.amazonaws.com/wos?sslmode=verify-full", true},
		{"postgres://wos@WOS.example.eu-west-1.RDS.amazonaws.com/wos?sslmode=verify-full", true},
		{"postgres://wos@wos.example.us-east-1.rds.amazonaws.com.example.org/wos?sslmode=verify-full", false},
		{"postgres://wos@db.wos.example/wos?sslmode=verify-full", false},
		{"postgres://wos@wos.example.us-east-1.rds.amazonaws.com/wos?sslmode=verify-full&sslrootcert=rds-certificates.pem", false},
	} {
		config, err := pgx.ParseConfig(test.url)
		if err != nil {
			t.Fatal(err)
		}
		route{}.apply(config)
		if got := config.TLSConfig.RootCAs.Equal(rdsAuthorities()); got != test.want {
			t.Errorf("%s: got %v, want %v", test.url, got, test.want)
		}
		if config.TLSConfig.InsecureSkipVerify || config.TLSConfig.ServerName != config.Host || len(config.Fallbacks) != 0 {
			t.Errorf("%s: the name is not verified, or there is another way", test.url)
		}
	}
}
