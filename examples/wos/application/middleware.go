package application

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// loggedPath bounds how much of a path a log line has, in bytes.
const loggedPath = 200

// securityHeaders allow what the pages use, their own style sheet and icon, and nothing else.
var securityHeaders = map[string]string{
	"Content-Security-Policy":    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Permissions-Policy":         "camera=(), geolocation=(), microphone=()",
	"Referrer-Policy":            "same-origin",
	"X-Content-Type-Options":     "nosniff",
	"X-Frame-Options":            "DENY",
}

// handler returns all routes with what every request passes through.
func (a *application) handler() http.Handler {
	pages := http.NewServeMux()
	pages.Handle("GET /{$}", a.page(a.home))
	pages.Handle("GET /heroes", a.page(a.heroes))
	pages.Handle("GET /heroes/{id}", a.page(a.hero))
	pages.Handle("GET /profiles/{id}", a.page(a.profile))
	pages.Handle("GET /me", a.page(a.me))
	pages.Handle("GET /login", a.page(a.login))
	pages.HandleFunc("POST /login", a.signIn)
	pages.HandleFunc("POST /logout", a.signOut)
	pages.Handle("GET /", a.page(func(*http.Request) (content, error) { return content{}, errNotFound }))

	all := http.NewServeMux()
	all.HandleFunc("GET /healthz", a.serveHealth)
	all.HandleFunc("GET /_stcore/health", a.serveAlive)
	all.HandleFunc("GET /version", a.serveVersion)
	all.HandleFunc("GET /static/{name}", a.serveAsset)
	all.Handle("/", a.pageFaults(http.NewCrossOriginProtection().Handler(pages)))
	return a.record(a.survive(all))
}

// record writes one log line a request, and sets the headers that every answer has.
func (a *application) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := a.now()
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			level := slog.LevelInfo
			if seen.status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			path := r.URL.Path
			if len(path) > loggedPath {
				path = path[:loggedPath]
			}
			// A request's own context may be over by now; a log line is due all the same.
			a.log.Log(context.WithoutCancel(r.Context()), level, "request",
				"method", r.Method, "path", path, "status", seen.status, "milliseconds", float64(a.now().Sub(started).Microseconds())/1000)
		}()
		next.ServeHTTP(seen, r)
	})
}

// survive turns a panic into a broken page and a log line with the stack.
func (a *application) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if broken := recover(); broken != nil {
				a.log.Error("panic", "value", broken, "stack", string(debug.Stack()))
				a.problem(w, r, http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// withLimit gives a page's work its time.
func withLimit(r *http.Request, limit time.Duration) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	return r.WithContext(ctx), cancel
}
