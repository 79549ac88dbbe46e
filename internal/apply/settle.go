package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// before is what there was when a statement began that runs alone.
type before struct {
	// Statement is its number in the file, counted from one.
	Statement int `json:"statement"`
	// Indexes are the numbers of the table's indexes: one that is not among them is the statement's own.
	Indexes []int64 `json:"indexes,omitempty"`
}

// String writes it for the record.
func (b before) String() string {
	text, _ := json.Marshal(b)
	return string(text)
}

func readBefore(text string) (before, error) {
	var b before
	err := json.Unmarshal([]byte(text), &b)
	return b, err
}

// outcome is what became of a statement of which it is not noted that it ended.
type outcome int

const (
	unknown outcome = iota
	// done: all of it is there.
	done
	// again: nothing of it is there, or what is there does not harm when it runs once more.
	again
)

// concurrently tells the statements that wait for older transactions, and leave something half made when they are ended.
func concurrently(change statement.Change) bool {
	switch c := change.(type) {
	case statement.CreateIndex:
		return c.Concurrently
	case statement.Drop:
		return c.Concurrently
	case statement.Reindex:
		return c.Concurrently
	case statement.DetachPartition:
		return c.Concurrently
	}
	return false
}

// relation writes a name so that the server finds it as the statement does.
func relation(name statement.Name) string { return statement.Quote(name) }

// lookBefore notes what there is before a statement that runs alone.
func lookBefore(ctx context.Context, db *database.Database, change statement.Change, number int) (before, error) {
	b := before{Statement: number}
	var err error
	switch c := change.(type) {
	case statement.CreateIndex:
		b.Indexes, err = numbers(ctx, db, "select indexrelid::bigint from pg_index where indrelid = to_regclass($1)", relation(c.Table))
	case statement.Reindex:
		// The unfinished copies stand beside the old ones, wherever those are.
		b.Indexes, err = numbers(ctx, db, "select indexrelid::bigint from pg_index where not indisvalid")
	}
	return b, err
}

func numbers(ctx context.Context, db *database.Database, query string, arguments ...any) ([]int64, error) {
	rows, err := db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []int64{}
	for rows.Next() {
		var number int64
		if err := rows.Scan(&number); err != nil {
			return nil, err
		}
		found = append(found, number)
	}
	return found, rows.Err()
}

// index is one index of a table.
type index struct {
	number int64
	name   string
	valid  bool
}

