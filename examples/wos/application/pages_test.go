package application

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/migrations/migrationstest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	pages := []struct {
		path   string
		status int
		want   []string
	}{
		{"/", 200, []string{"Every hero has a keeper.", "Brunhild Copperkettle", "version 7.8.9", "development", "1\u2009200", "240"}},
		{"/heroes", 200, []string{"Page 1 of 50", `href="/heroes?page=2"`}},
		{"/heroes?page=50", 200, []string{"Page 50 of 50", `href="/heroes?page=49"`}},
		{"/heroes?page=51", 404, []string{"Off the map"}},
		{"/heroes?page=0", 404, []string{"Off the map"}},
		{"/heroes?page=-1%20or%201=1", 404, []string{"Off the map"}},
		{"/heroes/88", 200, []string{"Percival Frostmantle", "Level 4", "Companions"}},
		{"/heroes/1201", 404, []string{"Off the map"}},
		{"/heroes/9223372036854775807", 404, []string{"Off the map"}},
		{"/heroes/x", 404, []string{"Off the map"}},
		{"/profiles/1", 200, []string{"Ayla of the Bears", `id="heroes"`, "Level "}},
		{"/profiles/241", 404, []string{"Off the map"}},
		{"/login", 200, []string{`id="user"`, `id="password"`, `id="sign-in"`}},
		{"/nowhere", 404, []string{"Off the map", "version 7.8.9"}},
		{"/static/nothing", 404, nil},
		{"/_stcore/health", 200, []string{"ok"}},
		{"/healthz", 200, []string{`{"status":"ok"}`}},
	}
	onEach(t, baseSchema, func(t *testing.T, database migrationstest.Database) {
		s := newSite(t, database, map[string]string{"APP_VERSION": "7.8.9"})
		for _, page := range pages {
			answer, body := s.get(page.path)
			if answer.StatusCode != page.status {
				t.Errorf("%s: got %d, want %d", page.path, answer.StatusCode, page.status)
			}
			for _, want := range page.want {
				if !strings.Contains(body, want) {
					t.Errorf("%s does not contain %q", page.path, want)
				}
			}
			if strings.Contains(body, "uild") {
				t.Errorf("%s speaks of guilds without the feature", page.path)
			}
		}
		if strings.Contains(s.log.String(), "ERROR") {
			t.Errorf("the log has errors:\n%s", s.log)
		}
	})
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	onEach(t, newestSchema, func(t *testing.T, database migrationstest.Database) {
		// Given a hero in a guild and a profile with a motto that looks like HTML,
		for _, statement := range []string{
			"update heroes set guild_id = 4 where id = 88",
			"update profiles set motto = '<b>Sleep first</b>' where id = 1",
		} {
			if _, err := database.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		cases := []struct{ features, path, want, wantNot string }{
			{"guilds,motto", "/heroes/88", "Member of <strong>Company of the Bear</strong>", "Not yet"},
			{"guilds,motto", "/heroes/89", "Not yet in a guild", "Member of"},
			{"guilds,motto", "/", "There is always room for one more.", ""},
			{"guilds,motto", "/profiles/1", "&lt;b&gt;Sleep first", "<b>Sleep"},
			{"guilds,motto", "/profiles/2", "No motto yet", ""},
			{"", "/heroes/88", "Percival", "Company of the Bear"},
			{"", "/profiles/1", "Ayla", "Sleep first"},
		}
		sites := map[string]site{}
		for _, features := range []string{"", "guilds,motto"} {
			sites[features] = newSite(t, database, map[string]string{"FEATURES": features})
		}
		for _, c := range cases {
			answer, body := sites[c.features].get(c.path)
			if answer.StatusCode != http.StatusOK || !strings.Contains(body, c.want) {
				t.Errorf("%s with %q: got %d without %q", c.path, c.features, answer.StatusCode, c.want)
			}
			if c.wantNot != "" && strings.Contains(body, c.wantNot) {
				t.Errorf("%s with %q: contains %q", c.path, c.features, c.wantNot)
			}
		}
	})
}

func TestHomeColumnThatDoesNotExistBreaksOnlyTheHomePage(t *testing.T) {
	t.Parallel()
	onEach(t, newestSchema, func(t *testing.T, database migrationstest.Database) {
		s := newSite(t, database, map[string]string{"HOME_COLUMN": "renown"})
		for path, want := range map[string]int{"/": 500, "/heroes": 200, "/healthz": 200, "/_stcore/health": 200} {
			if answer, _ := s.get(path); answer.StatusCode != want {
				t.Errorf("%s: got %d, want %d", path, answer.StatusCode, want)
			}
		}
		if !strings.Contains(s.log.String(), `"level":"ERROR"`) {
			t.Error("the log does not say that the page broke")
		}
		other := newSite(t, database, map[string]string{"HOME_COLUMN": "victories"})
		if answer, _ := other.get("/"); answer.StatusCode != http.StatusOK {
			t.Errorf("a column that exists: got %d", answer.StatusCode)
		}
	})
}

func TestVersion(t *testing.T) {
	t.Parallel()
	onEach(t, newestSchema-1, func(t *testing.T, database migrationstest.Database) {
		s := newSite(t, database, map[string]string{"APP_VERSION": "2.0.0", "APP_COMMIT": "c0ffee", "ENVIRONMENT": "sandbox", "SECRET_KEY": "sandbox-secret-key"})
		_, body := s.get("/version")
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"version": "2.0.0", "commit": "c0ffee", "environment": "sandbox", "schema": 7.0}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("version (-want +got):\n%s", diff)
		}
	})
}

func TestAnswersAreGuarded(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, nil)
	answer, body := s.get("/")
	for name, want := range securityHeaders {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, refused := range []string{"<script", "style=", "javascript:", "http://", "https://"} {
		if strings.Contains(body, refused) {
			t.Errorf("the page contains %q, which its own policy refuses", refused)
		}
	}
	_, after, _ := strings.Cut(body, `rel="stylesheet" href="`)
	style, _, _ := strings.Cut(after, `"`)
	answer, _ = s.get(style)
	if got := answer.Header.Get("Cache-Control"); answer.StatusCode != 200 || !strings.Contains(got, "immutable") {
		t.Errorf("%s: got %d, %q", style, answer.StatusCode, got)
	}
	if got := answer.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/css") {
		t.Errorf("%s: got the type %q", style, got)
	}
}
