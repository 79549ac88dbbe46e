package rehearsal

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// observer is told of the statements of one run at a time, and keeps what they did.
type observer struct {
	mutex sync.Mutex
	// look is another session of the same database, for statements outside of a transaction; nil on SQLite.
	look *database.Database
	run  *Run
	// veil hides what SQL must not show.
	veil func(string) string
	// before are the relations that were there when the run began, by name.
	before map[string]relation
	// names are those of the relations by their numbers.
	names map[int64]string
	// last is what the session had done when the statement before ended.
	last seen
	// open are the locks of the transaction, by where they are kept.
	open []opened
	stop func() map[string]string
	// flushes tells that the server can be asked to count at once, and temporary what it had counted when the run began.
	flushes   bool
	temporary int64
}

// relation is a table or an index as it was.
type relation struct {
	file, rows, bytes, number int64
	table                     bool
}

// opened is a lock that is held until its transaction ends.
type opened struct {
	statement, lock int
	since           time.Time
}

// seen is what the server tells of a session's transaction.
type seen struct {
	locks            map[string]string
	files            map[string]int64
	scanned, written map[string]int64
	// wal is where the cluster's write-ahead log ended.
	wal int64
}

// named is the name of a relation for people, as fingerprint.Name has it and the same whatever the search_path is, and user tells that
// it is not the system's.
const (
	named = `(CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname)`
	user  = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
	// position is where the write-ahead log of the cluster ends, in bytes.
	position = `(pg_current_wal_insert_lsn() - '0/0')::bigint`
)

// scanned and written are the columns seq_tup_read and n_tup_ins, n_tup_upd and n_tup_del of pg_stat_xact_user_tables, asked for one
// table: the view groups all tables of the database with their indexes first, which takes milliseconds where there are a thousand.
const (
	scanned = `pg_stat_get_xact_tuples_returned(c.oid)`
	written = `pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid)`
)

// what asks for the relations that the session holds locks on, with their files and what was done to their rows in its transaction.
// Rows that DDL itself reads count among the scanned ones. https://www.postgresql.org/docs/current/view-pg-locks.html
// What it dropped is known by its number only. The last row has the position: each question costs a statement of the migration a way to the server and back.
const what = `SELECT ` + named + `, CASE WHEN c.relkind IN ('i', 'I') THEN '' ELSE l.mode END, coalesce(pg_relation_filenode(c.oid), 0)::bigint,
  CASE WHEN c.relkind IN ('r', 'm', 'p') THEN ` + scanned + ` ELSE 0 END, CASE WHEN c.relkind IN ('r', 'm', 'p') THEN ` + written + ` ELSE 0 END
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation' AND ` + user + `
UNION ALL SELECT '', l.mode, l.relation::bigint, 0, 0 FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation'
  AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = l.relation)` + andPosition

const andPosition = ` UNION ALL SELECT '', '', ` + position + `, 0, 0`

// counted asks for what was done to the rows of tables: beside that of the transaction it is what the session did before and has not
// told the server's statistics yet.
const counted = `SELECT ` + named + `, '', 0::bigint, ` + scanned + `, ` + written + `
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm', 'p') AND ` + user + `
AND (` + scanned + ` > 0 OR ` + written + ` > 0)` + andPosition

// relations lists all relations with their files and sizes; the rows are the planner's estimate, -1 where it has none.
const relations = `SELECT ` + named + `, coalesce(pg_relation_filenode(c.oid), 0)::bigint, CASE WHEN c.reltuples < 0 THEN -1 ELSE c.reltuples END::bigint,
  CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) ELSE 0 END, c.relkind IN ('r', 'p', 'm'), c.oid::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I') AND ` + user

// Observe returns the observer of one run outside of a rehearsal, and what it notes: with it can be measured what observing costs.
// aside is another session of the same database.
func Observe(ctx context.Context, aside *database.Database) (database.Observer, *Run, error) {
	o, err := observing(ctx, aside)
	if err != nil {
		return nil, nil, err
	}
	run, err := o.begin(ctx, nil, func(sql string) string { return sql })
	return o, run, err
}

// observing looks through another session of the same database.
func observing(ctx context.Context, aside *database.Database) (*observer, error) {
	if aside.Dialect == database.SQLite {
		return &observer{}, nil
	}
	o := &observer{look: aside}
	// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-STATS-FUNCTIONS
	err := aside.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int >= 150000").Scan(&o.flushes)
	return o, err
}

