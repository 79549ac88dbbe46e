// Package config is .github/airlock.yaml: its types, the loader, errors with file, line and column, and the JSON Schema.
//
// The Go types are the only declaration of a key. Their tags say the rest: yaml is the key's name, doc its description,
// default and example its values, required that it must be there, choices (a|b) and pattern what it may be, expected how
// a person is told so, min and max a range or a number of entries (why explains the max), expand that ${NAME} is replaced,
// empty that an empty text has a meaning, one and most the group of keys of which exactly or at most one may be there,
// with the key that must stand beside it, names and names-expected what the keys of a map may be.
package config

import "reflect"

// Config is one config file, checked; in it every ${NAME} is still as it was written.
type Config struct {
	Version      int                    `yaml:"version" required:"true" choices:"1" doc:"The version of this format."`
	App          string                 `yaml:"app" required:"true" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" expected:"lower-case letters, digits and hyphens" doc:"The name of the application." example:"wos"`
	Migrations   Migrations             `yaml:"migrations" doc:"The schema migrations and how they are applied."`
	Promotion    []string               `yaml:"promotion" min:"1" max:"4" why:"a workflow's job graph has four slots" doc:"The environments in the order of promotion; each needs proof from the one before it." example:"[sandbox, production]"`
	Environments map[string]Environment `yaml:"environments" required:"true" min:"1" names:"^[A-Za-z0-9_-]{1,255}$" names-expected:"letters, digits, - and _, at most 255" doc:"The places where the application runs, by name."`
	Checks       Checks                 `yaml:"checks" doc:"What verify asks of every environment."`

	document *document
}

// Migrations says where the goose files are and how long a migration may take.
type Migrations struct {
	Directory        string   `yaml:"dir" default:"migrations" doc:"The folder of the goose files, relative to the project."`
	LockTimeout      Duration `yaml:"lock-timeout" default:"3s" doc:"How long one statement may wait for a lock, and others for one of the migration's."`
	StatementTimeout Duration `yaml:"statement-timeout" default:"15m" doc:"How long one statement may run; PostgreSQL only."`
	RetryFor         Duration `yaml:"retry-for" default:"10m" doc:"How long a migration is tried again that waited too long for a lock, met a deadlock or lost its connection; PostgreSQL only."`
	EndBlockers      []string `yaml:"end-blockers" doc:"The applications, by their application_name, whose sessions are ended when a migration waits for half of the lock-timeout; PostgreSQL only." example:"[nightly-report]"`
}

// DefaultMigrations returns what holds where no config says anything.
func DefaultMigrations() Migrations {
	var migrations Migrations
	setDefaults(reflect.ValueOf(&migrations).Elem())
	return migrations
}

// Environment is one place where the application runs.
type Environment struct {
	URL      string   `yaml:"url" pattern:"^https?://" expected:"an http or https URL" doc:"Where people reach the application; it holds no user and no password." example:"https://www.example.com"`
	AWS      *AWS     `yaml:"aws" doc:"The AWS account of the environment."`
	Database Database `yaml:"database" required:"true" doc:"The database and how it is reached."`
	Backups  Backups  `yaml:"backups" doc:"What is kept, and what provisioning asks of the database."`

	Rehearsal *Rehearsal `yaml:"rehearsal" doc:"Where migrations are rehearsed before they are applied here. When it is not set, on a copy, and nowhere in the last environment of the order."`

	Deploy   *Deploy   `yaml:"deploy" doc:"How a version is put in front of users."`
	Window   *Window   `yaml:"window" doc:"When a promotion may start."`
	Approval *Approval `yaml:"approval" doc:"Who must agree before a promotion."`
	Evidence *Evidence `yaml:"evidence" doc:"What the person who approves gets to see."`
	Watch    *Watch    `yaml:"watch" doc:"How long the new version is observed."`
	Runner   []string  `yaml:"runner" doc:"The labels of the GitHub runner on which the environment's job runs; [ubuntu-latest] when it is not set." example:"[self-hosted, wos-production]"`
	Notify   []Notify  `yaml:"notify" doc:"Who is told about a promotion."`
}

// AWS is an account's region and the role that a job assumes there.
type AWS struct {
	Region string `yaml:"region" pattern:"^[a-z0-9-]+$" expected:"a region such as us-east-1" doc:"The AWS region." example:"us-east-1"`
	Role   string `yaml:"role" pattern:"^arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+$" expected:"the ARN of an IAM role" doc:"The ARN of the role that the job assumes." example:"arn:aws:iam::111111111111:role/airlock-sandbox"`
}

