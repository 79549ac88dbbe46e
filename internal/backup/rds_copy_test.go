package backup

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// temporary is a description of an instance of ours in an answer of RDS.
var temporary = regexp.MustCompile(`(?s)<DBInstance>(?:[^<]|<[^/]|</[^D]|</DB[^I])*?<DBInstanceIdentifier>airlock-rehearsal-.*?</DBInstance>`)

// production is the server that stands in for the temporary instance, with a user that owns the tables of a database.
type production struct {
	server        *url.URL
	authority     string
	master, owner string
	passwords     []string
}

func newProduction(t *testing.T) *production {
	t.Helper()
	authority := databasetest.NewAuthority(t, "Amazon RDS us-east-1 Root CA RSA2048 G1")
	p := &production{server: databasetest.WithTLS(t, authority, "localhost"), authority: authority.File(t), master: "master", owner: `o"w'ner`}
	p.connect(t, "postgres", `create role master login createrole createdb password 'forgotten'`, `create role "o""w'ner" login password 'production''s'`,
		`create database wos owner "o""w'ner"`)
	p.connect(t, "wos", `set role "o""w'ner"`, "create schema mine", "create table mine.heroes (id integer primary key)", "insert into mine.heroes values (1), (2)",
		`alter role "o""w'ner" set search_path = mine`)
	return p
}

// connect executes statements as the superuser, and returns the last connection.
func (p *production) connect(t *testing.T, name string, statements ...string) {
	t.Helper()
	location := *p.server
	location.Path = "/" + name
	connection, err := pgx.Connect(t.Context(), location.String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.Background())
	for _, statement := range statements {
		execute(t, connection, statement)
	}
}

// standIn makes the server be what the temporary instances of the region lead to.
func (p *production) standIn(t *testing.T, r *region) {
	r.Always("DescribeDBInstances", func(_ url.Values, body string) string {
		return temporary.ReplaceAllStringFunc(body, func(instance string) string {
			instance = regexp.MustCompile(`<Address>[^<]*</Address>`).ReplaceAllString(instance, "<Address>localhost</Address>")
			return regexp.MustCompile(`(<Endpoint>.*?)<Port>\d+</Port>`).ReplaceAllString(instance, "${1}<Port>"+p.server.Port()+"</Port>")
		})
	})
	r.Always("ModifyDBInstance", func(form url.Values, body string) string {
		p.passwords = append(p.passwords, form.Get("MasterUserPassword"))
		p.connect(t, "postgres", "alter role master password '"+form.Get("MasterUserPassword")+"'")
		return body
	})
}

// settings are those of production, as the owner or the master user.
func (p *production) settings(user string) database.Settings {
	location := url.URL{Scheme: "postgres", User: url.UserPassword(user, "production's"), Host: "wos-production.example.us-east-1.rds.amazonaws.com:5432", Path: "/wos", RawQuery: "sslmode=verify-full"}
	return database.Settings{Dialect: database.PostgreSQL, URL: location.String(), LookupEnv: func(name string) (string, bool) {
		value, ok := map[string]string{"PGSSLROOTCERT": p.authority}[name]
		return value, ok
	}}
}

