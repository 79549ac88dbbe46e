package fingerprint

import (
	"context"
	"encoding/json"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// tablesQuery lists the tables that hold rows of their own, partitions among them, with their columns by name. A column that is
// computed when it is read holds nothing. What an extension brings is the extension's, but for the tables that it has for the
// rows of its users, which a dump keeps too: https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
// The mark changes when somebody writes to the table, when the columns are others, and when the counters may have begun anew.
const tablesQuery = `
SELECT n.nspname, c.relname, c.relkind, pg_relation_size(c.oid), c.oid::bigint, c.relfilenode::bigint,
  concat_ws('/', c.oid, c.relfilenode, pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid),
    (SELECT concat_ws('/', d.oid, extract(epoch FROM pg_stat_get_db_stat_reset_time(d.oid))) FROM pg_database d WHERE d.datname = current_database()),
    extract(epoch FROM pg_postmaster_start_time()), (SELECT string_agg(a.attnum::text, ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)),
  coalesce((SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'deterministic', coalesce(l.collisdeterministic, true),
      'base', CASE WHEN b.typnamespace <> 'pg_catalog'::regnamespace THEN '' WHEN b.typname = 'bpchar' AND a.atttypmod > 0 THEN 'character' ELSE b.typname END,
      'cast', EXISTS (SELECT FROM pg_cast k WHERE k.oid >= 16384 AND k.castsource = b.oid AND k.casttarget = 'text'::regtype AND k.castfunc <> 0)) ORDER BY a.attname COLLATE "C")
    FROM pg_attribute a
    JOIN LATERAL (WITH RECURSIVE domain AS (SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
      UNION ALL SELECT t.oid, t.typtype, t.typbasetype FROM domain d JOIN pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')
      SELECT t.oid, t.typname, t.typnamespace FROM domain d JOIN pg_type t ON t.oid = d.oid WHERE d.typtype <> 'd') b ON true
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'), '[]'),
  coalesce((SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = c.oid AND i.indisprimary), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (c.relkind <> 'm' OR c.relispopulated)
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND c.oid <> ALL (coalesce(x.extconfig, '{}')))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

// found is a table as the catalogs have it.
type found struct {
	Table
	kind string
	// filenode names the table's file, in the snapshot's eyes.
	size, oid, filenode int64
	mark, key           string
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
		if err := rows.Scan(&one.Name.Schema, &one.Name.Name, &one.kind, &one.size, &one.oid, &one.filenode, &one.mark, &columns, &one.key); err != nil {
			return nil, err
		}
		var read []struct {
			Name, Type string
			kind
		}
		if err := json.Unmarshal(columns, &read); err != nil {
			return nil, err
		}
		for _, column := range read {
			one.Columns = append(one.Columns, Column{Name: column.Name, Type: column.Type, expression: expressionOf(column.Name, column.kind)})
		}
		if !database.Records(one.Name.Name) && (skip == nil || !skip(one.Name)) {
			tables = append(tables, one)
		}
	}
	return tables, rows.Err()
}
