package apply

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// session is another session of the server.
type session struct {
	pid         uint32
	application string
	user        string
	state       string
	// age is how long its transaction or its query runs.
	age time.Duration
}

// String says who it is.
func (s session) String() string {
	if s.pid == 0 {
		return "a prepared transaction (see pg_prepared_xacts)"
	}
	of := []string{}
	for _, text := range []string{s.application, s.user, s.state} {
		if text != "" {
			of = append(of, text)
		}
	}
	text := fmt.Sprintf("pid %d (%s)", s.pid, strings.Join(of, ", "))
	if s.age > 0 { // Not every database user may see it.
		text += " for " + s.age.Round(100*time.Millisecond).String()
	}
	return text
}

type querier interface {
	QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error)
}

// describeSessions describes the sessions whose numbers a query returns, oldest first. What others may not see of a session is empty.
func describeSessions(ctx context.Context, db querier, pids string, arguments ...any) ([]session, error) {
	rows, err := db.QueryContext(ctx, `select p.pid, left(coalesce(a.application_name, ''), 60), coalesce(a.usename, ''), coalesce(a.state, ''),
		coalesce(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.query_start, a.backend_start)), 0)::float8
		from (`+pids+`) p(pid) left join pg_stat_activity a on a.pid = p.pid order by 5 desc limit 20`, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var sessions []session
	for rows.Next() {
		var one session
		var seconds float64
		if err := rows.Scan(&one.pid, &one.application, &one.user, &one.state, &seconds); err != nil {
			return nil, err
		}
		one.age = time.Duration(seconds * float64(time.Second))
		one.application = checklist.OneLine(one.application)
		sessions = append(sessions, one)
	}
	return sessions, rows.Err()
}

func joined(sessions []session) string {
	texts := make([]string, len(sessions))
	for i, one := range sessions {
		texts[i] = one.String()
	}
	return strings.Join(texts, ", ")
}
