package verb

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// settings says how the environment's database is opened. create allows a SQLite file to be made.
func (w *Workspace) settings(ctx context.Context, create bool) (database.Settings, error) {
	configured := w.Environment.Database
	if configured.SQLite != "" {
		return database.Settings{Dialect: database.SQLite, Path: w.Path(configured.SQLite), Create: create}, nil
	}
	settings := database.Settings{Dialect: database.PostgreSQL, Name: configured.Postgres, LookupEnv: w.call.lookupEnv}
	var err error
	settings.URL, err = w.databaseURL(ctx)
	return settings, err
}

// databaseURL returns the URL of the environment's database. One that AWS runs is only ever reached with TLS that is
// verified in full, and only where the snapshots of it are taken.
func (w *Workspace) databaseURL(ctx context.Context) (string, error) {
	configured := w.Environment.Database
	if configured.RDS == "" && configured.Secret == "" {
		return configured.URL.Reveal(), nil
	}
	if w.url != "" {
		return w.url, nil
	}
	var instance awsapi.Instance
	if configured.RDS != "" {
		found, err := w.Instance(ctx)
		if err != nil {
			return "", err
		}
		instance = *found
	}
	secret, err := w.databaseSecret(ctx)
	if err != nil {
		return "", err
	}
	if configured.RDS == "" {
		instance = awsapi.Instance{Identifier: configured.Postgres, Address: secret.Host, Port: cmp.Or(secret.Port, 5432), Database: configured.Postgres}
	}
	w.url, err = secret.URL(instance)
	w.call.Mask(w.url)
	return w.url, err
}

// ReadAs has the environment's account and database seen through another role and secret, where they are named.
func (w *Workspace) ReadAs(role, secret string) {
	if role != "" && w.Environment.AWS != nil {
		account := *w.Environment.AWS
		account.Role = role
		w.Environment.AWS = &account
	}
	if secret != "" {
		w.Environment.Database.Secret = secret
	}
}

// databaseSecret returns how to sign in, from Secrets Manager or from the URL of the config.
func (w *Workspace) databaseSecret(ctx context.Context) (awsapi.DatabaseSecret, error) {
	configured := w.Environment.Database
	if configured.Secret == "" {
		return awsapi.ParseURL("environments."+w.Name+".database.url", configured.URL.Reveal())
	}
	account, err := w.AWS(ctx)
	if err != nil {
		return awsapi.DatabaseSecret{}, err
	}
	secret, err := awsapi.Secret(ctx, account, configured.Secret)
	w.call.Mask(secret.Password)
	return secret, err
}

// AWS returns the environment's account and region, as the role of the config. On GitHub the role is assumed by the job's
// identity, anew whenever the credentials expire.
func (w *Workspace) AWS(ctx context.Context) (aws.Config, error) {
	if w.aws != nil {
		return *w.aws, nil
	}
	options := awsapi.Options{LookupEnv: w.call.lookupEnv, SessionName: "airlock-" + w.Name}
	if configured := w.Environment.AWS; configured != nil {
		options.Region, options.Role = configured.Region, configured.Role
	}
	if w.call.OnGitHub() && options.Role != "" {
		options.IdentityToken = w.call.IdentityToken
	}
	account, err := awsapi.Load(ctx, options)
	if err != nil {
		return aws.Config{}, err
	}
	w.aws = &account
	return account, nil
}

// Instance returns the RDS instance of the environment as it is described at the first call.
func (w *Workspace) Instance(ctx context.Context) (*awsapi.Instance, error) {
	if w.instance != nil {
		return w.instance, nil
	}
	account, err := w.AWS(ctx)
	if err != nil {
		return nil, err
	}
	instance, err := awsapi.DescribeInstance(ctx, rds.NewFromConfig(account), account.Region, w.Environment.Database.RDS)
	if err != nil {
		return nil, err
	}
	w.instance = &instance
	return w.instance, nil
}

// lookupEnv is os.LookupEnv for what has no use for an empty value.
func (c *Call) lookupEnv(name string) (string, bool) {
	value := c.Getenv(name)
	return value, value != ""
}

