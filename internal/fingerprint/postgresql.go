package fingerprint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/randomchaoslabs/airlock/internal/database"
)

func readPostgreSQL(ctx context.Context, db *database.Database, options Options) (Data, error) {
	// One session holds the snapshot for all others.
	first, snapshot, err := export(ctx, db)
	if err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	defer first.end()
	var data Data
	var counts bool
	const server = "SELECT current_setting('server_version_num')::int / 10000, current_setting('track_counts')::bool AND NOT pg_is_in_recovery()"
	if err := first.tx.QueryRowContext(ctx, server).Scan(&data.Version, &counts); err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	if !counts {
		options.Keep = nil // Writes are not counted, on a standby those that it replays.
	}
	tables, err := first.tables(ctx, options.Skip)
	if err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	for i := range tables {
		if err := first.choose(ctx, &tables[i], options); err != nil {
			return Data{}, database.Explain(err, db.Title)
		}
	}
	if options.Keep != nil {
		if err := first.markAll(ctx, tables); err != nil {
			return Data{}, database.Explain(err, db.Title)
		}
	}
	if err := sumAll(ctx, db, snapshot, tables, options); err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	for _, table := range tables {
		data.Tables = append(data.Tables, table.Table)
	}
	if data.Sequences, err = first.sequences(ctx, options.Skip); err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	large, there, err := first.largeObjects(ctx, options)
	if err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	if there {
		at, _ := slices.BinarySearchFunc(data.Tables, large.Name, func(table Table, name Name) int { return compareNames(table.Name, name) })
		data.Tables = slices.Insert(data.Tables, at, large)
	}
	return data, nil
}

// markAll adds to the mark of each table what else its values look like by: the labels of enums and the names of objects.
func (s *session) markAll(ctx context.Context, tables []found) error {
	schema, err := schemaOf(ctx, s.tx)
	if err != nil {
		return err
	}
	slices.SortFunc(schema, compareObjects)
	digest := sha256.Sum256(fmt.Appendf(nil, "%q", schema))
	for i := range tables {
		tables[i].mark += fmt.Sprintf("/%x", digest)
	}
	return nil
}

// work is a part of a table that is summed by one statement.
type work struct {
	table int
	where string
}

// sumAll sums all tables on several connections, the largest first.
func sumAll(ctx context.Context, db *database.Database, snapshot string, tables []found, options Options) error {
	var all []work
	for i, table := range tables {
		if table.Unread == "" {
			all = append(all, parts(i, table, options.partBytes())...)
		}
	}
	slices.SortStableFunc(all, func(a, b work) int { return cmp.Compare(tables[b.table].size, tables[a.table].size) })
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan work)
	go func() {
		defer close(next)
		for _, one := range all {
			select {
			case next <- one:
			case <-ctx.Done():
				return
			}
		}
	}()
	totals := make([]total, len(tables))
	for i := range totals {
		totals[i] = newTotal(len(tables[i].Columns))
	}
	var workers sync.WaitGroup
	var lock sync.Mutex
	for range max(1, cmp.Or(options.Parallel, 2)) {
		workers.Go(func() {
			s, err := begin(ctx, db, snapshot)
			if err != nil {
				cancel(err)
				return
			}
			defer s.end()
			for one := range next {
				done, err := s.part(ctx, tables[one.table], one, options)
				if err != nil {
					cancel(fmt.Errorf("table %s: %w", tables[one.table].Name, err))
					return
				}
				lock.Lock()
				err = totals[one.table].add(done)
				lock.Unlock()
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for i := range tables {
		totals[i].put(&tables[i].Table, options.Columns)
	}
	return nil
}

// partBytes is how much of a table one statement reads. A part is read by one process of the server through all of its shared buffers,
// from which it drives what others use; a whole table by several, through a ring of 256 kB. So parts are there for who keeps them only.
// Seen on PostgreSQL 15: https://www.postgresql.org/docs/current/parallel-plans.html, and "Buffer Ring Replacement Strategy" of
// https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/storage/buffer/README
func (o Options) partBytes() int64 {
	switch {
	case o.PartBytes > 0:
		return o.PartBytes
	case o.Keep != nil:
		return 256 << 20
	}
	return math.MaxInt64
}

// parts divides a table: by its blocks where all of it is read, by the ranges of its sample otherwise.
// https://www.postgresql.org/docs/current/ddl-system-columns.html: a ctid is a block and a place in it.
func parts(index int, table found, partBytes int64) []work {
	if table.Sample != nil {
		var all []work
		for _, one := range table.Sample.Ranges {
			where := quote(table.Sample.Key) + " >= " + one[0]
			if one[1] != "" {
				where += " AND " + quote(table.Sample.Key) + " < " + one[1]
			}
			all = append(all, work{index, where})
		}
		return all
	}
	const block = 8192
	count := min(table.size/partBytes, table.size/block) + 1
	if count == 1 {
		return []work{{index, ""}}
	}
	var all []work
	blocks := table.size/block/count + 1
	for i := range count {
		where := fmt.Sprintf("ctid >= '(%d,0)'", i*blocks)
		if i < count-1 {
			where += fmt.Sprintf(" AND ctid < '(%d,0)'", (i+1)*blocks)
		}
		all = append(all, work{index, where})
	}
	return all
}

// part sums some rows, or takes what was kept.
func (s *session) part(ctx context.Context, table found, one work, options Options) (Part, error) {
	query := sums(table, one.where, options.Columns)
	// The same statement about the same rows has the same answer: the parts of another division have other statements.
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(table.mark+"\n"+query)))
	if options.Keep != nil {
		if done, known := options.Keep.Load(name); known {
			return done, nil
		}
	}
	var filenode int64
	var done Part
	var columns string
	if err := s.tx.QueryRowContext(ctx, query).Scan(&filenode, &done.Rows, &done.Sum, &columns); err != nil {
		return Part{}, err
	}
	if filenode != table.filenode {
		// An older snapshot sees no rows in the new file: https://www.postgresql.org/docs/current/mvcc-caveats.html
		return Part{}, fmt.Errorf("it was emptied or written anew while it was to be read: look again when nobody does so")
	}
	if err := done.columns(columns); err != nil {
		return Part{}, err
	}
	if options.Keep != nil {
		return done, options.Keep.Save(name, done)
	}
	return done, nil
}

// sums returns the statement that sums some rows. Its columns come as one text, because a statement has at most 1664 columns and
// a table 1600. https://www.postgresql.org/docs/current/limits.html
func sums(table found, where string, columns bool) string {
	expressions, each := make([]string, len(table.Columns)), []string{}
	for i, column := range table.Columns {
		expressions[i] = column.expression
		if columns {
			each = append(each, "count("+quote(column.Name)+")::text", sumOf(column.expression, " FILTER (WHERE "+notNull(column.Name)+")"))
		}
	}
	query := fmt.Sprintf("SELECT coalesce(pg_relation_filenode(%d), 0), count(*), %s, array_to_string(ARRAY[%s]::text[], ' ') FROM ONLY %s.%s",
		table.oid, sumOf(strings.Join(expressions, ", "), ""), strings.Join(each, ", "), quote(table.Name.Schema), quote(table.Name.Name))
	if where != "" {
		query += " WHERE " + where
	}
	return query
}

// sumOf returns the sum of the mixed hashes of rows of some expressions.
func sumOf(expressions, filter string) string {
	return fmt.Sprintf("coalesce(sum(hashint8extended(hash_record_extended(ROW(%s), %d), %d))%s, 0)::text", expressions, rowSeed, mixSeed, filter)
}
