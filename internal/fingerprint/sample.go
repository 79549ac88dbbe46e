package fingerprint

import (
	"context"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// sampleRanges is how many ranges of the key are looked at. PostgreSQL's histogram has a hundred, with as many rows in each.
const sampleRanges = 10

// choose says what of a table is looked at: all of it, some ranges of its key when it is larger than the budget, or nothing.
func (s *session) choose(ctx context.Context, table *found, options Options) error {
	if table.kind == "f" {
		table.Unread = "its rows are in another server"
		return nil
	}
	if options.Like != nil {
		if earlier, known := options.Like.Table(table.Name); known {
			table.Sample, table.Unread = earlier.Sample, earlier.Unread
			if table.Sample != nil && typeOf(earlier, table.Sample.Key) != typeOf(table.Table, table.Sample.Key) {
				table.Sample, table.Unread = nil, "the column that its sample was taken by is another one"
			}
			return s.readable(ctx, table)
		}
	}
	if options.Budget == 0 || table.size <= options.Budget {
		return nil
	}
	if table.key == "" {
		table.Unread = fmt.Sprintf("it has %d bytes, more than the budget, and no primary key to take a sample by", table.size)
	} else if err := s.sample(ctx, table); err != nil {
		return err
	}
	return s.readable(ctx, table)
}

func typeOf(table Table, column string) string {
	for _, one := range table.Columns {
		if one.Name == column {
			return one.Type
		}
	}
	return ""
}

// readable returns an error when a table of which nothing will be read may not be read either: that is no question of its size.
func (s *session) readable(ctx context.Context, table *found) error {
	if table.Unread == "" {
		return nil
	}
	if _, err := s.tx.ExecContext(ctx, sums(*table, "false", false)); err != nil {
		return fmt.Errorf("table %s: %w", table.Name, err)
	}
	return nil
}

// sample takes ranges of the key from the planner's histogram, evenly spread. Where there is none, because nobody analysed the
// table, its rows are not looked at.
func (s *session) sample(ctx context.Context, table *found) error {
	const query = `SELECT quote_literal(bound) || '::' || format_type(a.atttypid, -1)
FROM pg_stats p JOIN pg_attribute a ON a.attrelid = $3 AND a.attname = p.attname,
  unnest(p.histogram_bounds::text::text[]) WITH ORDINALITY AS h(bound, place)
WHERE p.schemaname = $1 AND p.tablename = $2 AND p.attname = $4 AND NOT p.inherited ORDER BY h.place`
	bounds, err := database.Texts(ctx, s.tx, query, table.Name.Schema, table.Name.Name, table.oid, table.key)
	if err != nil {
		return err
	}
	if len(bounds) < 2 {
		table.Unread = fmt.Sprintf("it has %d bytes, more than the budget, and was never analysed: ANALYZE it", table.size)
		return nil
	}
	table.Sample = &Sample{Key: table.key}
	for i := 0; i+1 < len(bounds); i += max(1, (len(bounds)-1)/sampleRanges) {
		table.Sample.Ranges = append(table.Sample.Ranges, [2]string{bounds[i], bounds[i+1]})
	}
	return nil
}
