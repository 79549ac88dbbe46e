package fingerprint

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// settings are those that the text of a value depends on, and row_security, with which a policy that would hide rows is an error.
// https://www.postgresql.org/docs/current/runtime-config-client.html
const settings = `SET LOCAL search_path = pg_catalog; SET LOCAL "DateStyle" = 'ISO, YMD'; SET LOCAL "IntervalStyle" = 'postgres';
SET LOCAL "TimeZone" = 'UTC'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C';
SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL jit = off`

// tablesQuery lists the tables that hold rows of their own, partitions among them, with their columns by name. A column that is
// computed when it is read holds nothing.
const tablesQuery = `
SELECT n.nspname, c.relname, c.relkind, pg_relation_size(c.oid), c.oid::bigint, coalesce(pg_relation_filenode(c.oid), 0)::bigint,
  coalesce(pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid), 0),
  coalesce((SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'base', CASE WHEN b.typname = 'bpchar' AND a.atttypmod > 0 THEN 'character' ELSE b.typname END,
      'system', b.typnamespace = 'pg_catalog'::regnamespace, 'deterministic', coalesce(l.collisdeterministic, true)) ORDER BY a.attname COLLATE "C")
    FROM pg_attribute a
    JOIN LATERAL (WITH RECURSIVE domain AS (SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
      UNION ALL SELECT t.oid, t.typtype, t.typbasetype FROM domain d JOIN pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')
      SELECT t.typname, t.typnamespace FROM domain d JOIN pg_type t ON t.oid = d.oid WHERE d.typtype <> 'd') b ON true
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'), '[]'),
  coalesce((SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = c.oid AND i.indisprimary), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (c.relkind <> 'm' OR c.relispopulated)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

// found is a table as the catalogs have it.
type found struct {
	Table
	kind                       string
	size, oid, filenode, write int64
	key                        string
}

func readPostgreSQL(ctx context.Context, db *database.Database, options Options) (Data, error) {
	// One session holds the snapshot for all others.
	first, snapshot, err := export(ctx, db)
	if err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	defer first.end()
	var data Data
	if err := first.tx.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&data.Version); err != nil {
		return Data{}, database.Explain(err, db.Title)
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
	if err := sumAll(ctx, db, snapshot, tables, options); err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	for _, table := range tables {
		data.Tables = append(data.Tables, table.Table)
	}
	return data, nil
}

// session is one connection inside a transaction that only reads.
type session struct {
	connection *sql.Conn
	tx         *sql.Tx
}

// begin opens a session that sees what a snapshot shows; an empty one is its own.
func begin(ctx context.Context, db *database.Database, snapshot string) (*session, error) {
	connection, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := connection.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	s := &session{connection, tx}
	if snapshot != "" {
		// It has to be the first statement: https://www.postgresql.org/docs/current/sql-set-transaction.html
		if _, err := tx.ExecContext(ctx, "SET TRANSACTION SNAPSHOT "+literal(snapshot)); err != nil {
			return nil, errors.Join(err, s.end())
		}
	}
	if _, err := tx.ExecContext(ctx, settings); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *session) end() error { return errors.Join(s.tx.Rollback(), s.connection.Close()) }

func export(ctx context.Context, db *database.Database) (*session, string, error) {
	s, err := begin(ctx, db, "")
	if err != nil {
		return nil, "", err
	}
	var snapshot string
	if err := s.tx.QueryRowContext(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
		return nil, "", errors.Join(err, s.end())
	}
	return s, snapshot, nil
}

// tables lists what there is to look at.
func (s *session) tables(ctx context.Context, skip func(Name) bool) ([]found, error) {
	rows, err := s.tx.QueryContext(ctx, tablesQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []found
	for rows.Next() {
		var one found
		var columns []byte
		if err := rows.Scan(&one.Name.Schema, &one.Name.Name, &one.kind, &one.size, &one.oid, &one.filenode, &one.write, &columns, &one.key); err != nil {
			return nil, err
		}
		var read []struct {
			Name, Type, Base      string
			System, Deterministic bool
		}
		if err := json.Unmarshal(columns, &read); err != nil {
			return nil, err
		}
		for _, column := range read {
			base := column.Base
			if !column.System {
				base = ""
			}
			one.Columns = append(one.Columns, Column{Name: column.Name, Type: column.Type, expression: expressionOf(column.Name, base, column.Deterministic)})
		}
		if !database.Records(one.Name.Name) && (skip == nil || !skip(one.Name)) {
			tables = append(tables, one)
		}
	}
	return tables, rows.Err()
}

// work is a part of a table that is summed by one statement.
type work struct {
	table int
	where string
	// name is what it is kept under.
	name string
}

// sumAll sums all tables on several connections, the largest first.
func sumAll(ctx context.Context, db *database.Database, snapshot string, tables []found, options Options) error {
	var all []work
	for i, table := range tables {
		if table.Unread == "" {
			all = append(all, parts(i, table, cmp.Or(options.PartBytes, partBytes))...)
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

// partBytes is how much of a table one statement reads unless told otherwise.
const partBytes = 256 << 20

// parts divides a table: by its blocks where all of it is read, by the ranges of its sample otherwise.
// https://www.postgresql.org/docs/current/ddl-system-columns.html: a ctid is a block and a place in it.
func parts(index int, table found, partBytes int64) []work {
	name := func(part int) string {
		return fmt.Sprintf("%d/%d/%d/%d/%s/%d", table.oid, table.filenode, table.write, len(table.Columns), table.Name, part)
	}
	if table.Sample != nil {
		var all []work
		for i, one := range table.Sample.Ranges {
			where := quote(table.Sample.Key) + " >= " + one[0]
			if one[1] != "" {
				where += " AND " + quote(table.Sample.Key) + " < " + one[1]
			}
			all = append(all, work{index, where, name(i)})
		}
		return all
	}
	const block = 8192
	count := min(table.size/partBytes, table.size/block) + 1
	if count == 1 {
		return []work{{index, "", name(0)}}
	}
	var all []work
	blocks := table.size/block/count + 1
	for i := range count {
		where := fmt.Sprintf("ctid >= '(%d,0)'", i*blocks)
		if i < count-1 {
			where += fmt.Sprintf(" AND ctid < '(%d,0)'", (i+1)*blocks)
		}
		all = append(all, work{index, where, name(int(i))})
	}
	return all
}

// part sums some rows, or takes what was kept.
func (s *session) part(ctx context.Context, table found, one work, options Options) (Part, error) {
	if options.Keep != nil {
		if done, known := options.Keep.Load(one.name); known && (!options.Columns || len(done.Sums) == len(table.Columns)) {
			return done, nil
		}
	}
	done := Part{}
	into := []any{&done.Rows, &done.Sum}
	expressions := make([]string, len(table.Columns))
	for i, column := range table.Columns {
		expressions[i] = column.expression
	}
	targets := []string{"count(*)", sumOf(strings.Join(expressions, ", "), "")}
	if options.Columns {
		done.NotNull, done.Sums = make([]int64, len(table.Columns)), make([]string, len(table.Columns))
		for i, column := range table.Columns {
			targets = append(targets, "count("+quote(column.Name)+")", sumOf(column.expression, " FILTER (WHERE "+quote(column.Name)+" IS NOT NULL)"))
			into = append(into, &done.NotNull[i], &done.Sums[i])
		}
	}
	query := "SELECT " + strings.Join(targets, ", ") + " FROM ONLY " + quote(table.Name.Schema) + "." + quote(table.Name.Name)
	if one.where != "" {
		query += " WHERE " + one.where
	}
	if err := s.tx.QueryRowContext(ctx, query).Scan(into...); err != nil {
		return Part{}, err
	}
	if options.Keep != nil {
		return done, options.Keep.Save(one.name, done)
	}
	return done, nil
}

// sumOf returns the sum of the mixed hashes of rows of some expressions.
func sumOf(expressions, filter string) string {
	return fmt.Sprintf("coalesce(sum(hashint8extended(hash_record_extended(ROW(%s), %d), %d))%s, 0)::text", expressions, rowSeed, mixSeed, filter)
}
