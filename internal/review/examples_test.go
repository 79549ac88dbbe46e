package review_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/review"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// pages tells to write docs/rules anew; -update is the golden files'.
var pages = flag.Bool("pages", false, "write the pages of docs/rules")

// example is one text that a rule finds something in, or does not. Its file in the archive is "bad.sql" or "good.sql", with what
// it shows behind a colon. One that begins with an annotation is a whole file of goose; else it is an up section.
type example struct {
	bad   bool
	title string
	text  string
}

// examplesOf reads examples/<id>.txtar: what is there before, and the examples.
func examplesOf(t *testing.T, id string) (given string, all []example) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("examples", id+".txtar"))
	if err != nil {
		t.Fatalf("each rule has examples: %v", err)
	}
	for _, file := range archive.Files {
		name, title, _ := strings.Cut(file.Name, ":")
		switch name {
		case "given.sql":
			given = string(file.Data)
		case "bad.sql", "good.sql":
			all = append(all, example{bad: name == "bad.sql", title: strings.TrimSpace(title), text: string(file.Data)})
		default:
			t.Errorf("%s has a file %q", id, file.Name)
		}
	}
	return given, all
}

// file returns the example as goose reads it.
func (e example) file() string {
	if strings.HasPrefix(e.text, "-- +goose") {
		return e.text
	}
	return "-- +goose Up\n" + e.text
}

// reviewed reviews an example behind what is there before; an empty given is a set that begins with it.
func reviewed(t *testing.T, given string, one example, change func(*review.Options)) review.Report {
	t.Helper()
	folder := fstest.MapFS{"00100_example.sql": {Data: []byte(one.file())}}
	if given != "" {
		folder["00001_given.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + given)}
	}
	set, faults, err := migration.Inspect(folder, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	options := review.Options{
		Set: set, Faults: faults, Title: "migrations", Today: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Applied: func(version int64) bool { return version == 1 },
	}
	if change != nil {
		change(&options)
	}
	report, err := review.Review(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// special are the rules about a folder, a commit or a variable, which an example of one file cannot show alone.
func special(id string) func(*review.Options) {
	known := func(options *review.Options) {
		options.Applied = nil
		options.Known = &review.Known{Commit: "main", Files: []string{"00001_given.sql"}, Latest: 200}
	}
	return map[string]func(*review.Options){
		"out-of-order": known,
		"edited-migration": func(options *review.Options) {
			known(options)
			options.Known.Files, options.Known.Edited = []string{"00001_given.sql", "00100_example.sql"}, []string{"00100_example.sql"}
		},
		"deleted-migration": func(options *review.Options) { known(options); options.Known.Deleted = []string{"00050_gone.sql"} },
		"duplicate-version": func(options *review.Options) {
			options.Faults = append(options.Faults, migration.Fault{Kind: migration.Duplicate, File: "00100_another.sql", Message: "it has the same version 100 as 00100_example.sql"})
		},
		"ignored-file": func(options *review.Options) {
			options.Faults = append(options.Faults, migration.Fault{Kind: migration.Ignored, File: "example.sql", Message: "its name does not begin with a version"})
		},
		"newer-syntax": func(options *review.Options) { options.Version = 14 },
	}[id]
}

func TestEveryRuleHasExamplesAndFindsThem(t *testing.T) {
	t.Parallel()
	for _, rule := range review.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			given, examples := examplesOf(t, rule.ID)
			bad, good := 0, 0
			for _, one := range examples {
				change := special(rule.ID)
				if !one.bad && change != nil && rule.ID != "newer-syntax" {
					change = nil
				}
				report := reviewed(t, given, one, change)
				found := slices.ContainsFunc(report.Findings, func(finding review.Finding) bool { return finding.Rule == rule.ID && finding.Acknowledged == "" })
				if found != one.bad {
					t.Errorf("found: %t in %q:\n%s", found, one.title, one.text)
				}
				if one.bad {
					bad++
					continue
				}
				good++
				for _, finding := range report.Blocked() {
					t.Errorf("%s is blocked in what is good: %s", finding.Rule, finding.Message)
				}
			}
			if bad == 0 || good == 0 {
				t.Errorf("%d bad and %d good examples: each rule shows both", bad, good)
			}
			page(t, rule, given, examples)
		})
	}
}

func TestEveryExampleHasItsRule(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, rule := range review.Rules() {
		want = append(want, rule.ID+".txtar")
	}
	entries, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	slices.Sort(want)
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-rules +examples):\n%s", difference)
	}
}

// Every suggestion runs on PostgreSQL: it is written for the very statement that it replaces.
func TestSuggestionsRun(t *testing.T) {
	t.Parallel()
	for _, rule := range review.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			given, examples := examplesOf(t, rule.ID)
			for _, one := range examples {
				for _, finding := range reviewed(t, given, one, special(rule.ID)).Findings {
					statements, err := statement.Parse(finding.Suggestion)
					if err != nil {
						t.Errorf("%s suggests what is no SQL: %v\n%s", finding.Rule, err, finding.Suggestion)
					}
					if len(statements) > 0 && finding.Rule == rule.ID && one.bad {
						runsOnPostgreSQL(t, given, one, finding, statements)
					}
				}
			}
		})
	}
}