// Database is one database: exactly one of RDS, Aurora, Postgres and SQLite is set.
type Database struct {
	RDS      string `yaml:"rds" one:"kind" doc:"The identifier of an RDS instance."`
	Aurora   string `yaml:"aurora" one:"kind" doc:"The identifier of an Aurora cluster."`
	Postgres string `yaml:"postgres" one:"kind" doc:"The name of the database that url or secret must lead to; another one is refused."`
	SQLite   string `yaml:"sqlite" one:"kind" doc:"The path of a SQLite file, relative to the project."`
	Secret   string `yaml:"secret" most:"access" doc:"The name of the Secrets Manager secret with the credentials." example:"wos/sandbox"`
	URL      Secret `yaml:"url" most:"access" doc:"The connection URL." example:"${DATABASE_URL}"`
	Via      *Via   `yaml:"via" doc:"The way in when the runner cannot reach the database."`
}

// Via is the tunnel to a database: exactly one of SSH and SSM is set.
type Via struct {
	SSH *SSH `yaml:"ssh" one:"kind" doc:"Through an SSH server."`
	SSM *SSM `yaml:"ssm" one:"kind" doc:"Through an instance that AWS Systems Manager manages."`
}

// SSH is an account on an SSH server.
type SSH struct {
	Host string `yaml:"host" required:"true" doc:"The name or address of the server."`
	User string `yaml:"user" doc:"The account on the server."`
	Key  Secret `yaml:"key" doc:"The private key." example:"${BASTION_KEY}"`
	Port int    `yaml:"port" default:"22" min:"1" max:"65535" doc:"The port of the server."`
}

// SSM finds an instance that AWS Systems Manager manages.
type SSM struct {
	Tag string `yaml:"tag" required:"true" pattern:"^[^=]+=.+$" expected:"a tag such as Name=wos-sandbox" doc:"The tag of the instance." example:"Name=wos-sandbox"`
}

// Backups says what is kept and what provisioning asks of the database.
type Backups struct {
	Retention          Duration `yaml:"retention" doc:"How long automated backups are kept." example:"30d"`
	PointInTime        bool     `yaml:"point-in-time" doc:"Whether the database can be restored to any moment."`
	Encrypted          bool     `yaml:"encrypted" doc:"Whether the storage is encrypted."`
	DeletionProtection bool     `yaml:"deletion-protection" doc:"Whether the database is protected against deletion."`
	KeepSnapshots      int      `yaml:"keep-snapshots" min:"1" doc:"How many of Airlock's snapshots are kept; all of them when it is not set."`
	Directory          string   `yaml:"directory" default:".airlock/snapshots" doc:"Where snapshots on a laptop go, relative to the project."`
}

// Rehearsal says where migrations are rehearsed: up, down and up again, from the schema version of the next environment.
type Rehearsal struct {
	On   string `yaml:"on" required:"true" choices:"scratch|sandbox|production-copy|none" doc:"A copy beside the database; the database itself; the newest snapshot of the next environment, restored into a temporary database; or nowhere." example:"scratch"`
	Role string `yaml:"role" pattern:"^arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+$" expected:"the ARN of an IAM role" doc:"The role that restores a snapshot in RDS, in place of the environment's own." example:"arn:aws:iam::222222222222:role/airlock-rehearsal"`
}

// Deploy is a rollout: exactly one of Compose, Process and ECS is set.
type Deploy struct {
	Build   string   `yaml:"build" choices:"on-host" doc:"Builds the image on the host, when no digest is promoted."`
	Compose *Compose `yaml:"compose" one:"kind" doc:"A service of a Compose project."`
	Process *Process `yaml:"process" one:"kind" doc:"A process on this machine."`
	ECS     *ECS     `yaml:"ecs" one:"kind" doc:"A service on Amazon ECS."`
	Host    *Host    `yaml:"host" doc:"The machine on which the application runs."`
}

// Compose is a service of a Compose project.
type Compose struct {
	File     string `yaml:"file" required:"true" doc:"The Compose file." example:"deploy/compose.yaml"`
	Service  string `yaml:"service" required:"true" doc:"The service that is replaced."`
	Project  string `yaml:"project" pattern:"^[a-z0-9][a-z0-9_-]*$" expected:"lower-case letters, digits, - and _" doc:"The name of the Compose project; app and environment joined by a hyphen when it is not set."`
	Strategy string `yaml:"strategy" choices:"recreate|blue-green" default:"recreate" doc:"How the new version takes over."`
	Proxy    string `yaml:"proxy" choices:"nginx" doc:"The proxy that is switched in a blue-green rollout."`

	Environment  map[string]string `yaml:"environment" expand:"true" empty:"true" names:"^[A-Za-z_][A-Za-z0-9_]*$" names-expected:"letters, digits and _, not beginning with a digit" doc:"The variables that the Compose file asks for."`
	StartTimeout Duration          `yaml:"start-timeout" default:"60s" doc:"How long the service may take until it is healthy."`
	StopTimeout  Duration          `yaml:"stop-timeout" doc:"How long the service may take to end; the Compose file's stop_grace_period when it is not set."`
}

