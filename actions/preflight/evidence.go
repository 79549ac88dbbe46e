package preflight

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// shownEvidence is what the evidence rests on, so that the job that is approved can see whether it still holds.
type shownEvidence struct {
	Time time.Time `json:"time"`
	// Digest is that of the plan, which covers the environment and the release.
	Digest string `json:"digest"`
	Schema int64  `json:"schema"`
}

// evidence shows what the person who approves wants to know of the environment itself. It only reads, as a role and a
// database user of its own when the config names them.
func evidence(ctx context.Context, call *verb.Call) (verb.Result, error) {
	// The environment of this job has the secrets for reading only: what the others are for is not done here.
	call.Lookup = verb.Lenient(call.Lookup)
	workspace, err := call.Workspace()
	if err != nil {
		return verb.Result{}, err
	}
	if asked := workspace.Environment.Evidence; asked != nil {
		workspace.ReadAs(asked.Role, asked.Secret)
	}
	release, err := workspace.Release(ctx, call.Inputs.String("image"), call.Inputs.String("label"))
	if err != nil {
		return verb.Result{}, err
	}
	shown := shownEvidence{Time: call.Now().UTC()}
	result := verb.Result{Checklist: call.Checklist(), Steering: map[string]string{}}
	list := &result.Checklist
	list.Release = release.Name()
	_ = list.Do(ctx, "served", "What is served", func(ctx context.Context) (checklist.Result, error) { return served(ctx, workspace, release) })
	_ = list.Do(ctx, "unchanged", "What was planned is what is promoted", func(ctx context.Context) (checklist.Result, error) {
		promotions, err := workspace.History.List(ctx, workspace.Name)
		if err != nil {
			return checklist.Result{}, err
		}
		shown.Digest = digestOf(workspace, release, promotions)
		return unchanged(call.Inputs.String("plan"), workspace.Name, shown.Digest, release)
	})
	_ = list.Do(ctx, "window", "The next maintenance window", func(context.Context) (checklist.Result, error) {
		return next(verb.Window(workspace.Environment), call.Now()), nil
	})
	var db *database.Database
	_ = list.Do(ctx, "pending", "The migrations that would run", func(ctx context.Context) (checklist.Result, error) {
		set, err := call.MigrationSet()
		if err != nil {
			return checklist.Result{}, err
		}
		if workspace.NewDatabase() {
			return pending(migration.Status{Pending: set.Files}), nil
		}
		if db, err = workspace.Database(ctx); err != nil {
			return checklist.Result{}, err
		}
		status, err := migration.ReadStatus(ctx, db, set)
		if err != nil {
			return checklist.Result{}, err
		}
		shown.Schema = status.Current
		return pending(status), status.Check()
	})
	if db != nil {
		defer db.Close()
		if db.Dialect == database.PostgreSQL {
			inside(ctx, list, db)
		}
		if text := call.Inputs.String("rehearsal"); text == "" && shown.Schema < release.Schema && slices.Index(workspace.Config.Promotion, workspace.Name) > 0 {
			list.Items = append(list.Items, checklist.Item{ID: "rehearsal", Title: "What the rehearsal says", Verdict: checklist.Warn,
				Evidence: "nothing was handed on: this run did not rehearse in the environment before, or it found more than fits, or GitHub dropped it because it holds a secret",
				Hint:     "look into the summary of the environment before"})
		} else if text != "" {
			list.Items = append(list.Items, foretold(ctx, workspace, db, text, release.Migrations, shown.Schema))
		}
	}
	if list.Failed() {
		return result, nil // The checklist says why, and there is nothing to approve.
	}
	text, err := json.Marshal(shown)
	result.Steering["evidence"] = string(text)
	return result, err
}

// foretold says what the rehearsal in the environment before means for the tables of this one.
func foretold(ctx context.Context, workspace *verb.Workspace, db *database.Database, text, digest string, schema int64) checklist.Item {
	report, err := rehearsal.ReadHandover(text)
	var sizes rehearsal.Sizes
	if err == nil {
		sizes, err = rehearsal.ReadSizes(ctx, db)
	}
	if err != nil {
		return checklist.Item{ID: "rehearsal", Title: "What the rehearsal says", Verdict: checklist.Inconclusive, Evidence: err.Error(), Hint: problem.Hint(err)}
	}
	report.Foretell(workspace.Name, sizes, time.Duration(workspace.Config.Migrations.LockTimeout))
	return report.Item(digest, schema)
}