// begin makes ready for a run. rows are the numbers of rows that are known, by table; veil hides what SQL must not show.
func (o *observer) begin(ctx context.Context, rows map[string]int64, veil func(string) string) (*Run, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.veil = veil
	o.run, o.last, o.open, o.before = &Run{Statements: []Statement{}}, seen{}, nil, nil
	if o.look == nil {
		return o.run, nil
	}
	var err error
	if o.before, err = readRelations(ctx, o.look); err != nil {
		return nil, err
	}
	o.names = map[int64]string{}
	for name, one := range o.before {
		o.names[one.number] = name
	}
	for name, count := range rows {
		if one, known := o.before[name]; known {
			one.rows = count
			o.before[name] = one
		}
	}
	o.temporary, err = o.temporaryBytes(ctx)
	return o.run, err
}

func readRelations(ctx context.Context, db *database.Database) (map[string]relation, error) {
	rows, err := db.QueryContext(ctx, relations)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]relation{}
	for rows.Next() {
		var name string
		var one relation
		if err := rows.Scan(&name, &one.file, &one.rows, &one.bytes, &one.table, &one.number); err != nil {
			return nil, err
		}
		found[name] = one
	}
	return found, rows.Err()
}

// finish notes what is known of a run only when it has ended.
func (o *observer) finish(ctx context.Context) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.look != nil {
		if now, err := o.temporaryBytes(ctx); err == nil {
			o.run.Temporary = max(0, now-o.temporary)
		}
	}
	o.run = nil
}

// temporaryBytes returns what was written to temporary files of the database so far.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW
func (o *observer) temporaryBytes(ctx context.Context) (bytes int64, err error) {
	err = o.look.QueryRowContext(ctx, "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()").Scan(&bytes)
	return bytes, err
}

// flush has the session tell the server what it did as soon as its transaction ends, which it does otherwise once a second. Before
// version 15 it does so anyway.
func (o *observer) flush(session database.Session) {
	if o.flushes && o.run != nil && session.Status() != 'E' {
		// What is missing then is missing in the report only.
		_ = session.Ask(context.Background(), "SELECT pg_stat_force_next_flush()", func([]driver.Value) error { return nil })
	}
}

// ours tells a statement of the migration from goose's own.
func (o *observer) ours(statement database.Statement) bool {
	return o.run != nil && !statement.Query
}

// Statement runs a statement and notes what it did.
func (o *observer) Statement(ctx context.Context, session database.Session, statement database.Statement, run func() error) error {
	if err := o.prepare(ctx, session, statement); err != nil {
		return err
	}
	started := time.Now()
	err := run()
	o.done(ctx, session, statement, time.Since(started), err)
	return err
}

// prepare begins to look at the locks of a statement outside of a transaction. One of a file that says NO TRANSACTION may have one of its
// own.
func (o *observer) prepare(ctx context.Context, session database.Session, statement database.Statement) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if !o.ours(statement) || o.look == nil {
		return nil
	}
	if !statement.InTransaction {
		o.last = seen{}
		if session.Status() != 'T' {
			o.last.wal = o.position(ctx)
			o.stop = o.sample(ctx, session.PID())
			return nil
		}
		if o.flushes { // What the session did before is told, and counts no more.
			o.last = nothing()
			o.last.wal = o.position(ctx)
			return nil
		}
	}
	if o.last.locks == nil {
		var err error
		if o.last, err = o.ask(ctx, session, counted); err != nil {
			return err
		}
	}
	return nil
}

func (o *observer) position(ctx context.Context) (bytes int64) {
	_ = o.look.QueryRowContext(ctx, "SELECT "+position).Scan(&bytes)
	return bytes
}

// done notes what a statement did.
func (o *observer) done(ctx context.Context, session database.Session, statement database.Statement, took time.Duration, err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if !o.ours(statement) {
		return
	}
	done := Statement{SQL: migration.Excerpt(o.veil(statement.SQL), 300), Took: Took(took), Locks: []Lock{}}
	if o.look != nil {
		o.saw(ctx, session, &done, time.Now().Add(-took), err)
	}
	o.run.Statements = append(o.run.Statements, done)
	if o.look != nil && (!statement.InTransaction || session.Status() == 'I') {
		o.ended(session)
	}
}

