package fingerprint

import (
	"context"
	"fmt"
)

// largeObjectsQuery sums large objects as one reads them, in pieces: their pages are not for everybody, and a page of zeros may be
// stored or not. https://www.postgresql.org/docs/current/lo-funcs.html
func largeObjectsQuery() string {
	return fmt.Sprintf(`
SELECT count(*) FILTER (WHERE part.n = 0), %s
FROM pg_largeobject_metadata m CROSS JOIN LATERAL (
  WITH RECURSIVE part AS (SELECT 0::bigint AS n, lo_get(m.oid, 0, %[2]d) AS data
    UNION ALL SELECT n + 1, lo_get(m.oid, (n + 1) * %[2]d, %[2]d) FROM part WHERE length(data) = %[2]d)
  SELECT n, data FROM part) part`, sumOf("m.oid, part.n, part.data", ""), 1<<20)
}

// largeObjects is what a database has beside its tables, as a table of their numbers and bytes; false when there are none.
func (s *session) largeObjects(ctx context.Context, options Options) (Table, bool, error) {
	table := Table{Name: Name{Schema: "pg_catalog", Name: "pg_largeobject"}, Columns: []Column{{Name: "data", Type: "bytea"}}, Sum: "0"}
	if options.Skip != nil && options.Skip(table.Name) {
		return table, false, nil
	}
	var there bool
	var size int64
	if err := s.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_largeobject_metadata), pg_relation_size('pg_largeobject')").Scan(&there, &size); err != nil || !there {
		return table, false, err
	}
	if options.Budget > 0 && size > options.Budget {
		table.Unread = fmt.Sprintf("large objects have %d bytes, more than the budget", size)
		return table, true, nil
	}
	err := s.tx.QueryRowContext(ctx, largeObjectsQuery()).Scan(&table.Rows, &table.Sum)
	if options.Columns {
		table.Columns[0].NotNull, table.Columns[0].Sum = table.Rows, table.Sum
	}
	return table, true, err
}