func served(ctx context.Context, workspace *verb.Workspace, release history.Release) (checklist.Result, error) {
	promotions, err := workspace.History.List(ctx, workspace.Name)
	if err != nil {
		return checklist.Result{}, err
	}
	current := history.Current(promotions)
	if current == nil {
		return checklist.Passed("nothing yet: " + release.Name() + " would be the first release"), nil
	}
	return checklist.Passed(fmt.Sprintf("%s since %s; %s would replace it", current.Release.Name(), current.Created.UTC().Format("Mon 2006-01-02 15:04 MST"), release.Name())), nil
}

func next(window *gate.MaintenanceWindow, now time.Time) checklist.Result {
	if window == nil {
		return checklist.Skipped("there is none: it may be changed at any time")
	}
	opens, closes := window.Next(now)
	return checklist.Passed(fmt.Sprintf("%s until %s", opens.Format("Mon 2006-01-02 15:04 MST"), closes.In(window.Location).Format("15:04 MST")))
}

func pending(status migration.Status) checklist.Result {
	if len(status.Pending) == 0 {
		return checklist.Passed(fmt.Sprintf("none: the schema is at version %d already", status.Current))
	}
	var names []string
	for _, file := range status.Pending {
		names = append(names, file.Name)
	}
	return checklist.Passed(fmt.Sprintf("%d, from version %d: %s", len(names), status.Current, strings.Join(names, ", ")))
}

// largest asks PostgreSQL for the tables that a migration may take long on; rows are the planner's estimate.
// https://www.postgresql.org/docs/current/catalog-pg-class.html
const largest = `select n.nspname || '.' || c.relname, pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 2 desc, 1 limit 5`

// longest asks for the oldest transaction of others: a migration waits for it, and everybody else behind the migration.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
const longest = `select count(*), coalesce(extract(epoch from max(now() - xact_start)), 0)::bigint, pg_has_role('pg_read_all_stats', 'usage')
from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid() and datname = current_database() and now() - xact_start > interval '1 minute'`

// inside lists what is to be known of a PostgreSQL database before it is migrated.
func inside(ctx context.Context, list *checklist.Checklist, db *database.Database) {
	_ = list.Do(ctx, "sizes", "The largest tables", func(ctx context.Context) (checklist.Result, error) {
		rows, err := db.QueryContext(ctx, largest)
		if err != nil {
			return checklist.Result{}, database.Explain(err, db.Title)
		}
		defer rows.Close()
		var tables []string
		for rows.Next() {
			var name string
			var bytes, count int64
			if err := rows.Scan(&name, &bytes, &count); err != nil {
				return checklist.Result{}, database.Explain(err, db.Title)
			}
			tables = append(tables, fmt.Sprintf("%s %s, about %s rows", name, humanize.IBytes(uint64(bytes)), humanize.Comma(count)))
		}
		if err := rows.Err(); err != nil {
			return checklist.Result{}, database.Explain(err, db.Title)
		}
		if len(tables) == 0 {
			return checklist.Passed("there is none yet"), nil
		}
		return checklist.Passed(strings.Join(tables, "; ")), nil
	})
	_ = list.Do(ctx, "transactions", "Long transactions that a migration would wait for", func(ctx context.Context) (checklist.Result, error) {
		var count, seconds int64
		var seen bool
		if err := db.QueryRowContext(ctx, longest).Scan(&count, &seconds, &seen); err != nil {
			return checklist.Result{}, database.Explain(err, db.Title)
		}
		if !seen {
			return checklist.Result{Verdict: checklist.Warn, Evidence: "those of other users are hidden from this one", Hint: "grant pg_monitor to the user of the evidence"}, nil
		}
		if count == 0 {
			return checklist.Passed("none is older than a minute"), nil
		}
		return checklist.Result{Verdict: checklist.Warn, Evidence: fmt.Sprintf("%d, the oldest for %s", count, time.Duration(seconds)*time.Second),
			Hint: "wait for them, or find out who keeps them open"}, nil
	})
}