// saw asks what a statement did. A transaction that failed answers nothing.
func (o *observer) saw(ctx context.Context, session database.Session, done *Statement, begun time.Time, err error) {
	now := nothing()
	switch {
	case o.stop != nil:
		done.Sampled = true
		now.locks, now.wal = o.stop(), o.position(ctx)
		o.stop = nil
	case err == nil:
		now, err = o.ask(ctx, session, what)
	}
	if err != nil && !done.Sampled {
		done.WAL = max(0, o.position(ctx)-o.last.wal)
		return
	}
	done.WAL = max(0, now.wal-o.last.wal)
	o.note(done, now, begun)
	o.last = now
}

// note adds what is new since the statement before.
func (o *observer) note(done *Statement, now seen, begun time.Time) {
	done.Scanned, done.Written = more(o.last.scanned, now.scanned), more(o.last.written, now.written)
	touched := map[string]bool{}
	for _, table := range slices.Sorted(maps.Keys(now.locks)) {
		mode := now.locks[table]
		if _, was := o.before[table]; !was || own(table) || strength(mode) <= strength(o.last.locks[table]) {
			continue
		}
		touched[table] = true
		done.Locks = append(done.Locks, Lock{Table: table, Mode: words(mode), Blocks: blocks(mode, done.Written[table] > 0), Held: Took(time.Since(begun))})
		if !done.Sampled {
			o.open = append(o.open, opened{len(o.run.Statements), len(done.Locks) - 1, begun})
		}
	}
	for _, table := range slices.Sorted(maps.Keys(now.files)) {
		before, was := o.before[table]
		file := before.file
		if last, known := o.last.files[table]; known {
			file = last
		}
		if was && file != 0 && now.files[table] != file {
			done.Rewritten = append(done.Rewritten, table)
			touched[table] = true
		}
	}
	for _, counted := range []map[string]int64{done.Scanned, done.Written} {
		for table := range counted {
			touched[table] = true
		}
	}
	for _, table := range slices.Sorted(maps.Keys(touched)) {
		if one, was := o.before[table]; was && one.table {
			done.Tables = append(done.Tables, Table{Table: table, Rows: one.rows, Bytes: one.bytes})
		}
	}
}

// own tells goose's table, and the one beside it.
func own(table string) bool {
	return strings.Contains(table, database.GooseTable) || strings.Contains(table, database.RecordTable)
}

// more returns what grew, nil when nothing did.
func more(before, now map[string]int64) map[string]int64 {
	var grown map[string]int64
	for name, count := range now {
		if count > before[name] && !own(name) {
			if grown == nil {
				grown = map[string]int64{}
			}
			grown[name] = count - before[name]
		}
	}
	return grown
}

func nothing() seen {
	return seen{locks: map[string]string{}, files: map[string]int64{}, scanned: map[string]int64{}, written: map[string]int64{}}
}

func (o *observer) ask(ctx context.Context, session database.Session, query string) (seen, error) {
	now := nothing()
	err := session.Ask(ctx, query, func(row []driver.Value) error {
		table, mode := fmt.Sprint(row[0]), fmt.Sprint(row[1])
		number, _ := row[2].(int64)
		switch {
		case table == "" && mode == "":
			now.wal = number
			return nil
		case table == "":
			if name := o.names[number]; o.before[name].table {
				now.locks[name] = stronger(mode, now.locks[name])
			}
			return nil
		}
		now.locks[table] = stronger(mode, now.locks[table])
		for into, value := range map[*map[string]int64]driver.Value{&now.files: row[2], &now.scanned: row[3], &now.written: row[4]} {
			if number, _ := value.(int64); number != 0 {
				(*into)[table] = number
			}
		}
		return nil
	})
	return now, err
}

// End says of the locks of a transaction how long they were held.
func (o *observer) End(session database.Session, _ bool, _ error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.ended(session)
}

// ended notes that a transaction ended, which a file can do itself.
func (o *observer) ended(session database.Session) {
	o.flush(session)
	for _, one := range o.open {
		o.run.Statements[one.statement].Locks[one.lock].Held = Took(time.Since(one.since))
	}
	o.open, o.last = nil, seen{}
}
