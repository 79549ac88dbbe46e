package rollout

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	canary = `canary-password$x`
	// composeText is a project of two services. The other one is there to be left alone, and has no health check.
	composeText = `services:
  app:
    image: ${IMAGE:-app:local}
    environment:
      DATABASE_URL: ${DATABASE_URL:?set it}
      SETTING: ${SETTING:-first}
    env_file: [app.env]
    ports: ["127.0.0.1:${PORT:?}:8080"]
    read_only: true
    cap_drop: [ALL]
    stop_grace_period: 2s
    depends_on: [database]
    healthcheck: {test: [CMD, /app, healthcheck], interval: 700ms, timeout: 5s, retries: 2}
  database:
    image: ${OTHER:-database:local}
    pull_policy: never
    environment: {DATABASE_URL: ""}
    volumes: [data:/data]
volumes:
  data:
`
)

// registry returns where images are pushed to.
func registry(t *testing.T) string {
	t.Helper()
	address := os.Getenv("AIRLOCK_TEST_REGISTRY")
	if address == "" {
		t.Fatal("AIRLOCK_TEST_REGISTRY is not set: run ./scripts/test, which starts Docker and a registry")
	}
	return address
}

// program is the application as an image's only file, built once.
var program = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "airlock-rollout")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "app")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./testdata/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, output)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	writer := tar.NewWriter(&layer)
	err = writer.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(content)), ModTime: time.Unix(0, 0)})
	if err == nil {
		_, err = writer.Write(content)
	}
	return layer.Bytes(), errors.Join(err, writer.Close())
})

// engine runs the real client by hand.
func engine(t *testing.T, input []byte, arguments ...string) string {
	t.Helper()
	command := exec.Command("docker", arguments...)
	command.Stdin = bytes.NewReader(input)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		t.Fatalf("docker %s: %v: %s", strings.Join(arguments, " "), err, complaint.String())
	}
	return strings.TrimSpace(string(output))
}

// local makes an image of its own for a version, which only this host knows, and returns its name.
func (s *composeSite) local(version, behaviour string) string {
	s.t.Helper()
	layer, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	name := registry(s.t) + "/" + s.options.Project + ":" + version
	engine(s.t, layer, "image", "import", "--change", `ENTRYPOINT ["/app"]`, "--change", "ENV VERSION="+version,
		"--change", "ENV BEHAVIOUR="+behaviour, "--change", "LABEL test="+s.options.Project, "-", name)
	s.t.Cleanup(func() { exec.Command("docker", "image", "rm", "--force", name).Run() })
	return name
}

var pushedAs = regexp.MustCompile(`digest: (sha256:[0-9a-f]{64})`)

// pushed makes an image, pushes it, removes it from the host, and returns its reference.
func (s *composeSite) pushed(version, behaviour string) string {
	s.t.Helper()
	name := s.local(version, behaviour)
	found := pushedAs.FindStringSubmatch(engine(s.t, nil, "image", "push", name))
	if found == nil {
		s.t.Fatal("docker push printed no digest")
	}
	repository, _, _ := strings.Cut(name, ":"+version)
	reference := repository + "@" + found[1]
	engine(s.t, nil, "image", "rm", "--force", name)
	s.t.Cleanup(func() { exec.Command("docker", "image", "rm", "--force", reference).Run() })
	return reference
}

// composeSite is a project of its own on the real engine.
type composeSite struct {
	t *testing.T
	*Compose
	folder string
}

var projects atomic.Int32

func composeOptions(folder, project, address string) ComposeOptions {
	_, port, _ := strings.Cut(address, ":")
	return ComposeOptions{
		App: "wos", Environment: "sandbox", Project: project, Service: "app",
		File: filepath.Join(folder, "compose.yaml"), Directory: filepath.Join(folder, "state"),
		Variables:    map[string]string{"DATABASE_URL": "postgres://wos:" + canary + "@host/wos", "PORT": port},
		StartTimeout: 20 * time.Second, StopTimeout: 5 * time.Second, Keep: 1,
	}
}

// givenCompose returns a project with its own folder, port and name; nothing of it is on the engine when the test has ended.
func givenCompose(t *testing.T, change func(*ComposeOptions)) *composeSite {
	t.Helper()
	registry(t)
	site := &composeSite{t: t, folder: t.TempDir()}
	settings := composeOptions(site.folder, fmt.Sprintf("airlock-test-%d-%d", os.Getpid(), projects.Add(1)), freeAddress(t))
	site.write("compose.yaml", composeText)
	site.write("app.env", "IN_ENV_FILE=canary-in-env-file\n")
	if change != nil {
		change(&settings)
	}
	site.use(settings)
	t.Cleanup(func() {
		for _, kind := range []string{"container", "network", "volume", "image"} {
			list := []string{kind, "ls", "--quiet", "--filter", "label=" + labelProject + "=" + settings.Project}
			remove := []string{kind, "rm", "--force"}
			switch kind {
			case "container":
				list = append(list, "--all")
			case "network":
				remove = remove[:2]
			case "image":
				list = []string{kind, "ls", "--all", "--quiet", "--filter", "label=test=" + settings.Project}
			}
			output, _ := exec.Command("docker", list...).Output()
			if names := strings.Fields(string(output)); len(names) > 0 {
				exec.Command("docker", append(remove, names...)...).Run()
			}
		}
	})
	return site
}

// use makes the next deployments those of other options.
func (s *composeSite) use(settings ComposeOptions) {
	s.t.Helper()
	host, err := NewCompose(settings)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Compose = host
}

func (s *composeSite) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// place brings a pushed version to the host.
func (s *composeSite) place(reference, label string) Version {
	s.t.Helper()
	version, err := s.Place(s.t.Context(), reference, Version{Label: label}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return version
}

func (s *composeSite) serve(version Version) {
	s.t.Helper()
	if err := s.Serve(s.t.Context(), version.Image, nil); err != nil {
		s.t.Fatal(err)
	}
}

// wants compares the state, as labels do, and the page; no page is asked for when nothing runs.
func (s *composeSite) wants(state, page string) {
	s.t.Helper()
	got := stateOf(s.t, s)
	if got != state {
		s.t.Errorf("got state %q, want %q", got, state)
	}
	if page == "" {
		return
	}
	if got := fetch(s.t, "http://127.0.0.1:"+s.options.Variables["PORT"]+"/"); got != page {
		s.t.Errorf("got page %q, want %q", got, page)
	}
}

// running returns the service's containers by their IDs.
func (s *composeSite) running() string {
	s.t.Helper()
	found, err := s.containers(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(ids(found), " ")
}

// byHand starts services as a person would.
func (s *composeSite) byHand(variables []string, arguments ...string) {
	s.t.Helper()
	command := exec.Command("docker", append([]string{"compose", "--project-name", s.options.Project, "--file", s.options.File}, arguments...)...)
	command.Env = append(os.Environ(), variables...)
	for name, value := range s.options.Variables {
		command.Env = append(command.Env, name+"="+value)
	}
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("docker compose %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
}

// deployCompose is what a deployer that is killed does.
func deployCompose(host *Compose, reference string) error {
	version, err := host.Place(context.Background(), reference, Version{Label: "v2"}, nil)
	if err != nil {
		return err
	}
	return host.Serve(context.Background(), version.Image, nil)
}
