//go:build e2e

package e2e_test

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

// secretKey signs the application's sessions; like every secret it must never be seen in a log.
const secretKey = "e2e-secret-key-that-nobody-may-see"

// identityToken is what a job shows to ask who it is.
const identityToken = "e2e-identity-request-token"

// scenario is one repository that calls Airlock, and all that it needs: nothing of it is shared with another scenario
// but the machine, the PostgreSQL cluster, the docker engine and the registry.
type scenario struct {
	folder, caller, airlock string
	github                  githubapitest.Running
	aws                     *awsapitest.AWS
	// places are the environments by name.
	places map[string]place
	// environment are the variables of the machines on which jobs run.
	environment []string
	// message is that of the newest commit.
	message string
	// base is the commit into which the pull request is to be merged.
	base string
	runs int
	// attempts are how often each run was started.
	attempts map[int64]int
}

// place is one environment: where its application is, its database, and its Compose project.
type place struct{ url, database, project string }

// options are what differs between scenarios.
type options struct {
	// build lets the first job build Airlock from its source, as a repository does that calls no released version.
	build bool
	// config are texts of the caller's config, each followed by what stands there instead.
	config []string
}

func newScenario(t testing.TB, with options) *scenario {
	t.Helper()
	authority, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{folder: t.TempDir(), places: map[string]place{}, attempts: map[int64]int{}, aws: awsapitest.Start(t)}
	s.caller, s.airlock = filepath.Join(s.folder, "caller"), filepath.Join(s.folder, "airlock")
	project := "e2e-" + strings.ToLower(strconv.FormatInt(time.Now().UnixNano(), 36))
	values := []string{"PROJECT", project, "ACCOUNT", s.aws.Account}
	for _, name := range []string{"sandbox", "production"} {
		port := freePort(t)
		s.places[name] = place{url: "http://127.0.0.1:" + port, database: databasetest.PostgreSQL(t), project: project + "-" + name}
		s.provision(t, name)
		values = append(values, strings.ToUpper(name)+"_PORT", port)
		t.Cleanup(func() { s.tearDown(t, name) })
	}
	newCaller(t, s.caller, strings.NewReplacer(values...))
	s.configure(t, with.config)
	newAirlock(t, s.airlock, with.build)
	s.github = githubapitest.Start(t, githubapitest.Options{State: githubapitest.State{
		Repository: repository, Private: true,
		Environments: map[string]githubapi.Environment{
			"sandbox": {Name: "sandbox", Branches: githubapi.AnyBranch},
			"production": {
				Name: "production", Reviewers: []githubapi.Reviewer{{Kind: githubapi.User, Name: "release-manager"}},
				Branches: githubapi.CustomBranches, Patterns: []githubapi.Pattern{{Name: "main"}},
			},
		},
		Identity: githubapitest.Identity{RequestToken: identityToken, Subject: "repo:" + repository + ":environment:production"},
	}})
	s.environment = []string{
		"E2E_CALLER=" + s.caller, "E2E_ARTIFACTS=" + filepath.Join(s.folder, "artifacts"), "E2E_MARKS=" + filepath.Join(s.folder, "marks"),
		"AWS_ENDPOINT_URL=" + s.aws.URL, "PGHOSTADDR=127.0.0.1", "PGSSLROOTCERT=" + authority,
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + s.github.URL + githubapitest.IdentityPath + "?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + identityToken,
		"TERM=dumb", // act gives a step a terminal, GitHub does not.
		"XDG_STATE_HOME=" + filepath.Join(s.folder, "host"),
	}
	if !with.build {
		built, err := program("./cmd/airlock")
		if err != nil {
			t.Fatal(err)
		}
		s.environment = append(s.environment, "E2E_AIRLOCK="+built)
	}
	return s
}

// configure puts other texts into the caller's config.
func (s *scenario) configure(t testing.TB, texts []string) {
	t.Helper()
	name := filepath.Join(s.caller, ".github", "airlock.yaml")
	config := read(t, name)
	for pair := range slices.Chunk(texts, 2) {
		if strings.Count(config, pair[0]) != 1 {
			t.Fatalf("the config has %q not once", pair[0])
		}
		config = strings.Replace(config, pair[0], pair[1], 1)
	}
	write(t, name, config)
}

