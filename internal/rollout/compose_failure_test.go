package rollout

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

func TestComposeVersionsThatDoNotServe(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	good := site.place(site.pushed("v1", ""), "v1")
	site.serve(good)
	for _, test := range []struct {
		label, behaviour string
		says             []string
	}{
		{"v2", "exit", []string{"v2 ended with exit code 1", "settings: ***", "cannot start:  [31mno such table"}},
		{"v3", "sick", []string{"v3 is unhealthy", "its health check says: the heroes are ill ***"}},
	} {
		bad := site.place(site.pushed(test.label, test.behaviour), test.label)
		err := site.Serve(t.Context(), bad.Image, nil)
		wants(t, err, test.says...)
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	site.wants("v3<v2!", "")
	site.serve(good)
	site.wants("v1", "v1 first")
}

// Docker starts it again and again: between two of its ends it runs.
func TestComposeVersionThatEndsWithoutAHealthCheck(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	before, after, _ := strings.Cut(composeText, "    healthcheck:")
	_, after, _ = strings.Cut(after, "\n")
	site.write("compose.yaml", before+"    restart: always\n"+after)
	bad := site.place(site.pushed("v1", "exit"), "v1")
	wants(t, site.Serve(t.Context(), bad.Image, nil), "version v1", "cannot start")
	if err := site.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	good := site.place(site.pushed("v2", ""), "v2")
	site.serve(good)
	site.wants("v2", "v2 first")
}

func TestComposePortOfAnotherContainer(t *testing.T) {
	t.Parallel()
	holder := givenCompose(t, nil)
	holder.serve(holder.place(holder.pushed("v1", ""), "v1"))
	site := givenCompose(t, func(o *ComposeOptions) { o.Variables["PORT"] = holder.options.Variables["PORT"] })
	says := []string{"port " + site.options.Variables["PORT"] + " is held by container " + holder.options.Project + "-app-1", "of service app of project " + holder.options.Project}
	wants(t, site.Free(t.Context()), says...)
	version := site.place(site.pushed("v1", ""), "v1")
	wants(t, site.Serve(t.Context(), version.Image, nil), says...)
	site.wants("!", "")
	if err := holder.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := site.Free(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestComposePreviousImageThatIsGone(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	reference := site.pushed("v1", "")
	first := site.place(reference, "v1")
	site.serve(first)
	site.serve(site.place(site.pushed("v2", ""), "v2"))
	// Someone cleaned up: docker image prune --all.
	engine(t, nil, "image", "rm", "--force", reference, site.tag(first.Image), site.repository+":previous")
	site.wants("v2", "v2 first")
	for _, err := range []error{site.Check(t.Context(), first.Image), site.Serve(t.Context(), first.Image, nil)} {
		wants(t, err, "the image of release v1 is not on the host any more")
		if hint := problem.Hint(err); hint != "docker pull "+reference {
			t.Errorf("got hint %q", hint)
		}
	}
	engine(t, nil, "image", "pull", "--quiet", reference)
	// A tag that someone moved leads to no other image.
	engine(t, nil, "image", "tag", site.local("v9", ""), site.tag(first.Image))
	site.wants("v2<v1", "v2 first")
	if err := os.Rename(site.composeFile(first.Image), site.composeFile(first.Image)+".away"); err != nil {
		t.Fatal(err)
	}
	wants(t, site.Check(t.Context(), first.Image), "the Compose file of release v1 is gone")
	if err := os.Rename(site.composeFile(first.Image)+".away", site.composeFile(first.Image)); err != nil {
		t.Fatal(err)
	}
	site.serve(first)
	site.wants("v1", "v1 first")
}

func TestComposeServiceOfAnotherEnvironment(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	version := site.place(site.pushed("v1", ""), "v1")
	site.serve(version)
	settings := site.options
	settings.Environment = "production"
	other := &composeSite{t: t, folder: site.folder}
	other.use(settings)
	_, err := other.State(t.Context())
	for _, err := range []error{err, other.Serve(t.Context(), version.Image, nil), other.Stop(t.Context())} {
		wants(t, err, `belongs to "wos/sandbox", not to wos/production`)
	}
	// Two versions at once, which Compose itself would not make.
	layer := site.local("v2", "")
	engine(t, nil, "container", "run", "--detach", "--label", labelProject+"="+settings.Project, "--label", labelService+"=app",
		"--label", labelOneOff+"=False", "--network", "none", layer)
	_, err = site.State(t.Context())
	wants(t, err, "runs two versions at once")
	if problem.KindOf(err) != problem.Inconclusive {
		t.Errorf("got kind %v, want inconclusive", problem.KindOf(err))
	}
}

// Between the versions nothing serves: an interrupt must not make that last.
func TestComposeInterrupted(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	first := site.place(site.pushed("v1", "lingering"), "v1")
	site.serve(first)
	second := site.place(site.pushed("v2", ""), "v2")
	ctx, cancel := context.WithCancel(t.Context())
	err := site.Serve(ctx, second.Image, interrupter{"checking", cancel})
	wants(t, err, "interrupted")
	site.wants("v1", "v1 first")
	ctx, cancel = context.WithCancel(t.Context())
	err = site.Serve(ctx, second.Image, interrupter{"replacing", func() { time.AfterFunc(150*time.Millisecond, cancel) }})
	wants(t, err, "interrupted while version v2 was starting; it is the current version")
	answers(t, "http://127.0.0.1:"+site.options.Variables["PORT"]+"/")
	site.wants("v2<v1", "v2 first")
}

// answers waits until something answers at an address: nobody waited for the version that was starting.
func answers(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(address)
		if err == nil {
			response.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestComposeTwoDeployersAtOnce(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	version := site.place(site.pushed("v1", ""), "v1")
	lock, err := site.lock(t.Context(), lockWait)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	site.lockWait = 50 * time.Millisecond
	says := fmt.Sprintf("another airlock (process %d) is deploying", os.Getpid())
	wants(t, site.Serve(t.Context(), version.Image, nil), says)
	wants(t, site.Stop(t.Context()), says)
	_, err = site.Place(t.Context(), "127.0.0.1:1/x@"+version.Image, Version{}, nil)
	wants(t, err, says)
}

// What cannot be asked is unknown, which is never a yes.
func TestComposeWithoutAnEngine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "chatty"), []byte("#!/bin/sh\nexec head -c 5000000 /dev/zero\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*ComposeOptions)
		says   string
	}{
		"engine": {func(o *ComposeOptions) {
			o.LookupEnv = func(name string) (string, bool) {
				if name == "DOCKER_HOST" {
					return "unix://" + folder + "/nothing.sock", true
				}
				return os.LookupEnv(name)
			}
		}, "the Docker engine does not answer"},
		"client":   {func(o *ComposeOptions) { o.Docker = folder + "/docker" }, "the Docker client cannot be run"},
		"nonsense": {func(o *ComposeOptions) { o.Docker = "echo" }, "docker container inspect cannot be read"},
		"refusing": {func(o *ComposeOptions) { o.Docker = "false" }, "what the engine runs cannot be told"},
		"chatty":   {func(o *ComposeOptions) { o.Docker = filepath.Join(folder, "chatty") }, "printed more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := givenCompose(t, test.change)
			_, err := site.State(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.says) || problem.KindOf(err) != problem.Inconclusive {
				t.Errorf("got error %v, want an inconclusive one that says %q", err, test.says)
			}
		})
	}
}

func TestComposeFilesThatCannotServe(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	for _, test := range []struct{ file, says string }{
		{"services: {other: {image: x}}", "has no service app"},
		{"services: {app: {image: x, environment: {A: '${MISSING:?ask the team}'}}}", "MISSING is missing a value: ask the team"},
		{"services: [", "cannot be used"},
		{"services: {app: {image: x, ports: ['${DATABASE_URL}:1']}}", "invalid"},
	} {
		site.write("compose.yaml", test.file)
		err := site.Free(t.Context())
		wants(t, err, test.says)
		if strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

// The host's own env files hold secrets that Airlock is never told.
func TestComposeEnvFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	for _, test := range []struct{ content, says string }{
		{"A=1\nD=\"unterminated canary-secret\n", "line 3: "},
		{"A=1\ncanary-secret!x=1\n", "line 2: "},
		{"D=${canary-secret\n", ""},
		{"D=${X:?canary-secret}\n", ""},
		{"D=x$canary\nE='unterminated\ncanary-secret\n", "line 4: "},
	} {
		for _, name := range []string{".env", "app.env"} {
			site.write(".env", "")
			site.write("app.env", "")
			site.write(name, test.content)
			err := site.Free(t.Context())
			wants(t, err, "failed to read "+filepath.Join(site.folder, name)+": "+test.says+"what is wrong there is left out")
			if strings.Contains(fmt.Sprint(err), "canary") {
				t.Errorf("%s with %q: the error shows a secret: %v", name, test.content, err)
			}
		}
	}
	// What the file puts where it cannot be, and the end of a password that looks like a variable.
	site.write("app.env", "")
	site.write(".env", "# canary\nHOST_PORT='canary-port\ncanary-more'\nPASSWORD=x$canary\n")
	site.write("compose.yaml", "services: {app: {image: x, ports: ['${HOST_PORT}:1']}}")
	err := site.Free(t.Context())
	wants(t, err, "hostPort: ***")
	if strings.Contains(fmt.Sprint(err), "canary") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestImageDigest(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0f", 32)
	for _, test := range []struct{ reference, want string }{
		{"127.0.0.1:5000/wos@" + digest, "127.0.0.1:5000/wos@" + digest},
		{"ghcr.io/randomchaoslabs/wos:v2@" + digest, "ghcr.io/randomchaoslabs/wos@" + digest},
		{"wos@" + digest, "docker.io/library/wos@" + digest},
		{"[::1]:5000/wos@" + digest, "[::1]:5000/wos@" + digest},
		{"wos", ""}, {"wos:latest", ""}, {digest, ""}, {"@" + digest, ""}, {"", ""}, {"wos@sha256:0f", ""},
		{"wos@sha512:" + strings.Repeat("0f", 64), ""}, {"wos@" + strings.ToUpper(digest), ""}, {"wos@" + digest + "\n", ""},
		{"--all@" + digest, ""}, {"-q", ""}, {"wos --help@" + digest, ""}, {"wos@" + digest + " x", ""}, {"$(id)@" + digest, ""},
		{"../wos@" + digest, ""}, {"Wos@" + digest, ""}, {"wos;id@" + digest, ""}, {strings.Repeat("a", 300) + "@" + digest, ""},
		{"user:password@host/wos@" + digest, ""}, {"https://host/wos@" + digest, ""},
	} {
		got, image, err := pinned(test.reference)
		if got != test.want || test.want != "" && image != digest {
			t.Errorf("%q: got %q and digest %q, %v; want %q", test.reference, got, image, err, test.want)
		}
		if _, err := ImageDigest(test.reference); test.want == "" && problem.KindOf(err) != problem.Usage {
			t.Errorf("%q: got %v, want a usage problem", test.reference, err)
		}
	}
}

func FuzzPinned(f *testing.F) {
	f.Add("127.0.0.1:5000/wos:v1@sha256:" + strings.Repeat("0f", 32))
	f.Add("-wos@sha256:" + strings.Repeat("0", 64))
	f.Fuzz(func(t *testing.T, text string) {
		full, digest, err := pinned(text)
		if err != nil {
			return
		}
		if strings.HasPrefix(full, "-") || strings.ContainsAny(full, " \t\r\n\x00$`;&|<>\"'\\") || !strings.HasSuffix(full, "@"+digest) || !imageForm.MatchString(digest) {
			t.Errorf("%q was taken as %q with digest %q", text, full, digest)
		}
	})
}

func TestNewComposeRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ComposeOptions){
		"service that is an option": func(o *ComposeOptions) { o.Service = "--all" }, "no service": func(o *ComposeOptions) { o.Service = "" },
		"project that is an option": func(o *ComposeOptions) { o.Project = "-p" }, "project with a path": func(o *ComposeOptions) { o.Project = "a/b" },
		"environment with a path": func(o *ComposeOptions) { o.Environment = "../.." }, "no app": func(o *ComposeOptions) { o.App = "" },
		"no file": func(o *ComposeOptions) { o.File = "" }, "negative": func(o *ComposeOptions) { o.Keep = -1 },
		"variable for Docker":  func(o *ComposeOptions) { o.Variables = map[string]string{"DOCKER_HOST": "x"} },
		"variable for Compose": func(o *ComposeOptions) { o.Variables = map[string]string{"COMPOSE_FILE": "x"} },
		"variable PATH":        func(o *ComposeOptions) { o.Variables = map[string]string{"PATH": "x"} },
		"two variables":        func(o *ComposeOptions) { o.Variables = map[string]string{"A=1\nB": "x"} },
		"nowhere to keep": func(o *ComposeOptions) {
			o.Directory, o.LookupEnv = "", func(string) (string, bool) { return "", false }
		},
	} {
		settings := composeOptions("/nowhere", "wos-sandbox", "127.0.0.1:1")
		change(&settings)
		if _, err := NewCompose(settings); problem.KindOf(err) != problem.Usage {
			t.Errorf("%s: got %v, want a usage problem", name, err)
		}
	}
	settings := composeOptions("/srv/wos", "", "127.0.0.1:1")
	settings.Directory = ""
	settings.LookupEnv = func(name string) (string, bool) { return map[string]string{"HOME": "/home/deploy"}[name], true }
	host, err := NewCompose(settings)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{host.directory, host.options.Project, host.options.ProjectDirectory, host.tag("sha256:" + strings.Repeat("0f", 32))}
	want := []string{"/home/deploy/.local/state/airlock/wos/sandbox", "wos-sandbox", "/srv/wos", "airlock/wos-sandbox:0f0f0f0f0f0f0f0f"}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
}

// What a pull prints, read in pieces as they come.
func TestLayersOfAPull(t *testing.T) {
	t.Parallel()
	var told []string
	seen := &layers{name: "wos", progress: teller(func(done, total int64) { told = append(told, fmt.Sprintf("%d/%d", done, total)) })}
	text := "a: Pulling from wos\nb: Already exists\nc: Pulling fs layer\nd: Pulling fs layer\nc: Download complete\nc: Pull complete\nd: Pull complete\nDigest: sha256:0\n" + strings.Repeat("x", 5000)
	for part := range strings.SplitAfterSeq(text, "l") {
		if n, err := seen.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if difference := cmp.Diff([]string{"1/1", "1/2", "1/3", "2/3", "3/3"}, told); difference != "" {
		t.Error(difference)
	}
}

// teller is a progress that counts.
type teller func(done, total int64)

func (t teller) Advance(done, total int64, _ string) { t(done, total) }