// DatabaseSettings say how the environment's database is read.
func (w *Workspace) DatabaseSettings(ctx context.Context) (database.Settings, error) {
	return w.settings(ctx, false)
}

// Database opens the environment's database to read it. A SQLite file that no migration has made yet is missing.
func (w *Workspace) Database(ctx context.Context) (*database.Database, error) {
	settings, err := w.settings(ctx, false)
	if err != nil {
		return nil, err
	}
	return database.Open(ctx, settings)
}

// MigratedDatabase says how the environment's database is opened to migrate it, which may make a file.
func (w *Workspace) MigratedDatabase(ctx context.Context) (database.Settings, error) {
	return w.settings(ctx, true)
}

// Limits say what migrations may do to others, as the config has it.
func Limits(configured config.Migrations) apply.Limits {
	return apply.Limits{
		Lock: time.Duration(configured.LockTimeout), Statement: time.Duration(configured.StatementTimeout),
		Retry: time.Duration(configured.RetryFor), End: configured.EndBlockers,
	}
}

// The words of the config for a rehearsal on the environment's own database, and on a snapshot of the next environment.
const (
	InPlace    = "sandbox"
	OnSnapshot = "production-copy"
)

// Rehearsal says where the environment's migrations are rehearsed: as the config has it, otherwise on a copy, unless it is the last of
// the order. The second is the environment behind it, empty when there is none.
func (w *Workspace) Rehearsal() (on, next string) {
	on = "scratch"
	if place := slices.Index(w.Config.Promotion, w.Name); place >= 0 && place+1 < len(w.Config.Promotion) {
		next = w.Config.Promotion[place+1]
	} else if place >= 0 {
		on = "none"
	}
	if configured := w.Environment.Rehearsal; configured != nil {
		on = configured.On
	}
	return on, next
}

// NewDatabase tells whether the environment's database is a SQLite file that does not exist: the first migration makes it.
func (w *Workspace) NewDatabase() bool {
	file := w.Environment.Database.SQLite
	if file == "" {
		return false
	}
	_, err := os.Stat(w.Path(file))
	return os.IsNotExist(err)
}

// Schema returns the version of the environment's database, 0 when no migration was applied.
func (w *Workspace) Schema(ctx context.Context) (int64, error) {
	if w.NewDatabase() {
		return 0, nil
	}
	db, err := w.Database(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return migration.CurrentVersion(ctx, db)
}

// MigrateDown takes back what is applied beyond version to, and returns the names of the files.
func (w *Workspace) MigrateDown(ctx context.Context, to int64, progress apply.Progress) ([]string, error) {
	set, err := w.call.MigrationSet()
	if err != nil {
		return nil, err
	}
	settings, err := w.MigratedDatabase(ctx)
	if err != nil {
		return nil, err
	}
	migrator, err := apply.Open(ctx, apply.Options{Settings: settings, Set: set, Limits: Limits(w.Config.Migrations), AcceptLoss: []string{apply.AnyLoss}, Progress: progress})
	if err != nil {
		return nil, err
	}
	defer migrator.Close()
	steps, err := migrator.Down(ctx, to)
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = step.File.Name
	}
	return names, err
}

// DirectDatabase returns the settings of the database that AIRLOCK_DATABASE_URL names, for calls without a config: a
// PostgreSQL URL, or sqlite: and a path.
func (c *Call) DirectDatabase() (settings database.Settings, given bool) {
	location := c.Getenv("AIRLOCK_DATABASE_URL")
	if location == "" || c.Inputs.String("environment") != "" {
		return database.Settings{}, false
	}
	if path, ok := strings.CutPrefix(location, "sqlite:"); ok {
		return database.Settings{Dialect: database.SQLite, Path: c.Path(path)}, true
	}
	c.Mask(location)
	for _, password := range config.Passwords(location) {
		c.Mask(password)
	}
	return database.Settings{Dialect: database.PostgreSQL, URL: location, LookupEnv: c.lookupEnv}, true
}
