package awsapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// keep stores a secret in the account and reads it through Secret.
func keep(t *testing.T, account *awsapitest.AWS, name, text string) (awsapi.DatabaseSecret, error) {
	t.Helper()
	cfg := account.Config(t)
	if _, err := secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text}); err != nil {
		t.Fatal(err)
	}
	return awsapi.Secret(t.Context(), cfg, name)
}

func TestSecret(t *testing.T) {
	t.Parallel()
	account := awsapitest.Start(t)
	for i, test := range []struct{ name, text, user, password, host, database, want string }{
		{name: "as RDS manages it", text: `{"username":"wos","password":"p@/:? #%"}`, user: "wos", password: "p@/:? #%"},
		{name: "in full", text: `{"engine":"postgres","host":"h","username":"wos","password":"canary","dbname":"d","port":5432}`, user: "wos", password: "canary", host: "h", database: "d"},
		{name: "a port as text", text: `{"host":"h","username":"wos","password":"canary","port":"5432"}`, user: "wos", password: "canary", host: "h"},
		{name: "a URL", text: `{"url":"postgres://w%40s:can%2Fary@h:5432/d?sslmode=require"}`, user: "w@s", password: "can/ary", host: "h", database: "d"},
		{name: "no password", text: `{"username":"canary"}`, want: "has no password"},
		{name: "no user", text: `{"password":"canary"}`, want: "has no username"},
		{name: "a URL without a password", text: `{"url":"postgres://canary@h/d"}`, want: "has no password"},
		{name: "a URL with more", text: `{"url":"postgres://u:canary@h/d?options=x"}`, want: "parameters beside sslmode"},
		{name: "a URL of another kind", text: `{"url":"mysql://u:canary@h/d"}`, want: "is not a URL of PostgreSQL"},
		{name: "a URL that cannot be read", text: `{"url":"postgres://u:canary%zz@h/d"}`, want: "is not a URL of PostgreSQL"},
		{name: "another engine", text: `{"engine":"mysql","username":"u","password":"canary"}`, want: "another kind of database"},
		{name: "a wrong type", text: `{"username":"u","password":["canary"]}`, want: "a field password of the wrong type"},
		{name: "a port that is none", text: `{"username":"u","password":"canary","port":"canary"}`, want: "port is not a number"},
		{name: "a port beyond all", text: `{"username":"u","password":"canary","port":70000}`, want: "from 1 to 65535"},
		{name: "no JSON", text: `canary`, want: "is not a JSON object"},
		{name: "two documents", text: `{"username":"u","password":"canary"} {}`, want: "more than one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := keep(t, account, fmt.Sprintf("wos/%d", i), test.text)
			if test.want != "" {
				holds(t, err, test.want, " ")
				if strings.Contains(fmt.Sprint(err, problem.Hint(err)), "canary") || problem.KindOf(err) != problem.Usage {
					t.Errorf("got %v, want a usage error without the value", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.User != test.user || got.Password != test.password || got.Host != test.host || got.Database != test.database {
				t.Error("the secret was read wrongly")
			}
		})
	}
}

func TestSecretThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := awsapi.Secret(t.Context(), awsapitest.Start(t).Config(t), "wos/none")
	holds(t, err, "there is no secret wos/none in us-east-1", "database.secret")
}

func TestSecretIsNotPrinted(t *testing.T) {
	t.Parallel()
	secret := awsapi.DatabaseSecret{User: "wos", Password: "canary"}
	text, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	if all := fmt.Sprintf("%v %+v %#v %s %q %d %x", secret, secret, &secret, secret, secret, secret, secret) + string(text); strings.Contains(all, "canary") || strings.Contains(all, "63616e617279") {
		t.Errorf("the secret is printed: %s", all)
	}
}

func TestURLOfSecretAndInstance(t *testing.T) {
	t.Parallel()
	account := awsapitest.Start(t)
	account.Instance(t, "wos-sandbox")
	instance, err := awsapi.DescribeInstance(t.Context(), rds.NewFromConfig(account.Config(t)), awsapitest.Region, "wos-sandbox")
	if err != nil {
		t.Fatal(err)
	}
	without := instance
	without.Database = ""
	young := instance
	young.Address = ""
	for _, test := range []struct {
		name     string
		secret   awsapi.DatabaseSecret
		instance awsapi.Instance
		want     string
		wrong    string
	}{
		{"the instance's way", awsapi.DatabaseSecret{User: "wos", Password: "a/b@c?d#e%f g"}, instance, "/wos", ""},
		{"the same way", awsapi.DatabaseSecret{User: "wos", Password: "p", Host: strings.ToUpper(instance.Address) + ".", Port: 5432, Database: "other db"}, instance, "/other db", ""},
		{"another host", awsapi.DatabaseSecret{User: "wos", Password: "canary", Host: "db.wos.example"}, instance, "", "leads to \"db.wos.example\", and the RDS instance wos-sandbox answers at " + instance.Address},
		{"another port", awsapi.DatabaseSecret{User: "wos", Password: "canary", Port: 6432}, instance, "", "leads to port 6432"},
		{"no database anywhere", awsapi.DatabaseSecret{User: "wos", Password: "canary"}, without, "", "names no database"},
		{"no address yet", awsapi.DatabaseSecret{User: "wos", Password: "canary"}, young, "", "the address of the database wos-sandbox is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.secret.URL(test.instance)
			if test.wrong != "" {
				holds(t, err, test.wrong, " ")
				return
			}
			location, parseErr := url.Parse(got)
			if err != nil || parseErr != nil {
				t.Fatal(err, parseErr)
			}
			password, _ := location.User.Password()
			if password != test.secret.Password || location.User.Username() != "wos" || location.Host != instance.Address+":5432" ||
				location.Path != test.want || location.RawQuery != "sslmode=verify-full" {
				t.Errorf("got %s", got)
			}
		})
	}
}
