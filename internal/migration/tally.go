package migration

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Tally is a database.Observer that counts the statements of migrations, without goose's own.
type Tally struct {
	mutex      sync.Mutex
	statements int
	slowest    time.Duration
}

// Before lets every statement pass.
func (*Tally) Before(context.Context, database.Session, database.Statement) error { return nil }

// After counts a statement.
func (t *Tally) After(_ context.Context, _ database.Session, statement database.Statement, took time.Duration, _ error) {
	if statement.Query || strings.Contains(statement.SQL, goose.DefaultTablename) {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.statements++
	t.slowest = max(t.slowest, took)
}

// End learns nothing.
func (*Tally) End(database.Session, bool) {}

// Statements returns how many statements ran, and how long the slowest took.
func (t *Tally) Statements() (count int, slowest time.Duration) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.statements, t.slowest
}
