// Package application is the reference application, startable from any binary: a game site with users, profiles and heroes.
package application

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// The limits of a request and of a shutdown. Docker and most process managers kill after ten seconds, systems tuned for
// fast releases after five: what is still running after shutdownLimit is cut off.
const (
	pageLimit     = 5 * time.Second
	healthLimit   = 2 * time.Second
	shutdownLimit = 4 * time.Second
	headerBytes   = 64 << 10
)

// application is what every handler shares.
type application struct {
	settings  configuration
	database  *sql.DB
	store     store
	sessions  sessions
	faults    *faults
	pages     map[string]*template.Template
	assets    map[string]asset
	log       *slog.Logger
	now       func() time.Time
	passwords chan struct{}
}

// Run serves the application until ctx is done, then lets the running requests end for up to four seconds.
// getenv is the process environment; a file ".env" in the working directory adds what getenv leaves empty.
// Structured logs go to log, one JSON object a line. It never changes the schema, nor creates a database.
func Run(ctx context.Context, getenv func(string) string, log io.Writer) error {
	return runIn(ctx, ".", getenv, log)
}

// runIn is Run with the folder that holds ".env".
func runIn(ctx context.Context, folder string, getenv func(string) string, log io.Writer) error {
	settings, err := load(folder, getenv)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(log, nil)).With("version", settings.version, "environment", settings.environment)
	if settings.faults.panicOnStart {
		panic("FAULT_PANIC_ON_START is set")
	}
	database, err := open(settings.database)
	if err != nil {
		return err
	}
	defer database.Close()
	app, err := build(settings, database, logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(settings.host, settings.port))
	if err != nil {
		return fmt.Errorf("cannot listen (set HOST and PORT to a free address): %w", err)
	}
	return app.serve(ctx, listener)
}

// load reads ".env" in folder, if there is one, and then the settings.
func load(folder string, getenv func(string) string) (configuration, error) {
	text, err := os.ReadFile(filepath.Join(folder, ".env"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return configuration{}, fmt.Errorf("cannot read .env: %w", err)
	}
	file, err := parseDotenv(string(text))
	if err != nil {
		return configuration{}, fmt.Errorf(".env: %w", err)
	}
	return configure(func(name string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return file[name]
	})
}

// build puts the parts together; nothing runs yet.
func build(settings configuration, database *sql.DB, log *slog.Logger) (*application, error) {
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	pages, err := loadPages()
	if err != nil {
		return nil, err
	}
	return &application{
		settings:  settings,
		database:  database,
		store:     store{database: database, guilds: settings.features["guilds"], motto: settings.features["motto"]},
		sessions:  sessions{key: settings.secret},
		faults:    newFaults(settings.faults, time.Now()),
		pages:     pages,
		assets:    assets,
		log:       log,
		now:       time.Now,
		passwords: make(chan struct{}, 2),
	}, nil
}

// serve answers on listener until ctx is done.
func (a *application) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	a.log.Info("listening", "address", "http://"+listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	a.log.Info("stopping")
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		server.Close()
		return fmt.Errorf("requests still ran %s after the stop and were cut off: %w", shutdownLimit, err)
	}
	a.log.Info("stopped")
	return nil
}