// provision makes the RDS instance of an environment, which has the real database's port, and the secret that leads to it.
func (s *scenario) provision(t testing.TB, name string) {
	t.Helper()
	location, err := url.Parse(s.places[name].database)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseInt(location.Port(), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	s.aws.Instance(t, "wos-"+name, func(input *rds.CreateDBInstanceInput) {
		input.Port, input.DBName = aws.Int32(int32(port)), aws.String(strings.TrimPrefix(location.Path, "/"))
	})
	s.keepSecret(t, "wos/"+name, location.User)
}

// keepSecret puts how to sign in to a database into Secrets Manager.
func (s *scenario) keepSecret(t testing.TB, name string, user *url.Userinfo) {
	t.Helper()
	password, _ := user.Password()
	secret, _ := json.Marshal(map[string]string{"engine": "postgres", "username": user.Username(), "password": password})
	_, err := secretsmanager.NewFromConfig(s.aws.Config(t)).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretString: aws.String(string(secret)),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scenario) tearDown(t testing.TB, name string) {
	for _, kind := range []string{"container", "image"} {
		listed := exec.Command("docker", kind, "ls", "--all", "--quiet", "--filter", map[string]string{
			"container": "label=com.docker.compose.project=" + s.places[name].project, "image": "reference=airlock/" + s.places[name].project + "*",
		}[kind])
		output, err := listed.Output()
		if err != nil {
			t.Errorf("docker %s ls: %v", kind, err)
		}
		for _, id := range strings.Fields(string(output)) {
			_ = exec.Command("docker", kind, "rm", "--force", id).Run() // Another environment may have removed the image.
		}
	}
}

// release pushes what is committed: the caller's workflow promotes an image, as a run of the repository that the release
// manager approves.
func (s *scenario) release(t testing.TB, run int64, image, label string, observe func(line)) outcome {
	t.Helper()
	return s.start(t, trigger{event: "push", run: run, observe: observe}, image, label)
}

// start starts a run of the caller's workflows.
func (s *scenario) start(t testing.TB, from trigger, image, label string) outcome {
	t.Helper()
	commit, branch := s.git(t, "rev-parse", "HEAD"), s.git(t, "branch", "--show-current")
	s.attempts[from.run]++
	from.actor = cmp.Or(from.actor, "octocat")
	s.github.Change(func(state *githubapitest.State) {
		state.Runs = slices.DeleteFunc(state.Runs, func(run githubapi.Run) bool { return run.ID == from.run })
		state.Runs = append(state.Runs, githubapi.Run{
			ID: from.run, WorkflowID: 1, Attempt: s.attempts[from.run], Path: ".github/workflows/release.yml", Event: from.event, Status: "in_progress",
			Branch: branch, Commit: commit, Actor: from.actor, TriggeringActor: from.actor, Created: time.Now(),
		})
		if state.Approvals == nil {
			state.Approvals = map[int64][]githubapi.Approval{}
		}
		state.Approvals[from.run] = []githubapi.Approval{{Environments: []string{"production"}, State: "approved", User: "release-manager", Comment: cmp.Or(from.comment, "go")}}
	})
	from.variables = map[string]string{"IMAGE": image, "LABEL": label}
	from.secrets = map[string]string{"GITHUB_TOKEN": githubapitest.Token, "AIRLOCK_ENV": strings.Join([]string{
		"SANDBOX_DATABASE_URL=" + s.places["sandbox"].database, "PRODUCTION_DATABASE_URL=" + s.places["production"].database, "SECRET_KEY=" + secretKey,
	}, "\n")}
	ended := s.act(t, from)
	s.github.Change(func(state *githubapitest.State) {
		for i := range state.Runs {
			if state.Runs[i].ID == from.run {
				state.Runs[i].Status = "completed"
			}
		}
	})
	return ended
}

// served is what an environment's application says of itself; it is empty when nothing answers.
type served struct {
	Version string
	Schema  int64
}

func (s *scenario) served(t testing.TB, name string) served {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(s.places[name].url + "/version")
	if err != nil {
		return served{}
	}
	defer response.Body.Close()
	var answer served
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Error(err)
	}
	return answer
}

// schema is the version in goose's table, 0 when there is none.
func (s *scenario) schema(t testing.TB, name string) int64 {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), s.places[name].database)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(t.Context())
	var version int64
	err = connection.QueryRow(t.Context(), "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&version)
	if err != nil && !strings.Contains(err.Error(), "does not exist") {
		t.Fatal(err)
	}
	return version
}

// snapshots are the names of the snapshots of an environment's database that somebody asked for.
func (s *scenario) snapshots(t testing.TB, name string) []string {
	t.Helper()
	answer, err := rds.NewFromConfig(s.aws.Config(t)).DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{
		DBInstanceIdentifier: aws.String("wos-" + name), SnapshotType: aws.String("manual"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, snapshot := range answer.DBSnapshots {
		names = append(names, aws.ToString(snapshot.DBSnapshotIdentifier))
	}
	return names
}

// containers are the ids of the applications' containers, by environment.
func (s *scenario) containers(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name, at := range s.places {
		found[name] = run(t, s.folder, "docker", "container", "ls", "--quiet", "--no-trunc", "--filter", "label=com.docker.compose.project="+at.project)
	}
	return found
}

// promotions are the records of an environment's promotions: their descriptions, and the states in the order in
// which they were set.
func (s *scenario) promotions(name string) []string {
	var all []string
	for _, deployment := range s.github.State().Deployments {
		if deployment.Environment != name {
			continue
		}
		text := deployment.Description + ":"
		for _, status := range deployment.Statuses {
			text += " " + status.State
		}
		all = append(all, text)
	}
	return all
}

// secrets are what no log may show.
func (s *scenario) secrets(t testing.TB) map[string]string {
	t.Helper()
	location, err := url.Parse(s.places["production"].database)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := location.User.Password()
	return map[string]string{"the database's password": password, "the session key": secretKey, "the job's identity": identityToken}
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
