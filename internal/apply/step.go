package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Stepwise tells that a section is no single transaction: what it did before it failed may stay.
func Stepwise(file migration.File, up bool) bool {
	statements := file.Down
	if up {
		statements = file.Up
	}
	return file.NoTransaction || controlsTransactions(statements)
}

// controlsTransactions tells whether one of the statements begins or ends a transaction. What cannot be read is taken for one that does.
func controlsTransactions(statements []migration.Statement) bool {
	for _, one := range statements {
		if !mentionsTransactions(one.SQL) {
			continue
		}
		parsed, err := statement.Parse(one.SQL)
		if err != nil {
			return true
		}
		for _, part := range parsed {
			for _, change := range part.Changes {
				if control, is := change.(statement.Transaction); is && !strings.HasPrefix(control.Action, "savepoint") && control.Action != "release" && control.Action != "rollback to" {
					return true
				}
			}
		}
	}
	return false
}

// mentionsTransactions keeps most statements from being parsed.
func mentionsTransactions(sql string) bool {
	sql = strings.ToLower(sql)
	for _, word := range []string{"begin", "start", "commit", "end", "rollback", "abort", "prepare"} {
		if strings.Contains(sql, word) {
			return true
		}
	}
	return false
}

// manner is how a statement of a file that is no single transaction is run.
type manner int

const (
	// together: in a transaction with the note that it is done, so that both are or neither is.
	together manner = iota
	// alone: the server takes it outside of a transaction only; that it began is noted before, and that it ended after it.
	alone
	// control: it begins or ends a transaction itself, and does nothing else.
	control
)

// mannerOf says how PostgreSQL takes a statement.
func mannerOf(sql string) (how manner, change statement.Change) {
	parsed, err := statement.Parse(sql)
	if err != nil || len(parsed) == 0 {
		return together, nil // The server refuses it there when it must stand alone, and it is run again as such.
	}
	for _, part := range parsed {
		for _, change := range part.Changes {
			switch c := change.(type) {
			case statement.Transaction:
				if len(parsed) == 1 && !part.Block {
					return control, change
				}
				return alone, change
			case statement.Call:
				if c.Procedure {
					return alone, change
				}
			case statement.CreateIndex:
				if c.Concurrently {
					return alone, change
				}
			case statement.Drop:
				if c.Concurrently || c.Kind == statement.Database {
					return alone, change
				}
			case statement.Reindex:
				if c.Concurrently || c.Kind != statement.Index && c.Kind != statement.Table {
					return alone, change
				}
			case statement.DetachPartition:
				if c.Concurrently {
					return alone, change
				}
			case statement.Vacuum:
				if !c.OnlyAnalyze {
					return alone, change
				}
			case statement.Cluster:
				if c.Table.Name == "" {
					return alone, change
				}
			case statement.RoleSetting:
				if c.Kind == "system" {
					return alone, change
				}
			}
		}
	}
	return together, nil
}

// step runs one statement of a file that is no single transaction, and notes that it is done. It is tried again where it left nothing.
func (g *guard) step(ctx context.Context, session database.Session, query database.Statement, file *current, run func() error) error {
	if file.position > 0 && file.next == file.position+1 && query.InTransaction && session.Status() == 'T' {
		// The file had ended goose's transaction before it came so far the first time.
		if err := session.Execute(ctx, "commit"); err != nil {
			return err
		}
	}
	open := session.Status() == 'T' || session.Status() == 'E'
	if g.watch == nil {
		return g.sqliteStep(ctx, session, query, file, run)
	}
	how, change := mannerOf(query.SQL)
	if open {
		how = control // In a transaction that the file began the note is a part of it.
	}
	retry := g.migrator.retrying()
	for {
		var err error
		switch how {
		case control:
			if err = g.controls(ctx, session, file, run); err != nil {
				return err
			}
		case together:
			if err = g.together(ctx, session, file, run); needsToStandAlone(err) {
				how = alone
				continue
			}
		case alone:
			if err = g.alone(ctx, session, file, change, run); errors.Is(err, errUnsettled) {
				return err // A part of it may be done: nobody knows whether it may run once more.
			}
		}
		if err == nil || !waited(err) || !retry.again(ctx, g, file, err) {
			return err
		}
	}
}

