package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// secretLimit bounds what is read of a secret: AWS keeps no larger ones.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const secretLimit = 64 << 10

// DatabaseSecret is what Secrets Manager knows of how to sign in to a database. User and Password are never empty; the
// others are, when the secret does not have them. The password is for the caller to mask.
type DatabaseSecret struct {
	User, Password string
	Host           string
	// Port is 0 when the secret has none.
	Port     int
	Database string
	// title says where it is from, for errors.
	title string
}

// Format implements fmt.Formatter: whatever prints a secret prints this.
func (s DatabaseSecret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "(secret)") }

// MarshalJSON keeps the secret out of documents.
func (s DatabaseSecret) MarshalJSON() ([]byte, error) { return []byte(`"(secret)"`), nil }

// Secret reads a database secret. It is JSON as RDS writes it (username, password, and maybe engine, host, port, dbname),
// or {"url": "postgres://…"}. Errors name fields, never values.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
func Secret(ctx context.Context, cfg aws.Config, name string) (DatabaseSecret, error) {
	output, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if Code(err) == "ResourceNotFound" {
		return DatabaseSecret{}, problem.New("check database.secret and aws in the config; a secret of another account is named by its ARN",
			"there is no secret %s in %s", name, cfg.Region)
	}
	if err != nil {
		return DatabaseSecret{}, Explain(err, fmt.Sprintf("the secret %s in %s cannot be read", name, cfg.Region))
	}
	text := aws.ToString(output.SecretString)
	if text == "" || len(text) > secretLimit {
		return DatabaseSecret{}, problem.Wrong(secretForm, "the secret %s is not a text of at most %d bytes", name, secretLimit)
	}
	return parseSecret("the secret "+name, text)
}

const (
	secretForm = `its form is {"username": …, "password": …, "host": …, "port": 5432, "dbname": …}, or {"url": "postgres://…"}; the last three of the first may be left out`
	urlForm    = "its form is postgres://user:password@host:5432/name; special characters of the password as %XX"
)

// parseSecret reads the text of a secret. The JSON decoder's own errors can hold parts of it.
func parseSecret(title, text string) (DatabaseSecret, error) {
	var fields struct {
		Engine   string      `json:"engine"`
		Username string      `json:"username"`
		Password string      `json:"password"`
		Host     string      `json:"host"`
		Port     json.Number `json:"port"`
		Database string      `json:"dbname"`
		URL      string      `json:"url"`
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := decoder.Decode(&fields); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
			return DatabaseSecret{}, problem.Wrong(secretForm, "%s has a field %s of the wrong type", title, wrong.Field)
		}
		return DatabaseSecret{}, problem.Wrong(secretForm, "%s is not a JSON object, or its port is not a number", title)
	}
	if decoder.More() {
		return DatabaseSecret{}, problem.Wrong(secretForm, "%s is more than one JSON object", title)
	}
	if fields.URL != "" {
		return ParseURL("the url in "+title, fields.URL)
	}
	if fields.Engine != "" && !strings.Contains(fields.Engine, "postgres") {
		return DatabaseSecret{}, problem.Wrong(secretForm, "%s is for another kind of database: its engine is not postgres", title)
	}
	return complete(title, secretForm, fields.Username, fields.Password, fields.Host, string(fields.Port), fields.Database)
}

// ParseURL reads how to sign in from a connection URL; title says where the URL is. Its parts are kept and its sslmode is not:
// TLS is verified in full whatever it says. Other parameters are an error, because they would be lost without a word.
func ParseURL(title, text string) (DatabaseSecret, error) {
	location, err := url.Parse(text)
	if err != nil || location.Scheme != "postgres" && location.Scheme != "postgresql" {
		return DatabaseSecret{}, problem.Wrong(urlForm, "%s is not a URL of PostgreSQL", title)
	}
	for parameter := range location.Query() {
		if parameter != "sslmode" {
			return DatabaseSecret{}, problem.Wrong("leave them out", "%s has parameters beside sslmode, which cannot be kept", title)
		}
	}
	password, _ := location.User.Password()
	return complete(title, urlForm, location.User.Username(), password, location.Hostname(), location.Port(), strings.TrimPrefix(location.Path, "/"))
}

func complete(title, form, user, password, host, port, database string) (DatabaseSecret, error) {
	secret := DatabaseSecret{User: user, Password: password, Host: host, Database: database, title: title}
	for _, field := range []struct{ name, value string }{{"username", user}, {"password", password}} {
		if field.value == "" {
			return DatabaseSecret{}, problem.Wrong(form, "%s has no %s", title, field.name)
		}
	}
	if port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return DatabaseSecret{}, problem.Wrong(form, "%s has a port that is not a number from 1 to 65535", title)
		}
		secret.Port = int(number)
	}
	return secret, nil
}

// URL returns the URL that leads to the database of an instance with TLS verified in full; it carries the password. What
// the secret says of the way must agree with the instance: else one database would be snapshotted and another migrated.
func (s DatabaseSecret) URL(instance Instance) (string, error) {
	host := strings.TrimSuffix(s.Host, ".")
	switch {
	case instance.Address == "":
		return "", problem.New("wait until the RDS instance is made; without one in the config, the secret must have a host", "the address of the database %s is not known", instance.Identifier)
	case host != "" && !strings.EqualFold(host, instance.Address):
		return "", problem.Wrong("name the instance that the secret leads to under database.rds, or leave the host out of the secret; no other name of the host is accepted, because no certificate is made out to it",
			"%s leads to %.253q, and the RDS instance %s answers at %s", s.title, host, instance.Identifier, instance.Address)
	case s.Port != 0 && s.Port != instance.Port:
		return "", problem.Wrong("correct the port of the secret, or leave it out",
			"%s leads to port %d, and the RDS instance %s answers at port %d", s.title, s.Port, instance.Identifier, instance.Port)
	}
	database := s.Database
	if database == "" {
		database = instance.Database
	}
	if database == "" {
		return "", problem.Wrong("add it, for example dbname", "%s names no database, and the RDS instance %s was made without one", s.title, instance.Identifier)
	}
	location := url.URL{
		Scheme: "postgres", User: url.UserPassword(s.User, s.Password), Path: "/" + database, RawQuery: "sslmode=verify-full",
		Host: net.JoinHostPort(instance.Address, strconv.Itoa(instance.Port)),
	}
	return location.String(), nil
}
