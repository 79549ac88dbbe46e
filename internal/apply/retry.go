package apply

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// longestPause bounds the pause between two tries.
const longestPause = 30 * time.Second

// code returns PostgreSQL's code of an error, empty for others. https://www.postgresql.org/docs/current/errcodes-appendix.html
func code(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	return ""
}

// cancelled tells that the server ended the statement because it was told to.
func cancelled(err error) bool { return code(err) == "57014" }

// needsToStandAlone tells that a statement cannot run in a transaction, or that what it calls wants to end one.
func needsToStandAlone(err error) bool { return code(err) == "25001" || code(err) == "2D000" }

// waited tells that a statement met the locks of others, and left nothing.
func waited(err error) bool {
	return errors.Is(err, errOverstayed) || slices.Contains([]string{"55P03", "40P01", "40001"}, code(err))
}

// Lost tells of an error that Apply, Up or Down returned that the connection was gone, or the server for a moment: it says nothing about
// the migration.
func Lost(err error) bool { return lost(err) }

// lost tells that the connection is gone, or the server for a moment.
func lost(err error) bool {
	if code := code(err); code != "" {
		return slices.Contains([]string{"57P01", "57P02", "57P03", "57P05", "25P03"}, code) || strings.HasPrefix(code, "08")
	}
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, errUnwatched) || errors.As(err, &network) || strings.Contains(err.Error(), "conn closed")
}

// retrying is the budget for one migration.
type retrying struct {
	migrator *Migrator
	deadline time.Time
	pause    time.Duration
}

func (m *Migrator) retrying() *retrying { return &retrying{migrator: m} }

// again waits before the next try, and tells whether there is one. It notes why.
func (r *retrying) again(ctx context.Context, g *guard, file *current, err error) bool {
	limits := r.migrator.options.Limits
	now := time.Now()
	if r.deadline.IsZero() {
		r.deadline = now.Add(limits.Retry)
		if r.pause = r.migrator.options.Pause; r.pause == 0 {
			r.pause = 500 * time.Millisecond
		}
	}
	why := reason(err)
	blockers, ended := g.watch.found()
	if len(blockers) > 0 && code(err) == "55P03" {
		why += " of " + joined(blockers)
	}
	if len(ended) > 0 {
		why += "; ended, as the config allows: " + joined(ended)
	}
	g.why = why
	pause := r.pause/2 + rand.N(r.pause)
	if limits.Retry <= 0 || now.Add(pause).After(r.deadline) || ctx.Err() != nil {
		return false
	}
	r.pause = min(2*r.pause, longestPause)
	if file != nil {
		file.tries.note(reason(err), why)
	}
	r.migrator.progress.Advance(0, 0, why+"; the next try is in "+pause.Round(100*time.Millisecond).String())
	if g.watch != nil {
		g.watch.victims.Store(nil)
		g.watch.pauses.Store(true)
		defer g.watch.pauses.Store(false)
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// tries are the reasons for which a file was tried again.
type tries []tried

type tried struct {
	reason, last string
	count        int
}

func (t *tries) note(reason, why string) {
	i := slices.IndexFunc(*t, func(one tried) bool { return one.reason == reason })
	if i < 0 {
		i = len(*t)
		*t = append(*t, tried{reason: reason})
	}
	(*t)[i].last, (*t)[i].count = why, (*t)[i].count+1
}

// remarks says each reason once.
func (t tries) remarks() []string {
	var remarks []string
	for _, one := range t {
		times := "tried again: "
		if one.count > 1 {
			times = fmt.Sprintf("tried again %d times: ", one.count)
		}
		remarks = append(remarks, times+one.last)
	}
	return remarks
}

// reason says in a few words why something is tried again.
func reason(err error) string {
	switch {
	case errors.Is(err, errOverstayed):
		return "others waited too long for it"
	case code(err) == "55P03":
		return "it waited too long for a lock"
	case code(err) == "40P01":
		return "it met a deadlock"
	case code(err) == "40001":
		return "it met changes of others"
	}
	return "the connection was lost"
}
