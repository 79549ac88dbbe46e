// Package migrations carries the schema of the reference application, in goose's format, for PostgreSQL and SQLite alike.
package migrations

import "embed"

// Files holds every migration at its root, named as goose expects: a five-digit version, an underscore, words, ".sql".
//
//go:embed *.sql
var Files embed.FS