func indexes(ctx context.Context, db *database.Database, where string, arguments ...any) ([]index, error) {
	rows, err := db.QueryContext(ctx, "select indexrelid::bigint, indexrelid::regclass::text, indisvalid from pg_index where "+where, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []index
	for rows.Next() {
		var one index
		if err := rows.Scan(&one.number, &one.name, &one.valid); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// settle finds out from the catalogs what became of a statement that runs alone, and takes away what it left half made. What it cannot
// tell apart from what another session makes at the same time is unknown.
func settle(ctx context.Context, db *database.Database, change statement.Change, b before) (outcome, error) {
	switch c := change.(type) {
	case statement.CreateIndex:
		made, err := indexes(ctx, db, "indrelid = to_regclass($1) and ($2 = '' or $2 = (select relname from pg_class where oid = indexrelid))", relation(c.Table), c.Name)
		if err != nil {
			return unknown, err
		}
		made = slices.DeleteFunc(made, func(one index) bool { return slices.Contains(b.Indexes, one.number) })
		if c.Name == "" && len(made) > 1 {
			return unknown, nil
		}
		return settleIndexes(ctx, db, made)
	case statement.Reindex:
		return settleReindex(ctx, db, c, b)
	case statement.Drop:
		if c.Kind != statement.Index {
			return unknown, nil
		}
		for _, object := range c.Objects {
			var there bool
			if err := db.QueryRowContext(ctx, "select to_regclass($1) is not null", relation(object.Name)).Scan(&there); err != nil {
				return unknown, err
			}
			if there {
				return again, nil
			}
		}
		return done, nil
	case statement.DetachPartition:
		return settleDetach(ctx, db, c)
	case statement.Vacuum, statement.Cluster, statement.RoleSetting:
		return again, nil
	}
	return unknown, nil
}

// settleReindex drops the unfinished copies that REINDEX CONCURRENTLY left of the indexes of its table. Those of a whole schema stay:
// another session may be at work on one of them.
// https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY
func settleReindex(ctx context.Context, db *database.Database, c statement.Reindex, b before) (outcome, error) {
	of := "to_regclass($1)"
	switch c.Kind {
	case statement.Index:
		of = "(select indrelid from pg_index where indexrelid = to_regclass($1))"
	case statement.Table:
	default:
		return again, nil
	}
	left, err := indexes(ctx, db, "not indisvalid and indexrelid::regclass::text ~ '_cc(new|old)[0-9]*\"?$' and indrelid in ("+of+", (select reltoastrelid from pg_class where oid = "+of+"))", relation(c.Object))
	if err != nil {
		return unknown, err
	}
	left = slices.DeleteFunc(left, func(one index) bool { return slices.Contains(b.Indexes, one.number) })
	_, err = settleIndexes(ctx, db, left)
	return again, err
}

// settleIndexes drops those that are not valid. It is done when one is valid.
func settleIndexes(ctx context.Context, db *database.Database, made []index) (outcome, error) {
	outcome := again
	for _, one := range made {
		if one.valid {
			outcome = done
		} else if err := dropConcurrently(ctx, db, one.name); err != nil {
			return unknown, err
		}
	}
	return outcome, nil
}

// dropConcurrently drops an index without a limit on the wait for older transactions: it would be left as it was.
func dropConcurrently(ctx context.Context, db *database.Database, name string) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "set lock_timeout = 0"); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "reset lock_timeout")
	if _, err := conn.ExecContext(ctx, "drop index concurrently if exists "+name); err != nil {
		return problem.New("drop it when the transactions that are older have ended: drop index concurrently "+name,
			"the unfinished index %s cannot be dropped: %w", name, err)
	}
	return nil
}

// settleDetach brings a partition to its end that is half detached: DETACH CONCURRENTLY works in two transactions.
// https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION
func settleDetach(ctx context.Context, db *database.Database, c statement.DetachPartition) (outcome, error) {
	pending, err := numbers(ctx, db, `select inhdetachpending::int::bigint from pg_inherits where inhrelid = to_regclass($1) and inhparent = to_regclass($2)`,
		relation(c.Partition), relation(c.Table))
	switch {
	case err != nil:
		return unknown, err
	case len(pending) == 0:
		return done, nil
	case pending[0] == 0:
		return again, nil
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("alter table %s detach partition %s finalize", relation(c.Table), relation(c.Partition)))
	if err != nil {
		return unknown, err
	}
	return done, nil
}

// finishedWell refuses an index that is there and not valid though CREATE INDEX succeeded: with IF NOT EXISTS it passes over one that
// another run left.
func finishedWell(ctx context.Context, db *database.Database, change statement.Change, b before) error {
	c, is := change.(statement.CreateIndex)
	if !is || c.Name == "" {
		return nil
	}
	found, err := indexes(ctx, db, "not indisvalid and indrelid = to_regclass($1) and (select relname from pg_class where oid = indexrelid) = $2", relation(c.Table), c.Name)
	if err != nil || len(found) == 0 {
		return err
	}
	whose := "and it was there before: another run left it"
	if !slices.Contains(b.Indexes, found[0].number) {
		whose = "though the server said that it was made"
	}
	return problem.New(fmt.Sprintf("drop it, and run again with --resume: drop index concurrently %s", found[0].name),
		"the index %s is INVALID, so that no query uses it, %s", found[0].name, whose)
}