// Process is a process on this machine.
type Process struct {
	Command      []string          `yaml:"command" required:"true" min:"1" empty:"true" doc:"The program and its arguments, run inside the release's folder." example:"[./app]"`
	Directory    string            `yaml:"directory" required:"true" doc:"Where the releases, the state and the log of this environment live."`
	Environment  map[string]string `yaml:"environment" expand:"true" empty:"true" names:"^[A-Za-z_][A-Za-z0-9_]*$" names-expected:"letters, digits and _, not beginning with a digit" doc:"The variables of the process."`
	StartTimeout Duration          `yaml:"start-timeout" default:"30s" doc:"How long the process may take until it accepts connections."`
	StopTimeout  Duration          `yaml:"stop-timeout" default:"10s" doc:"How long the process may take to end."`
}

// ECS is a service on Amazon ECS.
type ECS struct {
	Cluster string `yaml:"cluster" required:"true" doc:"The name of the cluster."`
	Service string `yaml:"service" required:"true" doc:"The name of the service."`
}

// Host is a machine: this one when neither SSM nor SSH is set.
type Host struct {
	SSM       *SSM   `yaml:"ssm" most:"kind" doc:"Reached through AWS Systems Manager."`
	SSH       *SSH   `yaml:"ssh" most:"kind" doc:"Reached through SSH."`
	Directory string `yaml:"directory" doc:"The folder of the application on the host." example:"/opt/WoS"`
}

// Window is the time of day in which a promotion may start; To before From means that it goes past midnight.
type Window struct {
	From     Clock    `yaml:"from" required:"true" doc:"When the window opens." example:"02:00"`
	To       Clock    `yaml:"to" required:"true" doc:"When the window closes." example:"04:00"`
	Timezone Timezone `yaml:"timezone" required:"true" doc:"The IANA name of the timezone." example:"America/New_York"`
	Outside  string   `yaml:"outside" choices:"fail|wait|warn" default:"fail" doc:"What happens outside the window."`
}

// Approval says who must agree.
type Approval struct {
	By                string   `yaml:"by" required:"true" choices:"environment|dispatch|terminal" doc:"Where the approval is given."`
	Reviewers         []string `yaml:"reviewers" doc:"The people and teams who may approve." example:"[team/release-managers]"`
	PreventSelfReview bool     `yaml:"prevent-self-review" doc:"Whether the person who started a run may not approve it."`
	Branches          []string `yaml:"branches" doc:"The branches that may be promoted." example:"[main]"`
}

// Evidence says what the person who approves gets to see from the environment itself.
type Evidence struct {
	MaxAge      Duration `yaml:"max-age" doc:"How old the evidence may be when the promotion starts." example:"12h"`
	Environment string   `yaml:"environment" required:"true" pattern:"^[A-Za-z0-9_-]{1,255}$" expected:"letters, digits, - and _, at most 255" doc:"The GitHub environment of the job that may only read." example:"production-read"`
	Role        string   `yaml:"role" pattern:"^arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+$" expected:"the ARN of an IAM role" doc:"The role that this job assumes in place of the environment's." example:"arn:aws:iam::222222222222:role/airlock-production-read"`
	Secret      string   `yaml:"secret" doc:"The Secrets Manager secret of a database user that may only read." example:"wos/production-read"`
}

// Watch says how long and how often the new version is observed.
type Watch struct {
	For            Duration `yaml:"for" required:"true" doc:"How long the new version is observed." example:"30m"`
	Every          Duration `yaml:"every" required:"true" doc:"The time between two looks; at most the value of for." example:"5s"`
	OnInconclusive string   `yaml:"on-inconclusive" choices:"stop|rollback" default:"stop" doc:"What happens when the watch cannot tell."`
}

// Notify is one receiver: exactly one of Slack and SNS is set.
type Notify struct {
	Slack Secret `yaml:"slack" one:"kind" doc:"The URL of a Slack webhook." example:"${SLACK_WEBHOOK}"`
	SNS   string `yaml:"sns" one:"kind" pattern:"^arn:[a-z0-9-]+:sns:.+$" expected:"the ARN of an SNS topic" doc:"The ARN of an SNS topic."`
}
