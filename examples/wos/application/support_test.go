package application

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/migrations/migrationstest"
)

const (
	baseSchema   = 5
	newestSchema = 8
)

// site is an application that answers on a loopback port.
type site struct {
	t      *testing.T
	app    *application
	url    string
	client *http.Client
	log    *logBuffer
}

// logBuffer collects what several goroutines write.
type logBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// newSite starts the handler on a database, with environment variables.
func newSite(t *testing.T, database migrationstest.Database, variables map[string]string) site {
	t.Helper()
	settings, err := configure(func(name string) string {
		if name == "DATABASE_URL" {
			return database.URL
		}
		return variables[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := open(settings.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	log := &logBuffer{}
	app, err := build(settings, pool, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app.handler())
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := server.Client()
	client.Jar = jar
	return site{t: t, app: app, url: server.URL, client: client, log: log}
}

// onEach runs a test on each database, at a version of the schema.
func onEach(t *testing.T, version int64, test func(*testing.T, migrationstest.Database)) {
	t.Helper()
	for _, dialect := range migrationstest.Dialects {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			test(t, migrationstest.Migrated(t, dialect, version))
		})
	}
}

// onSQLite is for tests in which the database does not matter.
func onSQLite(t *testing.T, variables map[string]string) site {
	t.Helper()
	return newSite(t, migrationstest.Migrated(t, goose.DialectSQLite3, newestSchema), variables)
}

func (s site) do(request *http.Request) (*http.Response, string) {
	s.t.Helper()
	answer, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

func (s site) get(path string) (*http.Response, string) {
	s.t.Helper()
	return s.do(s.request(http.MethodGet, path, nil))
}

func (s site) post(path string, form url.Values) (*http.Response, string) {
	s.t.Helper()
	return s.do(s.request(http.MethodPost, path, form))
}

func (s site) request(method, path string, form url.Values) *http.Request {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request
}

// withoutRedirects lets a test see the answer that sends a browser elsewhere.
func (s site) withoutRedirects() site {
	client := *s.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &client
	return s
}
