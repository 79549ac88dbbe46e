package backup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestEnvironment(t *testing.T) {
	t.Parallel()
	lookup := func(name string) (string, bool) {
		value, ok := map[string]string{"PATH": "/bin", "PGSSLMODE": "disable", "AIRLOCK_ENV": "secret"}[name]
		return value, ok
	}
	got, password, err := environment("postgres://wos%40x:p%25%20w%27@db.example:6432/wos%20sandbox?sslmode=require&channel_binding=require&application_name=x&pool_max_conns=3", lookup)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"LC_ALL=C", "PATH=/bin", "PGAPPNAME=airlock", "PGCHANNELBINDING=require", "PGCONNECT_TIMEOUT=10", "PGDATABASE=wos sandbox",
		"PGHOST=db.example", "PGPASSWORD=p% w'", "PGPORT=6432", "PGSSLMODE=require", "PGUSER=wos@x",
	}
	if diff := cmp.Diff(want, got); diff != "" || password != "p% w'" {
		t.Errorf("got password %q, environment (-want +got):\n%s", password, diff)
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, url, want string }{
		{"empty", "", "cannot be read"},
		{"keywords", "host=localhost password=canary", "cannot be read"},
		{"another kind", "mysql://u:canary@h/d", "cannot be read"},
		{"not escaped", "postgres://u:canary%zz@h/d", "cannot be read"},
		{"two hosts", "postgres://u:canary@a:1,b:2/d", "cannot be read"},
		{"a file of passwords", "postgres://u@h/d?passfile=/tmp/x", "cannot be given passfile"},
		{"a key's password", "postgres://u:p@h/d?sslmode=require&sslpassword=canary", "cannot be given sslpassword"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := environment(test.url, func(string) (string, bool) { return "", false })
			holds(t, err, test.want, "")
			if err != nil && (strings.Contains(fmt.Sprint(err, problem.Hint(err)), "canary") || problem.KindOf(err) != problem.Usage) {
				t.Errorf("got %v of kind %v, want a usage problem without the password", err, problem.KindOf(err))
			}
		})
	}
}

func TestMessagesAreBoundedAndRedacted(t *testing.T) {
	t.Parallel()
	messages := &tail{limit: 40}
	fmt.Fprint(messages, "a line that is too long to be kept: ")
	fmt.Fprint(messages, "canary-canary-canary\nuser canary was refused\n")
	if got, want := redact(messages.String(), "canary"), "user *** was refused"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := redact("as it was", ""), "as it was"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
