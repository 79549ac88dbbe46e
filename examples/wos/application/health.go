package application

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// health is the body of /healthz.
type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// release is the body of /version. Schema is null when the database cannot say.
type release struct {
	Version     string `json:"version"`
	Commit      string `json:"commit"`
	Environment string `json:"environment"`
	Schema      *int64 `json:"schema"`
}

// serveHealth answers 200 when the database answers, else 503 with a reason that tells outsiders nothing about it.
func (a *application) serveHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthLimit)
	defer cancel()
	reason := ""
	if a.faults.unhealthy(a.now()) {
		reason = "FAULT_UNHEALTHY_AFTER has passed"
	} else if err := a.database.PingContext(ctx); err != nil {
		reason = "the database does not answer"
		a.log.Error(reason, "error", err)
	} else if err := a.store.ready(ctx); err != nil {
		reason = "the database does not have the application's tables, or cannot read them"
		a.log.Error(reason, "error", err)
	}
	if reason != "" {
		writeJSON(w, http.StatusServiceUnavailable, health{Status: "unhealthy", Reason: reason})
		return
	}
	writeJSON(w, http.StatusOK, health{Status: "ok"})
}

// serveAlive answers as long as the process does.
func (a *application) serveAlive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok")
}

// serveVersion says what runs here, and on which schema.
func (a *application) serveVersion(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthLimit)
	defer cancel()
	answer := release{Version: a.settings.version, Commit: a.settings.commit, Environment: a.settings.environment}
	schema, err := a.store.schema(ctx)
	if err == nil {
		answer.Schema = &schema
	} else {
		a.log.Warn("the schema version is not known", "error", err)
	}
	writeJSON(w, http.StatusOK, answer)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// Healthcheck asks the application that runs with the same environment on this machine for /healthz; an error is an unhealthy one.
// It is for containers without a shell.
func Healthcheck(ctx context.Context, getenv func(string) string) error {
	settings, err := load(".", getenv)
	if err != nil {
		return err
	}
	host := settings.host
	if address := net.ParseIP(host); host == "" || address.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit+healthLimit/2)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, settings.port)+"/healthz", nil)
	if err != nil {
		return err
	}
	// No proxy: the answer of one would be no answer of the application.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the application does not answer: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(answer.Body, 1024))
		return errors.Join(fmt.Errorf("the application is not healthy: %s %s", answer.Status, body), err)
	}
	return nil
}