// runsOnPostgreSQL runs a suggestion on a database that has what was there before, and what the example did before it. What a
// suggestion adds to comes first as well.
func runsOnPostgreSQL(t *testing.T, given string, one example, finding review.Finding, suggested []statement.Statement) {
	t.Helper()
	db := before(t, given)
	for _, text := range upOf(t, one) {
		adds := slices.Contains([]string{"security-definer", "foreign-key-without-index", "table-without-primary-key", "missing-down"}, finding.Rule)
		if text.EndLine() < finding.Line || adds {
			execute(t, db, text.SQL, "the example")
		}
	}
	for _, text := range suggested {
		execute(t, db, text.Text, finding.Rule+" suggests")
	}
}

// before returns a database that has what was there before.
func before(t *testing.T, given string) *database.Database {
	t.Helper()
	db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
	for _, text := range split(t, given) {
		execute(t, db, text, "given")
	}
	return db
}

func upOf(t *testing.T, one example) []migration.Statement {
	t.Helper()
	sections, err := migration.Parse(one.file(), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return sections.Up
}

func split(t *testing.T, sql string) []string {
	t.Helper()
	statements, err := statement.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, text := range statements {
		all = append(all, text.Text)
	}
	return all
}

func execute(t *testing.T, db *database.Database, sql, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, sql); err != nil {
		t.Errorf("%s: %v\n%s", what, err, sql)
	}
}

// index holds docs/rules/README.md to the rules.
func TestTheIndexOfRules(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("<!-- Made of the rules by go test ./internal/review -pages: change it there. -->\n\n# What the review looks for\n\n" +
		"`airlock migrate review` reads goose migrations with PostgreSQL's own grammar, knows the schema that the earlier ones left, and says what a statement would do to an application that is in use. " +
		"A *blocking* finding makes it fail until the migration is changed, or somebody says above the statement why it is right: `-- airlock:allow RULE because=\"…\" until=YYYY-MM-DD`.\n\n" +
		"| rule | severity | what it finds |\n| --- | --- | --- |\n")
	for _, rule := range review.Rules() {
		fmt.Fprintf(&text, "| [%s](%s.md) | %s | %s |\n", rule.ID, rule.ID, rule.Severity, rule.Title)
	}
	hold(t, "README", text.String())
}

// page holds docs/rules/<id>.md to the rule and its examples.
func page(t *testing.T, rule review.Rule, given string, examples []example) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "<!-- Made of internal/review/rule_%s.go and its examples by go test ./internal/review -pages: change it there. -->\n\n", strings.ReplaceAll(rule.ID, "-", "_"))
	fmt.Fprintf(&text, "# %s\n\n%s. Severity: **%s**, or milder where less is at stake.\n\n%s\n\n", rule.ID, rule.Title, rule.Severity, rule.Why)
	if rule.Lock != "" {
		fmt.Fprintf(&text, "Lock: %s.\n\n", rule.Lock)
	}
	if rule.Versions != "" {
		fmt.Fprintf(&text, "%s\n\n", rule.Versions)
	}
	fmt.Fprintf(&text, "Source: <%s>\n\n", rule.Source)
	if given != "" {
		fmt.Fprintf(&text, "## Given\n\n```sql\n%s```\n\n", given)
	}
	for _, kind := range []bool{true, false} {
		text.WriteString(map[bool]string{true: "## Found\n\n", false: "## Not found\n\n"}[kind])
		for _, one := range examples {
			if one.bad != kind {
				continue
			}
			if one.title != "" {
				fmt.Fprintf(&text, "%s%s:\n\n", strings.ToUpper(one.title[:1]), one.title[1:])
			}
			fmt.Fprintf(&text, "```sql\n%s```\n\n", one.text)
			if kind {
				found(t, &text, rule, given, one)
			}
		}
	}
	if !rule.Acknowledgeable() {
		text.WriteString("No comment can accept it.\n")
		hold(t, rule.ID, text.String())
		return
	}
	text.WriteString("To accept it, say why above the statement: `-- airlock:allow " + rule.ID + " because=\"…\" until=YYYY-MM-DD`\n")
	hold(t, rule.ID, text.String())
}

// hold compares a page with what it is made of, or writes it.
func hold(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "rules", name+".md")
	if *pages {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(want, string(got)); difference != "" {
		t.Errorf("docs/rules/%s.md is out of date, -pages writes it anew (-want +got):\n%s", name, difference)
	}
}

// found writes what the review says of a bad example.
func found(t *testing.T, text *strings.Builder, rule review.Rule, given string, one example) {
	t.Helper()
	for _, finding := range reviewed(t, given, one, special(rule.ID)).Findings {
		if finding.Rule != rule.ID {
			continue
		}
		fmt.Fprintf(text, "%s: %s", finding.Severity, finding.Message)
		if finding.Lock != "" {
			fmt.Fprintf(text, " (%s)", finding.Lock)
		}
		text.WriteString("\n\n")
		if finding.Suggestion != "" {
			fmt.Fprintf(text, "Instead:\n\n```sql\n%s\n```\n\n", finding.Suggestion)
		}
	}
}
