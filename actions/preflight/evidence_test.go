package preflight

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// evidenceOf shows the evidence of a database as the config names it.
func evidenceOf(t *testing.T, database string) (items map[string]string, shown shownEvidence) {
	t.Helper()
	return evidenceWith(t, database, "")
}

// evidenceWith is told what the environment before found in its rehearsal.
func evidenceWith(t *testing.T, database, rehearsal string) (items map[string]string, shown shownEvidence) {
	t.Helper()
	s := newStage(t, database, map[string]string{"command": "evidence", "rehearsal": rehearsal})
	result, err := run(t.Context(), s.call)
	if err != nil {
		t.Fatal(err)
	}
	items = map[string]string{}
	for _, item := range result.Checklist.Items {
		items[item.ID] = string(item.Verdict) + ": " + item.Evidence
	}
	if text := result.Steering["evidence"]; text != "" {
		if err := json.Unmarshal([]byte(text), &shown); err != nil {
			t.Fatal(err)
		}
	} else if !result.Checklist.Failed() {
		t.Error("nothing is handed on")
	}
	return items, shown
}

func expectItems(t *testing.T, got map[string]string, want map[string]string) {
	t.Helper()
	for id, part := range want {
		if !strings.HasPrefix(got[id], part) {
			t.Errorf("%s: got %q, want %q", id, got[id], part)
		}
	}
}

func execute(t *testing.T, location string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", location)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEvidenceOfADatabaseThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	items, shown := evidenceOf(t, "{sqlite: app.db}")
	expectItems(t, items, map[string]string{
		"served": "pass: nothing yet: ", "unchanged": "skip: no plan is given", "window": "pass: Sun 2026-11-22 02:00 UTC until 04:00 UTC",
		"pending": "pass: 1, from version 0: 00001_heroes.sql",
	})
	if len(shown.Digest) != 64 || shown.Schema != 0 || shown.Time.Hour() != 0 {
		t.Errorf("got %+v", shown)
	}
}

// Whoever may not see what others do must not be told that nobody does anything.
func TestEvidenceOfPostgreSQL(t *testing.T) {
	t.Parallel()
	owner := databasetest.PostgreSQL(t)
	name, password := "reader_"+strings.ToLower(rand.Text()), rand.Text()
	execute(t, owner, "create table heroes (id integer)", "insert into heroes select generate_series(1, 2000)", "analyze heroes",
		fmt.Sprintf("create role %s login password '%s'", name, password))
	t.Cleanup(func() { execute(t, owner, "drop role "+name) })
	reader, err := url.Parse(owner)
	if err != nil {
		t.Fatal("the URL of the cluster is none")
	}
	reader.User = url.UserPassword(name, password)
	for location, transactions := range map[string]string{
		owner:           string(checklist.Pass) + ": none is older than a minute",
		reader.String(): string(checklist.Warn) + ": those of other users are hidden from this one",
	} {
		items, shown := evidenceOf(t, fmt.Sprintf("{postgres: %s, url: %q}", strings.TrimPrefix(reader.Path, "/"), location))
		expectItems(t, items, map[string]string{
			"pending": "pass: 1, from version 0: 00001_heroes.sql", "sizes": "pass: public.heroes ", "transactions": transactions,
		})
		if !strings.Contains(items["sizes"], ", about 2,000 rows") || shown.Digest == "" {
			t.Errorf("got %q, and hands on %+v", items["sizes"], shown)
		}
	}
}

// The rehearsal of the environment before becomes a forecast for the tables of this one.
func TestEvidenceFromARehearsal(t *testing.T) {
	t.Parallel()
	location := databasetest.PostgreSQL(t)
	name, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	database := fmt.Sprintf("{postgres: %s, url: %q}", strings.TrimPrefix(name.Path, "/"), location)
	execute(t, location, "create table heroes (id integer)", "insert into heroes select generate_series(1, 200000)", "analyze heroes")
	s := newStage(t, database, map[string]string{"command": "evidence"})
	set, err := s.call.MigrationSet()
	if err != nil {
		t.Fatal(err)
	}
	const rehearsed = `{"digest": %q, "version": %d, "migrations": [{"file": {"version": 1, "name": "00001_heroes.sql"}, "wayBack": "proven", "up": {"milliseconds": 100, "statements": [
		{"sql": "alter table heroes …", "milliseconds": 100, "scanned": {"heroes": 1000}, "tables": [{"table": "heroes", "rows": 1000, "bytes": 8192}],
		"locks": [{"table": "heroes", "mode": "ACCESS EXCLUSIVE", "blocks": ["reads", "writes", "schema changes"], "heldMilliseconds": 100}]}]}}]}`
	tests := map[string]struct{ text, want, part string }{
		"of these migrations":       {fmt.Sprintf(rehearsed, set.Digest(), 0), "warn: ", "forecast for sandbox: holds ACCESS EXCLUSIVE on heroes for 20s"},
		"from another version":      {fmt.Sprintf(rehearsed, set.Digest(), 7), "warn: ", "the way from version 7 was rehearsed, and this environment is at 0"},
		"of other migrations":       {fmt.Sprintf(rehearsed, "other", 0), "fail: ", "other migrations were rehearsed"},
		"that cannot be understood": {"{", "inconclusive: ", "cannot be read"},
		"none":                      {"", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, _ := evidenceWith(t, database, test.text)
			if got := items["rehearsal"]; !strings.HasPrefix(got, test.want) || !strings.Contains(got, test.part) || test.want == "" && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A database that cannot be read gives nothing to approve.
func TestEvidenceThatCannotBeRead(t *testing.T) {
	t.Parallel()
	items, shown := evidenceOf(t, `{postgres: wos, url: "postgres://wos@127.0.0.1:1/wos"}`)
	if strings.HasPrefix(items["pending"], string(checklist.Pass)) || shown.Digest != "" {
		t.Errorf("got %q, and hands on %+v", items["pending"], shown)
	}
}

// The evidence is read with less than the promotion gets: a variable that is not there is no reason to fail.
func TestEvidenceNeedsNoSecretOfThePromotion(t *testing.T) {
	t.Parallel()
	s := newStage(t, "{sqlite: app.db}", map[string]string{"command": "evidence"})
	path := s.call.Directory + "/.github/airlock.yaml"
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), "directory: .airlock", "environment: {KEY: \"${NOT_SET_ANYWHERE}\"}, directory: .airlock", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if result, err := run(t.Context(), s.call); err != nil || result.Steering["evidence"] == "" {
		t.Errorf("got %+v, %v", result.Checklist.Items, err)
	}
}
