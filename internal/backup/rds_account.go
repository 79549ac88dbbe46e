package backup

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// settle waits for the instance and returns settings that lead into it. The passwords of the snapshot's time do not count:
// nobody may know them any more.
func (c *rdsCopy) settle(ctx context.Context, vigil *vigil, settings database.Settings) (database.Settings, error) {
	settings.Dialect, settings.Name = database.PostgreSQL, c.database
	if _, err := c.await(ctx, vigil, func(i awsapi.Instance) bool { return i.Status == available }); err != nil {
		return settings, err
	}
	password := rand.Text()
	if err := c.change(ctx, vigil, password); err != nil {
		return settings, err
	}
	told := settings.URL != ""
	instance, err := c.enter(ctx, vigil, &settings, password)
	if err == nil {
		err = c.calm(ctx, instance, settings, password)
	}
	if err == nil && !told {
		err = c.orient(ctx, instance, settings, password)
	}
	if err != nil {
		return settings, err
	}
	settings.Name = c.database
	if settings.URL, err = (awsapi.DatabaseSecret{User: instance.MasterUser, Password: password, Database: c.database}).URL(instance); err != nil || c.user == instance.MasterUser {
		return settings, err
	}
	return settings, c.admit(ctx, instance, &settings)
}

// change asks for another password of the master user. RDS may refuse it while it still ends what it did, although it said
// that the instance is available: https://github.com/hashicorp/terraform-provider-aws/issues/31594
func (c *rdsCopy) change(ctx context.Context, vigil *vigil, password string) error {
	input := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &c.name, MasterUserPassword: &password, ApplyImmediately: aws.Bool(true)}
	for {
		_, err := c.store.options.Restores.ModifyDBInstance(ctx, input)
		switch {
		case err == nil:
			return nil
		case awsapi.Code(err) == "InvalidDBInstanceState":
			err = vigil.wait(ctx, "waiting until the password of "+c.name+" can be changed", -1)
		case awsapi.Transient(err):
			err = vigil.wait(ctx, "", -1)
		default:
			err = awsapi.Explain(err, "the password of "+c.name+" cannot be changed")
		}
		if err != nil {
			return err
		}
	}
}

// enter waits until the master user gets in with the password, and sets the URL. RDS changes a password a while after it was
// asked to and shows it as pending until then; that it lets the user in is the only proof.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
func (c *rdsCopy) enter(ctx context.Context, vigil *vigil, settings *database.Settings, password string) (awsapi.Instance, error) {
	ready := func(i awsapi.Instance) bool { return i.Status == available && !i.PasswordPending && i.Address != "" }
	began := c.store.options.Now()
	for {
		instance, err := c.await(ctx, vigil, ready)
		if err != nil {
			return instance, err
		}
		if settings.URL, err = (awsapi.DatabaseSecret{User: instance.MasterUser, Password: password, Database: c.database}).URL(instance); err != nil {
			return instance, err
		}
		db, err := database.Open(ctx, *settings)
		if err == nil {
			return instance, db.Close()
		}
		if problem.KindOf(err) == problem.Usage || c.store.options.Now().Sub(began) >= reachLimit {
			return instance, problem.New("see that the runner reaches the network of "+c.original.Identifier+", whose subnets and security groups the copy has too",
				"the copy %s is there and lets nobody in: %w", c.name, err)
		}
		if err := vigil.wait(ctx, "waiting until "+c.name+" lets its master user in", -1); err != nil {
			return instance, err
		}
	}
}

// admit gives the user of the migrations a new password: the master user owns none of its tables, and has other settings.
func (c *rdsCopy) admit(ctx context.Context, instance awsapi.Instance, settings *database.Settings) error {
	db, err := database.Open(ctx, *settings)
	if err != nil {
		return err
	}
	defer db.Close()
	password := rand.Text()
	verifier, err := scram(password)
	if err != nil {
		return err
	}
	var statement string
	if err := db.QueryRowContext(ctx, "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", c.user, verifier).Scan(&statement); err != nil {
		return database.Explain(err, db.Title)
	}
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return problem.New(fmt.Sprintf("from version 16 on, whoever has the role must let it be used: grant %q to %q with admin option; or sign in as the master user", c.user, instance.MasterUser),
			"the master user %s of the copy may not let %s in: %w", instance.MasterUser, c.user, database.Explain(err, db.Title))
	}
	settings.URL, err = awsapi.DatabaseSecret{User: c.user, Password: password, Database: c.database}.URL(instance)
	if err != nil {
		return err
	}
	entered, err := database.Open(ctx, *settings)
	if err != nil {
		return err
	}
	return entered.Close()
}

// scramIterations is PostgreSQL's own number.
const scramIterations = 4096

// scram returns what the server keeps of a password instead of the password, which would stand in its log with the
// statement. Of ASCII only, the password needs no preparation.
// https://www.postgresql.org/docs/current/catalog-pg-authid.html and https://www.rfc-editor.org/rfc/rfc5802#section-3
func scram(password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // It never fails.
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", err
	}
	keyed := func(text string) []byte {
		hash := hmac.New(sha256.New, salted)
		hash.Write([]byte(text))
		return hash.Sum(nil)
	}
	stored := sha256.Sum256(keyed("Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, encode(salt), encode(stored[:]), encode(keyed("Server Key"))), nil
}
