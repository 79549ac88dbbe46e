package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// site answers as a page of the running system could.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "other") }))
	t.Cleanup(other.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "ok %s %s %s", r.Method, r.UserAgent(), r.URL.RawQuery)
	})
	mux.HandleFunc("/app/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "below") })
	mux.HandleFunc("/down", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "database\n\x1b[31m is down: "+strings.Repeat("x", 500))
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		w.Write(bytes.Repeat([]byte("a"), maximumBodyBytes))
		fmt.Fprint(w, "needle")
		w.Write(bytes.Repeat([]byte("a"), maximumBodyBytes))
	})
	mux.Handle("/inside", http.RedirectHandler("/healthz", http.StatusFound))
	mux.Handle("/outside", http.RedirectHandler(other.URL+"/secret?token=1", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "user" || password != "canary-password" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, r.Header.Get("Authorization"), " canary-password")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func look(t *testing.T, options HTTPOptions) Look {
	t.Helper()
	probe, err := NewHTTP(options)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Look(t.Context())
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	server := site(t)
	address := server.Listener.Addr().String()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, test := range map[string]struct {
		options HTTPOptions
		verdict checklist.Verdict
		// evidence is a regular expression for all of it.
		evidence string
	}{
		"passes":               {HTTPOptions{Path: "/healthz"}, checklist.Pass, `200 in \d+ ms`},
		"contains":             {HTTPOptions{Path: "/healthz?a=1", Contains: "ok GET airlock a=1"}, checklist.Pass, `200 in \d+ ms`},
		"does not contain":     {HTTPOptions{Path: "/healthz", Contains: "Level"}, checklist.Fail, `200, but without "Level": ok GET airlock`},
		"below a path":         {HTTPOptions{Base: server.URL + "/app/", Path: "/healthz", Contains: "below"}, checklist.Pass, `200 in \d+ ms`},
		"another status":       {HTTPOptions{Path: "/down"}, checklist.Fail, `wanted 200, got 503: database \[31m is down: x{100,180}…`},
		"a wanted status":      {HTTPOptions{Path: "/down", Status: 503}, checklist.Pass, `503 in \d+ ms`},
		"hangs":                {HTTPOptions{Path: "/slow", Within: 100 * time.Millisecond}, checklist.Fail, `no complete answer within 100 ms`},
		"hangs in its body":    {HTTPOptions{Path: "/drip", Within: 100 * time.Millisecond}, checklist.Fail, `no complete answer within 100 ms`},
		"breaks off":           {HTTPOptions{Path: "/broken"}, checklist.Fail, `200, but its body breaks off: unexpected EOF`},
		"bounded body":         {HTTPOptions{Path: "/endless", Contains: "needle"}, checklist.Fail, `200, but without "needle": a+…`},
		"redirect inside":      {HTTPOptions{Path: "/inside", Contains: "ok"}, checklist.Pass, `200 in \d+ ms`},
		"redirect outside":     {HTTPOptions{Path: "/outside"}, checklist.Fail, `wanted 200, got 302, which leads to http://127\.0\.0\.1:\d+`},
		"redirect wanted":      {HTTPOptions{Path: "/inside", Status: 302}, checklist.Pass, `302 in \d+ ms`},
		"redirect without end": {HTTPOptions{Path: "/loop"}, checklist.Fail, `wanted 200, got 302, which leads to .*`},
		"nothing listens":      {HTTPOptions{Base: "http://user:canary-password@" + closed.Addr().String(), Path: "/"}, checklist.Fail, `connection refused: nothing listens there`},
		"unknown host":         {HTTPOptions{Base: "http://user:canary-password@airlock.invalid", Path: "/"}, checklist.Fail, `host airlock\.invalid is not known`},
		"not HTTPS":            {HTTPOptions{Base: "https://user:canary-password@" + address, Path: "/"}, checklist.Fail, `http: server gave HTTP response to HTTPS client`},
		"user and password":    {HTTPOptions{Base: "http://user:canary-password@" + address, Path: "/login"}, checklist.Pass, `200 in \d+ ms`},
		"echoed password":      {HTTPOptions{Base: "http://user:canary-password@" + address, Path: "/login", Status: 201}, checklist.Fail, `wanted 201, got 200: .*\*\*\*`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.options.Base == "" {
				test.options.Base = server.URL
			}
			got := look(t, test.options)
			if got.Verdict != test.verdict || !regexp.MustCompile("^(?:"+test.evidence+")$").MatchString(got.Evidence) {
				t.Errorf("got %s %q, want %s %q", got.Verdict, got.Evidence, test.verdict, test.evidence)
			}
			path, _, _ := strings.Cut(test.options.Path, "?")
			if got.Name != "GET "+path || got.Took <= 0 {
				t.Errorf("got name %q, took %s", got.Name, got.Took)
			}
			if strings.Contains(got.Evidence, "canary") || strings.Contains(got.Evidence, "token") {
				t.Errorf("%q shows what nobody should see", got.Evidence)
			}
		})
	}
}

func TestHTTPWithTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	got := look(t, HTTPOptions{Base: server.URL, Path: "/"})
	if got.Verdict != checklist.Fail || !strings.HasPrefix(got.Evidence, "its TLS certificate is not trusted: ") {
		t.Errorf("got %s %q", got.Verdict, got.Evidence)
	}
	got = look(t, HTTPOptions{Base: server.URL, Path: "/", Transport: server.Client().Transport})
	if got.Verdict != checklist.Pass {
		t.Errorf("got %s %q", got.Verdict, got.Evidence)
	}
}

func TestInterruptedLookSaysNothing(t *testing.T) {
	t.Parallel()
	probe, err := NewHTTP(HTTPOptions{Base: site(t).URL, Path: "/slow"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := probe.Look(ctx); got.Verdict != checklist.Inconclusive {
		t.Errorf("got %s %q", got.Verdict, got.Evidence)
	}
}

func TestHTTPOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]HTTPOptions{
		"no base": {Path: "/"}, "no scheme": {Base: "example.com", Path: "/"}, "a file": {Base: "file:///etc", Path: "/"},
		"no path": {Base: "http://localhost"}, "a URL as path": {Base: "http://localhost", Path: "https://example.com/"},
		"a host as path": {Base: "http://localhost", Path: "//example.com/"}, "a strange status": {Base: "http://localhost", Path: "/", Status: 99},
		"negative time": {Base: "http://localhost", Path: "/", Within: -1}, "unreadable": {Base: "http://user:canary-password@ho st", Path: "/"},
	} {
		if _, err := NewHTTP(options); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func FuzzHTTPPath(f *testing.F) {
	f.Add("/healthz?a=b#c")
	f.Add("//evil.example/%2e%2e/")
	f.Add("/../../@evil.example")
	f.Fuzz(func(t *testing.T, path string) {
		probe, err := NewHTTP(HTTPOptions{Base: "https://www.example.com/app", Path: path})
		if err != nil {
			return
		}
		again, err := url.Parse(probe.location.String())
		if err != nil || again.Host != "www.example.com" || again.Scheme != "https" || again.User != nil {
			t.Errorf("%q leads to %s: %v", path, probe.location, err)
		}
	})
}

func FuzzExcerpt(f *testing.F) {
	f.Add("a\x1b[31m\r\n::error::b\u2028")
	f.Fuzz(func(t *testing.T, text string) {
		got := excerpt(text)
		if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) || len([]rune(got)) > excerptRunes+1 {
			t.Errorf("got %q", got)
		}
	})
}
