package application

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/migrations/migrationstest"
)

var ayla = url.Values{"user": {"ayla"}, "password": {"correct horse"}}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	onEach(t, baseSchema, func(t *testing.T, database migrationstest.Database) {
		s := newSite(t, database, nil)

		// Given nobody is signed in, /me leads to the form.
		if answer, _ := s.withoutRedirects().get("/me"); answer.Header.Get("Location") != "/login" {
			t.Fatalf("got %d to %q", answer.StatusCode, answer.Header.Get("Location"))
		}
		// When ayla signs in, then she sees her heroes,
		answer, body := s.post("/login", ayla)
		_, heroes, _ := strings.Cut(body, `id="heroes"`)
		if answer.Request.URL.Path != "/me" || !strings.Contains(body, "Ayla of the Bears") || !strings.Contains(heroes, "Level 16") {
			t.Fatalf("got %d at %s:\n%s", answer.StatusCode, answer.Request.URL, body)
		}
		// and the form has nothing more to ask.
		if answer, _ := s.get("/login"); answer.Request.URL.Path != "/me" {
			t.Errorf("/login ended at %s", answer.Request.URL.Path)
		}
		// When she signs out, /me leads to the form again.
		if answer, _ := s.post("/logout", url.Values{}); answer.Request.URL.Path != "/" {
			t.Errorf("/logout ended at %s", answer.Request.URL.Path)
		}
		if answer, _ := s.get("/me"); answer.Request.URL.Path != "/login" {
			t.Errorf("after signing out /me ended at %s", answer.Request.URL.Path)
		}
		if strings.Contains(s.log.String(), "correct horse") {
			t.Error("the log has the password")
		}
	})
}

func TestWrongSignIns(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		form url.Values
		want int
	}{
		"wrong password":         {url.Values{"user": {"ayla"}, "password": {"wrong horse"}}, 401},
		"unknown user":           {url.Values{"user": {"<nobody>"}, "password": {"correct horse"}}, 401},
		"user without password":  {url.Values{"user": {"player-2"}, "password": {"!"}}, 401},
		"empty":                  {url.Values{}, 401},
		"NUL, which no text has": {url.Values{"user": {"ayla\x00"}, "password": {"correct horse"}}, 401},
		"broken UTF-8":           {url.Values{"user": {"\xff"}, "password": {"correct horse"}}, 401},
		"too long":               {url.Values{"user": {strings.Repeat("a", formBytes)}}, 400},
	}
	onEach(t, baseSchema, func(t *testing.T, database migrationstest.Database) {
		s := newSite(t, database, nil)
		for name, c := range cases {
			answer, body := s.post("/login", c.form)
			if answer.StatusCode != c.want || len(answer.Cookies()) != 0 || !strings.Contains(body, `role="alert"`) {
				t.Errorf("%s: got %d with cookies %v, want %d", name, answer.StatusCode, answer.Cookies(), c.want)
			}
			if strings.Contains(body, "<nobody>") {
				t.Errorf("%s: the name is not escaped", name)
			}
		}
	})
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, nil).withoutRedirects()
	for proto, wantSecure := range map[string]bool{"": false, "http": false, "https": true} {
		request := s.request(http.MethodPost, "/login", ayla)
		request.Header.Set("X-Forwarded-Proto", proto)
		answer, _ := s.do(request)
		if len(answer.Cookies()) != 1 {
			t.Fatalf("got %d cookies", len(answer.Cookies()))
		}
		cookie := answer.Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure != wantSecure || cookie.MaxAge != int(sessionLife.Seconds()) {
			t.Errorf("behind %q: got %s", proto, cookie)
		}
	}
}

func TestForgedSessionsAreRefused(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, nil).withoutRedirects()
	now := time.Now()
	good := s.app.sessions.seal(1, now.Add(time.Hour))
	other := sessions{key: []byte("another key of the same length!!")}
	cases := map[string]struct {
		value string
		want  int
	}{
		"good":               {good, 200},
		"expired":            {s.app.sessions.seal(1, now.Add(-time.Second)), 303},
		"another key":        {other.seal(1, now.Add(time.Hour)), 303},
		"another user":       {"2" + strings.TrimPrefix(good, "1"), 303},
		"no signature":       {good[:strings.LastIndex(good, ".")+1], 303},
		"user who is gone":   {s.app.sessions.seal(999, now.Add(time.Hour)), 303},
		"signed, but no use": {"x.y." + s.app.sessions.sign("x.y"), 303},
		"empty":              {"", 303},
	}
	for name, c := range cases {
		request := s.request(http.MethodGet, "/me", nil)
		request.AddCookie(&http.Cookie{Name: sessionName, Value: c.value})
		if answer, _ := s.do(request); answer.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", name, answer.StatusCode, c.want)
		}
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, nil).withoutRedirects()
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
		request := s.request(http.MethodPost, "/login", ayla)
		request.Header.Set(header, value)
		if answer, _ := s.do(request); answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) != 0 {
			t.Errorf("%s: got %d", header, answer.StatusCode)
		}
	}
}

func TestAutoLogin(t *testing.T) {
	t.Parallel()
	s := onSQLite(t, map[string]string{"DEV_AUTO_LOGIN": "true"})
	if answer, body := s.get("/me"); answer.StatusCode != http.StatusOK || !strings.Contains(body, "Ayla of the Bears") {
		t.Errorf("got %d", answer.StatusCode)
	}
}

func TestPasswordHashes(t *testing.T) {
	t.Parallel()
	// The good one has few iterations, because the format is what is tested, and comes from another implementation, Python's hashlib.
	for hash, want := range map[string]bool{
		"pbkdf2-sha256:11:c2FsdA:2UO8Z8W6jJMO0WeJKlt2jZnXbZRK7YVtHTVfUaRmlPI": false,
		"!":                                     false,
		"":                                      false,
		"pbkdf2-sha256:0:c2FsdA:AAAA":           false,
		"pbkdf2-sha256:-1:c2FsdA:AAAA":          false,
		"pbkdf2-sha256:99999999999:c2FsdA:AAAA": false,
		"pbkdf2-sha256:10:*:AAAA":               false,
		"md5:10:c2FsdA:AAAA":                    false,
		"pbkdf2-sha256:10:c2FsdA:":              false,
		noPassword:                              false,
		"pbkdf2-sha256:10:c2FsdA:2UO8Z8W6jJMO0WeJKlt2jZnXbZRK7YVtHTVfUaRmlPI": true,
	} {
		if got := passwordMatches(hash, "correct horse"); got != want {
			t.Errorf("%q: got %t, want %t", hash, got, want)
		}
	}
}
