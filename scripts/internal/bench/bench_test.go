package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

var update = flag.Bool("update", false, "write what is printed into the golden files")

// TestMain lets the test's own program be what is measured.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		// os.Exit would let the race detector wait a second for late reports.
		syscall.Exit(imitate(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// imitate does what airlock, goose or squawk would do with the arguments.
func imitate(arguments []string) int {
	if strings.HasSuffix(arguments[0], ".sql") {
		fmt.Println("squawk objects")
		return foundSomething
	}
	switch arguments[0] {
	case "silent":
		return 0
	case "fail":
		fmt.Println("what went wrong")
		return 3
	case "up", "migrate":
		if arguments[0] == "migrate" && arguments[1] == "review" {
			return imitateReview(arguments[3])
		}
		if err := migrate(arguments); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	fmt.Println("done")
	return 0
}

// imitateReview prints as many statements as there are files, and objects to all but a single one.
func imitateReview(folder string) int {
	files, err := os.ReadDir(folder)
	if err != nil {
		return 2
	}
	fmt.Printf(`{"migrations":[{}%s],"coverage":{"statements":%[2]d,"analysed":%[2]d}}`, strings.Repeat(",{}", len(files)-1), len(files))
	if len(files) > 1 {
		return foundSomething
	}
	return 0
}

// migrate applies all of the folder that is named, unless a status is asked for.
func migrate(arguments []string) error {
	settings, folder := database.Settings{Dialect: database.PostgreSQL, URL: os.Getenv("GOOSE_DBSTRING"), Create: true}, os.Getenv("GOOSE_MIGRATION_DIR")
	if arguments[0] == "migrate" {
		if arguments[1] == "status" || arguments[2] != "--dir" {
			return nil
		}
		settings.URL, folder = os.Getenv("AIRLOCK_DATABASE_URL"), arguments[3]
	}
	if !strings.HasPrefix(settings.URL, "postgres:") {
		settings.Dialect, settings.Path = database.SQLite, strings.TrimPrefix(settings.URL, "sqlite:")
	}
	set, err := migration.Read(os.DirFS(folder), folder)
	if err != nil {
		return err
	}
	migrator, err := apply.Open(context.Background(), apply.Options{Settings: settings, Set: set})
	if err != nil {
		return err
	}
	defer migrator.Close()
	_, err = migrator.Up(context.Background())
	return err
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func testBench(t *testing.T) *bench {
	t.Helper()
	folder := t.TempDir()
	return &bench{
		airlock: self(t), goose: self(t), squawk: self(t), folder: folder, runs: 2, files: 3, corpus: 3, say: func(string, ...any) {},
		places: []place{{title: "SQLite", folder: folder}, {title: "PostgreSQL", cluster: databasetest.Cluster(t)}},
	}
}

func TestProgramRun(t *testing.T) {
	t.Parallel()
	got, err := program{path: self(t), arguments: []string{"version"}}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.wall <= 0 || got.cpu <= 0 || got.firstOutput <= 0 || got.firstOutput > got.wall || got.memory < 1e6 || got.memory > 1e9 {
		t.Errorf("got %+v, which cannot be", got)
	}
}

func TestProgramThatFailsIsNotMeasured(t *testing.T) {
	t.Parallel()
	for argument, want := range map[string]string{"fail": "what went wrong", "silent": "printed nothing"} {
		_, err := program{path: self(t), arguments: []string{argument}}.run(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", argument, err, want)
		}
	}
}

func TestAlternate(t *testing.T) {
	t.Parallel()
	var order []string
	record := func(name string) func() (sample, error) {
		return func() (sample, error) {
			order = append(order, name)
			return sample{wall: time.Duration(len(order))}, nil
		}
	}
	taken, err := alternate(2, record("a"), record("b"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "a", "b"}; !slices.Equal(order, want) {
		t.Errorf("got order %v, want %v", order, want)
	}
	if want := [][]sample{{{wall: 1}, {wall: 3}}, {{wall: 2}, {wall: 4}}}; !slices.EqualFunc(taken, want, slices.Equal) {
		t.Errorf("got %v, want %v", taken, want)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	tests := []struct {
		milliseconds []int
		want         spread
	}{
		{[]int{5}, spread{5, 5, 5}},
		{[]int{9, 1, 4}, spread{4, 1, 9}},
		{[]int{8, 2, 4, 100}, spread{6, 2, 100}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, summarise(samples(test.milliseconds...)).Wall); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.milliseconds, diff)
		}
	}
}

// samples makes samples whose every figure follows from the milliseconds.
func samples(milliseconds ...int) []sample {
	var made []sample
	for _, number := range milliseconds {
		duration := time.Duration(number) * time.Millisecond
		made = append(made, sample{wall: duration, cpu: duration / 2, firstOutput: duration, memory: int64(number) * 1e6})
	}
	return made
}

func TestTargets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		got  result
		want bool
	}{
		{"just as much as allowed", compare(besideGoose, "", 2, samples(20), samples(10)), true},
		{"more than allowed", compare(besideGoose, "", 2, samples(21), samples(10)), false},
		{"anything where there is no target", compare(besideXor, "", 0, samples(21), samples(10)), true},
		{"just so many times as fast as asked", outrun("", 8, samples(10), samples(80)), true},
		{"less fast than asked", outrun("", 8, samples(10), samples(79)), false},
		{"a long statement that takes a seventh more", compareObserved("", 1, samples(115), samples(101)), true},
		{"a long statement that takes a sixth more", compareObserved("", 1, samples(118), samples(101)), false},
		{"short statements that take 5 ms more each", compareObserved("", 10, samples(60), samples(10)), true},
		{"short statements that take 6 ms more each", compareObserved("", 10, samples(70), samples(10)), false},
		{"start in time", limitStart("", 50, samples(49, 49, 80)), true},
		{"start at the limit", limitStart("", 50, samples(50)), false},
		{"memory below", limitMemory("", 150, samples(149)[0]), true},
		{"a whole look at the limit", limitWhole("", 30, samples(30)), false},
		{"memory at the limit", limitMemory("", 150, samples(150)[0]), false},
	}
	for _, test := range tests {
		if test.got.Met != test.want {
			t.Errorf("%s: got %v, want %v", test.name, test.got.Met, test.want)
		}
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	results := []result{
		compare(besideGoose, "migrate status, 8 applied, SQLite", 2, samples(12, 11, 14), samples(10, 10, 11)),
		compare(besideGoose, "migrate up, 1000 files, PostgreSQL", 1.25, samples(4000, 3500, 12500), samples(2000, 1999, 2100)),
		compare(besideSquawk, "migrate review, 560 files, as text", 1, samples(300), samples(500)),
		compare(besideXor, "pgbench of scale 50", 1.3, samples(1400), samples(1000)),
		compare(besideXor, "1000 rows with 4 of 5 columns as text", 0, samples(2000), samples(1000)),
		outrun("pgbench of scale 50", 8, samples(1400), samples(11200)),
		outrun("1000 rows with 4 of 5 columns as text", 0, samples(2000), samples(1000)),
		compareObserved("create index", 1, samples(116), samples(101)),
		compareObserved("100 small statements", 100, samples(700), samples(200)),
		limitWhole("migrate review, one file", 30, samples(20, 21, 25)),
		limitStart("version", 50, samples(9, 8, 30)),
		limitMemory("demo, SQLite", 150, samples(151)[0]),
	}
	more, err := readWorkflow(filepath.Join("testdata", "workflow.json"))
	if err != nil {
		t.Fatal(err)
	}
	results = append(results, more...)
	for name, asJSON := range map[string]bool{"results.txt": false, "results.json": true} {
		var out bytes.Buffer
		if err := printResults(&out, results, "linux/amd64, 2 processors", 3, asJSON); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The imitations differ by noise only, so either exit code may come; it must be the one that the document says.
func TestRun(t *testing.T) {
	t.Parallel()
	getenv := func(string) string { return databasetest.Cluster(t) }
	var out, errors bytes.Buffer
	code := run(t.Context(), []string{"--airlock", self(t), "--goose", self(t), "--squawk", self(t), "--runs", "1", "--files", "2", "--scale", "1", "--json"}, getenv, &out, &errors)
	var document struct {
		Met     bool
		Results []struct{ Kind, Item string }
	}
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out.String(), errors.String())
	}
	if want := map[bool]int{true: exitMet, false: exitMissed}[document.Met]; code != want {
		t.Errorf("got exit code %d, want %d", code, want)
	}
	var got, measured []string
	for _, one := range document.Results {
		if one.Kind != string(memory) || strings.HasPrefix(one.Item, "migrate re") {
			// Whether a statement takes long depends on the machine.
			got = append(got, strings.Replace(one.Kind, string(observedLong), string(observedEach), 1)+" "+one.Item)
			continue
		}
		what, place, _ := strings.Cut(one.Item, ", ")
		measured = append(measured, strings.Fields(what)[0]+" "+place)
	}
	want := []string{
		"start_ms version",
		"goose_ratio migrate status, 8 applied, SQLite", "start_ms migrate status, 8 applied, SQLite",
		"goose_ratio migrate status, 2 applied, SQLite", "goose_ratio migrate up, 2 files, SQLite",
		"goose_ratio migrate status, 8 applied, PostgreSQL", "start_ms migrate status, 8 applied, PostgreSQL",
		"goose_ratio migrate status, 2 applied, PostgreSQL", "goose_ratio migrate up, 2 files, PostgreSQL",
		"start_ms demo, SQLite",
		"observed_ms 100 small statements", "observed_ms 100 outside of a transaction", "observed_ms alter column type",
		"observed_ms update of all rows", "observed_ms create index", "observed_ms create index concurrently",
		"bit_xor_ratio pgbench of scale 1", "md5_times pgbench of scale 1", "bit_xor_ratio pgbench of scale 1, one process each",
		"bit_xor_ratio 10000 rows with 4 of 5 columns as text", "md5_times 10000 rows with 4 of 5 columns as text",
		"memory_mb migrate rehearse, pgbench of scale 1",
		"squawk_ratio migrate review, 2 files, as text", "memory_mb migrate review, 2 files, as text",
		"squawk_ratio migrate review, 2 files, as JSON", "memory_mb migrate review, 2 files, as JSON", "whole_ms migrate review, one file",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, verb := range []string{"preflight", "snapshot", "migrate", "deploy", "verify", "rollback", "promote", "demo"} {
		for _, place := range []string{"SQLite", "PostgreSQL"} {
			if !slices.Contains(measured, verb+" "+place) {
				t.Errorf("the memory of %s with %s is not measured", verb, place)
			}
		}
	}
}

func TestProgramThatMigratesNothingIsNotMeasured(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	small, err := b.write("small", func(path string) error { return writeSmall(path, b.files) })
	if err != nil {
		t.Fatal(err)
	}
	idle := func(emptyDatabase, migrationFolder, string) program {
		return program{path: self(t), arguments: []string{"version"}}
	}
	for _, place := range b.places {
		target, err := place.create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer target.drop()
		target.settings.Create = true
		if _, err := b.apply(t.Context(), idle, target, small); err == nil || !strings.Contains(err.Error(), "version 0") {
			t.Errorf("%s: got %v, want an error that says version 0", place.title, err)
		}
	}
}

func TestProjectIsValid(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	for _, place := range b.places {
		target, err := place.create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer target.drop()
		folder := t.TempDir()
		variables, err := b.writeProject(folder, target)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := config.Load(filepath.Join(folder, ".github", "airlock.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = loaded.Environment("laptop", func(name string) (string, bool) {
			for _, variable := range variables {
				if value, found := strings.CutPrefix(variable, name+"="); found {
					return value, true
				}
			}
			return "", false
		})
		if err != nil {
			t.Errorf("%s: %v", place.title, err)
		}
	}
}

func TestRunOfOnePart(t *testing.T) {
	t.Parallel()
	getenv := func(string) string { return databasetest.Cluster(t) }
	for part, want := range map[string]string{"review": "migrate review", "nothing": ""} {
		var out, errors bytes.Buffer
		code := run(t.Context(), []string{"--airlock", self(t), "--goose", self(t), "--squawk", self(t), "--runs", "1", "--files", "2", "--only", part}, getenv, &out, &errors)
		if known := want != ""; known == (code == exitBroken) || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "migrate up") {
			t.Errorf("%s: got exit code %d\n%s%s", part, code, out.String(), errors.String())
		}
	}
}

func TestRunWithoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	nothing := func(string) string { return "" }
	for _, arguments := range [][]string{nil, {"--unknown"}, {"--airlock", "a", "--goose", "b"}} {
		var out, errors bytes.Buffer
		if got := run(t.Context(), arguments, nothing, &out, &errors); got != exitBroken {
			t.Errorf("%v: got exit code %d, want %d", arguments, got, exitBroken)
		}
		if out.Len() > 0 || errors.Len() == 0 {
			t.Errorf("%v: got %q on standard output and %q on standard error", arguments, out.String(), errors.String())
		}
	}
}