// instances returns the identifiers of all instances in the account but the original, which must be there.
func (r *region) instances(t *testing.T) (names []string) {
	t.Helper()
	original := false
	output, err := r.client.DescribeDBInstances(context.Background(), &rds.DescribeDBInstancesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, instance := range output.DBInstances {
		if name := *instance.DBInstanceIdentifier; name == "wos-production" {
			original = true
		} else {
			names = append(names, name)
		}
	}
	if !original {
		t.Error("the original is gone")
	}
	return names
}

func asMaster(input *rds.CreateDBInstanceInput) { input.MasterUsername = aws.String("master") }

// Given a snapshot of production, when it is copied, then the copy is reached with TLS, as the user who owns the tables in
// production and as the master user, with passwords that are new, and nothing of it is left.
func TestRDSCopy(t *testing.T) {
	t.Parallel()
	production := newProduction(t)
	production.connect(t, "wos", "create table public.goose_db_version (id integer)", "alter table public.goose_db_version owner to master")
	for _, user := range []string{production.master, production.owner, ""} {
		// One after the other: they share the master user.
		t.Run(user, func(t *testing.T) {
			r, store := newRegion(t, asMaster)
			production.standIn(t, r)
			snapshot, _ := take(t, store)
			settings := production.settings(user)
			if user == "" {
				settings.URL = ""
			}
			copied, err := Copy(t.Context(), store, CopyOptions{Settings: settings, Progress: r})
			if err != nil {
				t.Fatal(err)
			}
			names := r.instances(t)
			if len(names) != 1 || !regexp.MustCompile(`^airlock-rehearsal-20250309073015-[a-z2-7]{8}$`).MatchString(names[0]) || !strings.HasSuffix(copied.Title, ", in "+names[0]) ||
				!strings.HasPrefix(copied.Title, "a copy of wos-production as the snapshot "+snapshot.Name) || copied.Snapshot.SchemaVersion != 7 || !copied.Rows {
				t.Errorf("got %+v in %v", copied.Title, names)
			}
			db := databasetest.Open(t, copied.Settings)
			var encrypted bool
			var who, path string
			query := "select ssl, current_user, current_setting('search_path') from pg_stat_ssl where pid = pg_backend_pid()"
			if err := db.QueryRowContext(t.Context(), query).Scan(&encrypted, &who, &path); err != nil || !encrypted {
				t.Errorf("got encrypted %v, %v", encrypted, err)
			}
			if want := map[string]string{"": "master"}[user] + user; who != want || path == "mine" != (user == production.owner) {
				t.Errorf("got the user %q with search_path %s, want %q", who, path, want)
			}
			if user == production.owner {
				if _, err := db.ExecContext(t.Context(), "alter table heroes add column age integer"); err != nil {
					t.Errorf("the owner cannot change a table: %v", err)
				}
			}
			db.Close()
			location, err := url.Parse(copied.Settings.URL)
			if err != nil {
				t.Fatal(err)
			}
			password, _ := location.User.Password()
			for _, secret := range append(production.passwords, password) {
				if len(secret) < 26 || strings.Contains(fmt.Sprint(copied.Title, r.told), secret) {
					t.Errorf("a password is short or told: %q in %v", secret, r.told)
				}
			}
			if err := copied.Drop(t.Context()); err != nil || len(r.instances(t)) != 0 {
				t.Errorf("got %v, left %v", err, r.instances(t))
			}
		})
	}
}

// Where nobody says which database it is and whose, the one that has migrations applied is, and who owns their table.
func TestRDSCopyFindsTheDatabaseOfTheMigrations(t *testing.T) {
	t.Parallel()
	production := newProduction(t)
	r, store := newRegion(t, asMaster)
	production.standIn(t, r)
	take(t, store)
	_, err := Copy(t.Context(), store, CopyOptions{Settings: database.Settings{LookupEnv: production.settings("").LookupEnv}})
	holds(t, err, "no database of wos-production has migrations applied", "")
	production.connect(t, "postgres", `create database app owner "o""w'ner"`)
	production.connect(t, "app", `set role "o""w'ner"`, "create schema mine", "create table mine.goose_db_version (id integer)")
	copied, err := Copy(t.Context(), store, CopyOptions{Settings: database.Settings{LookupEnv: production.settings("").LookupEnv}})
	if err != nil {
		t.Fatal(err)
	}
	db := databasetest.Open(t, copied.Settings)
	var who, name string
	if err := db.QueryRowContext(t.Context(), "select current_user, current_database()").Scan(&who, &name); err != nil || who != production.owner || name != "app" {
		t.Errorf("got the user %q in the database %q, %v", who, name, err)
	}
	db.Close()
	if err := copied.Drop(t.Context()); err != nil || len(r.instances(t)) != 0 {
		t.Errorf("got %v, left %v", err, r.instances(t))
	}
	// Of several, only the instance's first database is taken without being named.
	production.connect(t, "postgres", "create database third")
	production.connect(t, "third", "create table goose_db_version (id integer)")
	_, err = Copy(t.Context(), store, CopyOptions{Settings: database.Settings{LookupEnv: production.settings("").LookupEnv}})
	holds(t, err, "which database of wos-production the migrations are for is not known: [app third]", "scratch")
	if left := r.instances(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	// Of several tables in one database, the one that a session finds says who it is.
	production.connect(t, "wos", "create table mine.goose_db_version (id integer)", "create table public.goose_db_version (id integer)", `alter table mine.goose_db_version owner to "o""w'ner"`,
		"grant usage on schema mine to master", "alter database wos set search_path = mine, public")
	copied, err = Copy(t.Context(), store, CopyOptions{Settings: database.Settings{LookupEnv: production.settings("").LookupEnv}})
	if err != nil {
		t.Fatal(err)
	}
	if location, err := url.Parse(copied.Settings.URL); err != nil || location.User.Username() != production.owner || location.Path != "/wos" {
		t.Errorf("got the user %q in %q, %v", location.User.Username(), location.Path, err)
	}
	if err := copied.Drop(t.Context()); err != nil {
		t.Error(err)
	}
}

// What works on its own in production does not on a copy of it.
func TestRDSCopyKeepsStill(t *testing.T) {
	t.Parallel()
	production := newProduction(t)
	production.connect(t, "wos", "create table public.goose_db_version (id integer)", "create subscription odd_one connection 'host=127.0.0.1 port=1' publication p with (connect = false)", "alter subscription odd_one enable",
		"alter database wos set cron.database_name = 'wos'", "create schema cron", "create table cron.job (jobid bigint, active boolean)", "insert into cron.job values (1, true), (2, true)")
	r, store := newRegion(t, asMaster)
	production.standIn(t, r)
	take(t, store)
	// What the master user may not stop is not left running.
	_, err := Copy(t.Context(), store, CopyOptions{Settings: production.settings(production.master)})
	holds(t, err, "must be owner of subscription odd_one", "")
	if left := r.instances(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	production.connect(t, "postgres", "alter role master superuser")
	copied, err := Copy(t.Context(), store, CopyOptions{Settings: production.settings(production.master)})
	if err != nil {
		t.Fatal(err)
	}
	db := databasetest.Open(t, copied.Settings)
	var quiet, idle bool
	query := "select (select bool_and(not subenabled and subslotname is null) from pg_subscription), (select bool_and(not active) from cron.job)"
	if err := db.QueryRowContext(t.Context(), query).Scan(&quiet, &idle); err != nil || !quiet || !idle {
		t.Errorf("got subscriptions off %v, jobs off %v, %v", quiet, idle, err)
	}
	db.Close()
	if err := copied.Drop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Jobs that a policy hides from the master user are not taken for stopped.
func TestRDSCopyDoesNotPassOverHiddenJobs(t *testing.T) {
	t.Parallel()
	production := newProduction(t)
	production.connect(t, "wos", "create table public.goose_db_version (id integer)", "alter database wos set cron.database_name = 'wos'", "create schema cron",
		"create table cron.job (jobid bigint, active boolean, username text)", "insert into cron.job values (1, true, 'somebody')",
		"alter table cron.job enable row level security", "create policy own on cron.job using (username = current_user)", "grant usage on schema cron to public", "grant select, update on cron.job to public")
	r, store := newRegion(t, asMaster)
	production.standIn(t, r)
	take(t, store)
	_, err := Copy(t.Context(), store, CopyOptions{Settings: production.settings(production.master)})
	holds(t, err, "the jobs of pg_cron cannot be stopped on the copy: ", "rehearse on scratch")
	if left := r.instances(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// A user that the snapshot does not know cannot be let in.
func TestRDSCopyWithoutItsUser(t *testing.T) {
	t.Parallel()
	production := newProduction(t)
	r, store := newRegion(t, asMaster)
	production.standIn(t, r)
	take(t, store)
	_, err := Copy(t.Context(), store, CopyOptions{Settings: production.settings("nobody")})
	holds(t, err, "the master user master of the copy may not let nobody in", "admin option")
	for _, secret := range production.passwords {
		if strings.Contains(err.Error()+problem.Hint(err), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	if left := r.instances(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// A copy is in the network of the original, and has nothing that outlives it.
func TestRDSCopyIsLikeTheOriginal(t *testing.T) {
	t.Parallel()
	r, store := newRegion(t, func(input *rds.CreateDBInstanceInput) {
		input.DBInstanceClass, input.Port, input.MultiAZ, input.DeletionProtection = aws.String("db.m7g.large"), aws.Int32(6432), aws.Bool(true), aws.Bool(true)
		input.VpcSecurityGroupIds, input.PubliclyAccessible = []string{"sg-1", "sg-2"}, aws.Bool(true)
	})
	take(t, store)
	network := "<DBSubnetGroup><DBSubnetGroupName>inside</DBSubnetGroupName></DBSubnetGroup><DBParameterGroups><DBParameterGroup><DBParameterGroupName>tuned</DBParameterGroupName></DBParameterGroup></DBParameterGroups><DBInstanceClass>"
	r.Always("DescribeDBInstances", func(_ url.Values, body string) string {
		body = regexp.MustCompile(`(?s)<DBParameterGroups>.*?</DBParameterGroups>`).ReplaceAllString(body, "")
		return strings.ReplaceAll(body, "<DBInstanceClass>", network)
	})
	var asked url.Values
	r.Always("RestoreDBInstanceFromDBSnapshot", func(form url.Values, body string) string {
		asked = form
		return body
	})
	// What the groups are called is made up, so that moto knows none of them.
	_, err := Copy(t.Context(), store, CopyOptions{})
	holds(t, err, "the snapshot "+Name(night, tags)+" cannot be restored to an instance in us-east-1: RDS RestoreDBInstanceFromDBSnapshot: D", "")
	want := map[string]string{
		"DBSnapshotIdentifier": Name(night, tags), "DBInstanceClass": "db.m7g.large", "Port": "6432", "PubliclyAccessible": "true", "MultiAZ": "false",
		"VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-1", "VpcSecurityGroupIds.VpcSecurityGroupId.2": "sg-2",
		"DBSubnetGroupName": "inside", "DBParameterGroupName": "tuned", "DeletionProtection": "false", "BackupRetentionPeriod": "0",
		"Tags.Tag.1.Key": "airlock:rehearsal", "Tags.Tag.1.Value": "wos-production", "Tags.Tag.2.Key": "airlock:snapshot", "Tags.Tag.2.Value": Name(night, tags),
		"Tags.Tag.3.Key": "airlock:app", "Tags.Tag.3.Value": "wos",
	}
	for key, value := range want {
		if asked.Get(key) != value {
			t.Errorf("%s: asked for %q, want %q", key, asked.Get(key), value)
		}
	}
	if r.Calls("DeleteDBInstance") != 0 {
		t.Error("what was refused was deleted")
	}
}

// A new password does not hold at once, and a new instance is not known at once.
func TestRDSCopyWaitsForThePassword(t *testing.T) {
	t.Parallel()
	production := newProduction(t)
	r, store := newRegion(t, asMaster)
	production.standIn(t, r)
	take(t, store)
	pending := awsapitest.Fault{Rewrite: func(body string) string {
		return regexp.MustCompile(`<PendingModifiedValues\s*/>|<PendingModifiedValues></PendingModifiedValues>|<DBInstanceStatus>`).
			ReplaceAllString(body, "<PendingModifiedValues><MasterUserPassword>****</MasterUserPassword></PendingModifiedValues><DBInstanceStatus>")
	}}
	resetting := awsapitest.Replace("<DBInstanceStatus>available", "<DBInstanceStatus>resetting-master-credentials")
	gone := awsapitest.Fault{Code: "DBInstanceNotFound", Status: 404}
	creating := awsapitest.Replace("<DBInstanceStatus>available", "<DBInstanceStatus>creating")
	// The original twice, all of them, and then the copy.
	r.Fail("DescribeDBInstances", awsapitest.Fault{}, awsapitest.Fault{}, awsapitest.Fault{}, awsapitest.Fault{}, gone, gone, creating, creating, awsapitest.Fault{}, pending, resetting)
	r.Fail("ModifyDBInstance", awsapitest.Fault{Code: "InvalidDBInstanceState", Message: "Database instance is not in available state."}, awsapitest.Fault{Lose: true})
	// The first time that it is tried, the password is the old one.
	r.options.Wait = func(ctx context.Context, duration time.Duration) error {
		if strings.Contains(strings.Join(r.told, " "), "lets its master user in") {
			production.connect(t, "postgres", "alter role master password '"+production.passwords[0]+"'")
		} else if len(production.passwords) > 0 {
			production.connect(t, "postgres", "alter role master password 'not yet'")
		}
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.now = r.now.Add(duration)
		return ctx.Err()
	}
	store, err := NewRDS(r.options)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := Copy(t.Context(), store, CopyOptions{Settings: production.settings("master"), Progress: r})
	if err != nil {
		t.Fatal(err, r.told)
	}
	told := strings.Join(r.told, "\n")
	for _, want := range []string{": creating", ": resetting-master-credentials", "until the password of airlock-rehearsal-", "lets its master user in"} {
		if !strings.Contains(told, want) {
			t.Errorf("told %s, want %q", told, want)
		}
	}
	if err := copied.Drop(t.Context()); err != nil {
		t.Error(err)
	}
}
