package rollout

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestComposeForwardAndBack(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, func(o *ComposeOptions) { o.Keep = 3 })
	site.wants("!", "")
	if err := site.Free(t.Context()); err != nil {
		t.Errorf("before anything: %v", err)
	}
	versions := map[string]Version{}
	for _, label := range []string{"v1", "v2", "v3"} {
		versions[label] = site.place(site.pushed(label, ""), label)
	}
	for _, step := range []struct{ serve, want string }{
		{"v1", "v1"}, {"v2", "v2<v1"}, {"v3", "v3<v2"}, {"v3", "v3<v2"}, {"v2", "v2<v1"},
	} {
		before, again := site.running(), stateOf(t, site) == step.want
		site.serve(versions[step.serve])
		site.wants(step.want, step.serve+" first")
		if same := site.running() == before; same != again {
			t.Errorf("%s: the container stayed: %t, want %t", step.serve, same, again)
		}
	}
	if err := site.Free(t.Context()); err != nil {
		t.Errorf("its own port is not free: %v", err)
	}
	if err := site.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	site.wants("!", "")
	if err := site.Stop(t.Context()); err != nil {
		t.Errorf("stopping nothing: %v", err)
	}
}

func TestComposeKeepsImagesByTags(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil) // Keep is 1: what serves, the one before, and one more.
	var all []Version
	var references []string
	for _, label := range []string{"served", "skipped", "waiting", "serves"} {
		references = append(references, site.pushed(label, ""))
		all = append(all, site.place(references[len(references)-1], label))
		if label != "skipped" && label != "waiting" {
			site.serve(all[len(all)-1])
		}
	}
	got := strings.Fields(engine(t, nil, "image", "ls", "--format", "{{.Tag}}", site.repository))
	want := []string{"previous"}
	for _, kept := range []int{0, 2, 3} {
		want = append(want, strings.TrimPrefix(site.tag(all[kept].Image), site.repository+":"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
	if previous, err := site.image(t.Context(), site.repository+":previous"); err != nil || !slices.Contains(previous.RepoDigests, references[0]) {
		t.Errorf("the tag previous is %v, %v; want %s", previous, err, references[0])
	}
	if _, err := site.image(t.Context(), references[1]); err == nil {
		t.Error("the image that is no longer needed is still on the host")
	}
	wants(t, site.Check(t.Context(), all[1].Image), "is not in")
}

// The registry is gone, and the file of today is broken: neither is needed on the way back.
func TestComposeGoesBackByWhatIsOnTheHost(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	first := site.place(site.pushed("v1", ""), "v1")
	site.serve(first)
	site.write("compose.yaml", strings.Replace(composeText, "SETTING:-first", "SETTING:-second", 1))
	site.serve(site.place(site.pushed("v2", ""), "v2"))
	site.wants("v2<v1", "v2 second")
	gone := "127.0.0.1:1/gone@sha256:" + strings.Repeat("0", 64)
	_, err := site.Place(t.Context(), gone, Version{Label: "v3"}, nil)
	wants(t, err, "cannot be pulled", "connection refused")
	site.write("compose.yaml", "services: {app: {imag: x}}")
	wants(t, site.Free(t.Context()), "cannot be used", "imag")
	_, err = site.Place(t.Context(), gone, Version{Label: "v3"}, nil)
	wants(t, err, "cannot be used", "imag")
	if err := os.Remove(filepath.Join(site.folder, "compose.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := site.Check(t.Context(), first.Image); err != nil {
		t.Error(err)
	}
	site.serve(first)
	site.wants("v1", "v1 first")
}

// A release has one Compose file: what serves, and what can be gone back to, keeps the one that it served with.
func TestComposeKeepsTheFileOfWhatServesAndOfTheWayBack(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	other := strings.Replace(composeText, "SETTING:-first", "SETTING:-other", 1)
	reference := site.pushed("v1", "")
	first := site.place(reference, "v1")
	// Nothing serves by it yet: it may still be corrected.
	site.write("compose.yaml", other)
	site.place(reference, "v1")
	site.write("compose.yaml", composeText)
	site.place(reference, "v1")
	site.serve(first)
	refuses := func(says string) {
		t.Helper()
		site.write("compose.yaml", other)
		_, err := site.Place(t.Context(), reference, Version{Label: "v1 again"}, nil)
		wants(t, err, says, "with another Compose file than "+site.options.File)
		site.write("compose.yaml", composeText)
		site.place(reference, "v1")
	}
	refuses("serves")
	second := site.place(site.pushed("v2", "sick"), "v2")
	wants(t, site.Serve(t.Context(), second.Image, nil), "v2 is unhealthy")
	refuses("is the version to go back to")
	site.serve(first)
	site.wants("v1", "v1 first")
	// The same file in another checkout is the same.
	checkout := site.options
	checkout.File, checkout.ProjectDirectory = filepath.Join(site.folder, "checkout", "compose.yaml"), ""
	if err := os.Mkdir(filepath.Dir(checkout.File), 0o700); err != nil {
		t.Fatal(err)
	}
	site.write("checkout/compose.yaml", composeText)
	site.write("checkout/app.env", "")
	site.use(checkout)
	site.place(reference, "v1")
}

// What was put in place and does not run is nobody's way back.
func TestComposeFileOfWhatDoesNotRunCanBeCorrected(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	site.write("compose.yaml", strings.Replace(composeText, "[CMD, /app, healthcheck]", "[CMD, /nothing]", 1))
	reference := site.pushed("v1", "")
	version := site.place(reference, "v1")
	wants(t, site.Serve(t.Context(), version.Image, nil), "v1 is unhealthy")
	site.write("compose.yaml", composeText)
	site.serve(site.place(reference, "v1"))
	site.wants("v1", "v1 first")
}

// A label and a value are data: Compose must not put variables into them, nor YAML take them for something else.
func TestComposeServesAnewWhenAVariableChanges(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	label := `v1 "$DATABASE_URL" ${PORT} $$ 'x': [1] # é <&>`
	version := site.place(site.pushed("v1", ""), label)
	site.serve(version)
	settings := site.options
	settings.Variables = map[string]string{"SETTING": "a$b${c}$$d", "PORT": settings.Variables["PORT"], "DATABASE_URL": "x"}
	site.use(settings)
	site.serve(version)
	site.wants(label, "v1 a$b${c}$$d")
}

func TestComposeLeavesOtherServicesAlone(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	other := []string{"OTHER=" + site.local("other", "")}
	site.byHand(other, "up", "--detach", "--no-deps", "database")
	list := func() string {
		return engine(t, nil, "container", "ls", "--no-trunc", "--format", "{{.ID}}", "--filter", "label="+labelProject+"="+site.options.Project, "--filter", "label="+labelService+"=database")
	}
	before := list()
	if before == "" {
		t.Fatal("the other service does not run")
	}
	site.serve(site.place(site.pushed("v1", ""), "v1"))
	site.serve(site.place(site.pushed("v2", ""), "v2"))
	if err := site.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := list(); after != before {
		t.Errorf("the other service runs as %q, and did as %q", after, before)
	}
	if volumes := engine(t, nil, "volume", "ls", "--quiet", "--filter", "label="+labelProject+"="+site.options.Project); volumes == "" {
		t.Error("the volume is gone")
	}
}

// Someone brought the first version up before there was Airlock, from an image that was built there.
func TestComposeGoesBackToWhatWasStartedByHand(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	settings := site.options
	site.write("by-hand.yaml", strings.Replace(composeText, "SETTING:-first", "SETTING:-by-hand", 1))
	site.options.File = filepath.Join(site.folder, "by-hand.yaml")
	site.byHand([]string{"IMAGE=" + site.local("v0", "")}, "up", "--detach", "--no-deps", "--no-build", "app")
	state, err := site.State(t.Context())
	if err != nil || state.Current == nil || !state.Running || state.Previous != nil {
		t.Fatalf("got state %v, %v", state, err)
	}
	site.use(settings)
	site.serve(site.place(site.pushed("v1", ""), "v1"))
	site.wants("v1<", "v1 first")
	if err := site.Check(t.Context(), state.Current.Image); err != nil {
		t.Fatal(err)
	}
	site.serve(*state.Current)
	site.wants("", "v0 by-hand")
}

// What a registry knows is the same version as the one that is promoted.
func TestComposeKnowsThePulledImageThatWasStartedByHand(t *testing.T) {
	t.Parallel()
	site := givenCompose(t, nil)
	reference := site.pushed("v1", "")
	engine(t, nil, "image", "pull", "--quiet", reference)
	// Another repository has the same image by another digest: what the container names counts.
	engine(t, nil, "image", "tag", reference, registry(t)+"/a-"+site.options.Project+":v1")
	engine(t, nil, "image", "push", registry(t)+"/a-"+site.options.Project+":v1")
	site.byHand([]string{"IMAGE=" + reference}, "up", "--detach", "--no-deps", "--no-build", "app")
	version := site.place(reference, "v1")
	state, err := site.State(t.Context())
	if err != nil || state.Current == nil || state.Current.Image != version.Image {
		t.Fatalf("got state %v, %v, want image %s", state, err, version.Image)
	}
	site.serve(version)
	site.wants("v1", "v1 first")
}

func TestComposeKeepsSecretsOutOfWhatItWrites(t *testing.T) {
	t.Parallel()
	spy := filepath.Join(t.TempDir(), "docker")
	site := givenCompose(t, func(o *ComposeOptions) { o.Docker = spy })
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s ' \"$@\" >>%s/asked\nexec docker \"$@\"\n", site.folder)
	if err := os.WriteFile(spy, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	site.serve(site.place(site.pushed("v1", ""), "v1"))
	var inspected []struct {
		Config struct {
			Env    []string
			Labels map[string]string
		}
	}
	content := engine(t, nil, "container", "inspect", site.running())
	if err := json.Unmarshal([]byte(content), &inspected); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(inspected[0].Config.Env, "DATABASE_URL="+site.options.Variables["DATABASE_URL"]) {
		t.Errorf("the container's environment is %q", inspected[0].Config.Env)
	}
	if shown := fmt.Sprint(inspected[0].Config.Labels); strings.Contains(shown, "canary") {
		t.Errorf("a label shows a secret: %s", shown)
	}
	asked, err := os.ReadFile(filepath.Join(site.folder, "asked"))
	if err != nil || strings.Contains(string(asked), "canary") || !strings.Contains(string(asked), "--no-deps") {
		t.Errorf("an argument shows a secret, or none was seen: %v, %s", err, asked)
	}
	err = filepath.WalkDir(site.directory, func(path string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := found.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if err != nil || found.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), "canary") {
			t.Errorf("%s holds a secret: %s", path, content)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// composePicture is all that should be the same after an undisturbed and after an interrupted run, but for the project's name.
func (s *composeSite) picture() []string {
	s.t.Helper()
	tags := strings.Fields(engine(s.t, nil, "image", "ls", "--format", "{{.Tag}}", s.repository))
	slices.Sort(tags)
	names := engine(s.t, nil, "container", "ls", "--all", "--format", "{{.Names}}", "--filter", "label="+labelProject+"="+s.options.Project)
	return append(tags, stateOf(s.t, s), fetch(s.t, "http://127.0.0.1:"+s.options.Variables["PORT"]+"/"), strings.ReplaceAll(names, s.options.Project, "project"))
}

func TestComposeKilledDeployerRunAgain(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	images := givenCompose(t, nil)
	first, second := images.pushed("v1", "lingering"), images.pushed("v2", "slow")
	prepared := func(t *testing.T) (*composeSite, *exec.Cmd) {
		site := givenCompose(t, nil)
		site.serve(site.place(first, "v1"))
		command := exec.Command(binary)
		command.Env = append(os.Environ(), "ROLLOUT_TEST_ROLE=compose deployer", "DIRECTORY="+site.folder,
			"PROJECT="+site.options.Project, "ADDRESS=127.0.0.1:"+site.options.Variables["PORT"], "SOURCE="+second)
		return site, command
	}
	undisturbed, command := prepared(t)
	started := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	took := time.Since(started)
	want := undisturbed.picture()
	const moments = 4
	for seed := range uint64(moments) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			site, command := prepared(t)
			// A stratum for each seed, so that the moments cover the run.
			moment := took * time.Duration(1000*seed+rand.New(rand.NewPCG(seed, 1)).Uint64N(1000)) / (1000 * moments)
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(moment)
			command.Process.Kill()
			command.Wait()
			// What it was doing may be half done; that must be known.
			if _, err := site.State(t.Context()); err != nil {
				t.Errorf("killed after %s: %v", moment, err)
			}
			if err := deployCompose(site.Compose, second); err != nil {
				t.Fatalf("killed after %s: %v", moment, err)
			}
			if difference := cmp.Diff(want, site.picture()); difference != "" {
				t.Errorf("killed after %s: %s", moment, difference)
			}
		})
	}
}
