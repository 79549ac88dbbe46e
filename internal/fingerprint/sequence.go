package fingerprint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Sequence is how far a sequence came, or on SQLite the counter of a table's AUTOINCREMENT key. It belongs to no moment: a sequence
// does not go back with the transaction that took a number. https://www.postgresql.org/docs/current/functions-sequence.html
type Sequence struct {
	Name Name `json:"name"`
	// Last is the number that was given last, or the first that will be where Called is false.
	Last   int64 `json:"last"`
	Called bool  `json:"called"`
	// Down tells that its numbers fall.
	Down bool `json:"down,omitempty"`
	// Unread says why it was not looked at, empty when it was.
	Unread string `json:"unread,omitempty"`
}

// back tells whether a sequence will give numbers again that it had given before. One that is ahead only leaves a gap.
func (s Sequence) back(before Sequence) bool {
	if s.Last == before.Last {
		return before.Called && !s.Called
	}
	return s.Last < before.Last != s.Down
}

func compareSequences(before, after Data) []Change {
	var changes []Change
	for _, was := range before.Sequences {
		at := slices.IndexFunc(after.Sequences, func(one Sequence) bool { return one.Name == was.Name })
		now := Sequence{Name: was.Name}
		if at >= 0 {
			now = after.Sequences[at]
		} else if _, there := after.Table(was.Name); !there {
			continue // That it is gone is told by the schema.
		}
		switch {
		case was.Unread != "" || now.Unread != "":
			changes = append(changes, Change{Table: was.Name, Unknown: true, Message: fmt.Sprintf("how far %s came is not compared: %s", was.Name, was.Unread+now.Unread)})
		case now.back(was):
			changes = append(changes, Change{Table: was.Name, Again: true, Message: fmt.Sprintf("%s gives numbers again that it gave before: it is at %d, and was at %d", was.Name, now.Last, was.Last)})
		}
	}
	return changes
}

const sequencesQuery = `
SELECT n.nspname, c.relname, s.seqincrement < 0, has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT')
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND c.relname !~ ('^(' || $1 || ')_id_seq$')
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND c.oid <> ALL (coalesce(x.extconfig, '{}')))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

// sequences reads how far each sequence came.
func (s *session) sequences(ctx context.Context, skip func(Name) bool) ([]Sequence, error) {
	rows, err := s.tx.QueryContext(ctx, sequencesQuery, database.GooseTable+"|"+database.RecordTable)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Sequence
	for rows.Next() {
		var one Sequence
		var readable bool
		if err := rows.Scan(&one.Name.Schema, &one.Name.Name, &one.Down, &readable); err != nil {
			return nil, err
		}
		if !readable {
			one.Unread = "this user may not read it"
		}
		if skip == nil || !skip(one.Name) {
			all = append(all, one)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	// pg_sequence_last_value does not tell setval(…, false), so that each is read as the table that it is, some hundred at once.
	for some := range slices.Chunk(all, 200) {
		if err := s.readSequences(ctx, some); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *session) readSequences(ctx context.Context, some []Sequence) error {
	var parts []string
	for i, one := range some {
		if one.Unread == "" {
			parts = append(parts, fmt.Sprintf("SELECT %d, last_value, is_called FROM %s.%s", i, quote(one.Name.Schema), quote(one.Name.Name)))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	rows, err := s.tx.QueryContext(ctx, strings.Join(parts, " UNION ALL "))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var last int64
		var called bool
		if err := rows.Scan(&i, &last, &called); err != nil {
			return err
		}
		some[i].Last, some[i].Called = last, called
	}
	return rows.Err()
}

// sqliteSequences reads the counters of keys: https://www.sqlite.org/autoinc.html. There is one for each table that had a row.
func sqliteSequences(ctx context.Context, tx *sql.Tx, skip func(Name) bool) (all []Sequence, err error) {
	var there bool
	if err := tx.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'sqlite_sequence'").Scan(&there); err != nil || !there {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT name, seq FROM sqlite_sequence ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one := Sequence{Called: true}
		if err := rows.Scan(&one.Name.Name, &one.Last); err != nil {
			return nil, err
		}
		if !database.Records(one.Name.Name) && (skip == nil || !skip(one.Name)) {
			all = append(all, one)
		}
	}
	return all, rows.Err()
}