// controls runs a statement that begins or ends a transaction, or is in one that the file began. What is noted in a transaction goes
// with it.
func (g *guard) controls(ctx context.Context, session database.Session, file *current, run func() error) error {
	if session.Status() != 'E' {
		if err := g.limits(ctx, session, file, session.Status() == 'T'); err != nil {
			return err
		}
	}
	if err := g.watched(run()); err != nil || session.Status() == 'E' {
		return err
	}
	return g.note(ctx, session, file, file.next, "")
}

// together runs a statement in a transaction with the note that it is done.
func (g *guard) together(ctx context.Context, session database.Session, file *current, run func() error) error {
	return g.watched(inTransaction(ctx, session, func() error {
		if err := g.limits(ctx, session, file, true); err != nil {
			return err
		}
		if err := run(); err != nil {
			return err
		}
		return g.note(ctx, session, file, file.next, "")
	}))
}

// errUnsettled says that a statement failed that runs alone, and that the catalogs do not tell whether a part of it is done.
var errUnsettled = errors.New("what it has done of itself is not known")

// alone runs a statement outside of a transaction.
func (g *guard) alone(ctx context.Context, session database.Session, file *current, change statement.Change, run func() error) error {
	begun, err := lookBefore(ctx, g.migrator.aside, change, file.next)
	if err != nil {
		return err
	}
	if err := g.note(ctx, session, file, file.next-1, begun.String()); err != nil {
		return err
	}
	if err := g.limits(ctx, session, file, false); err != nil {
		return err
	}
	g.run.changed = true
	if concurrently(change) {
		// It waits for transactions that were there before, which hurts nobody, and ended there it would leave half of its work.
		if err := session.Execute(ctx, "set lock_timeout = 0"); err != nil {
			return err
		}
	}
	if err := g.watched(run()); err != nil {
		return errors.Join(err, g.tidy(ctx, session, file, change, begun, err))
	}
	if err := finishedWell(ctx, g.migrator.aside, change, begun); err != nil {
		return err
	}
	return g.note(ctx, session, file, file.next, "")
}

// tidy takes away what a statement left that failed, where the server said so, and notes that it is as if it had not begun.
func (g *guard) tidy(ctx context.Context, session database.Session, file *current, change statement.Change, begun before, failed error) error {
	if lost(failed) {
		return nil // The next try finds out.
	}
	g.watch.pauses.Store(true)
	defer g.watch.pauses.Store(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyPatience)
	defer cancel()
	outcome, err := settle(ctx, g.migrator.aside, change, begun)
	if err != nil {
		return err
	}
	if outcome == unknown {
		return errUnsettled
	}
	return g.note(ctx, session, file, file.next-1, "")
}

// tidyPatience is how long it may take to drop what a failed statement left.
const tidyPatience = 30 * time.Second

// sqliteStep runs a statement on SQLite, in a transaction with the note where SQLite lets it.
func (g *guard) sqliteStep(ctx context.Context, session database.Session, query database.Statement, file *current, run func() error) error {
	note := func() error { return g.note(ctx, session, file, file.next, "") }
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(query.SQL)), " ")
	switch strings.TrimRight(word, ";\n\t\r") {
	case "create", "alter", "drop", "insert", "update", "delete", "replace", "with", "select":
		began := session.Execute(ctx, "begin immediate") == nil // Else a transaction is open, and the note is a part of it.
		err := run()
		if err == nil {
			err = note()
		}
		switch {
		case !began:
			return err
		case err != nil:
			return errors.Join(err, session.Execute(context.WithoutCancel(ctx), "rollback"))
		}
		return session.Execute(ctx, "commit")
	}
	if err := g.note(ctx, session, file, file.next-1, fmt.Sprintf(`{"statement":%d}`, file.next)); err != nil {
		return err
	}
	if err := run(); err != nil {
		return errors.Join(err, g.note(context.WithoutCancel(ctx), session, file, file.next-1, ""))
	}
	return note()
}
