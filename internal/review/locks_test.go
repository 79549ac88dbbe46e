package review_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/review"
)

// The locks that findings name are those that PostgreSQL takes. What cannot run in a transaction, or not on this version of
// PostgreSQL, is left out, and counted.
func TestLocksAreThoseThatPostgreSQLTakes(t *testing.T) {
	t.Parallel()
	compared := make(chan int, 1000)
	t.Run("rules", func(t *testing.T) {
		for _, rule := range review.Rules() {
			if rule.Lock == "" {
				continue
			}
			t.Run(rule.ID, func(t *testing.T) {
				t.Parallel()
				given, examples := examplesOf(t, rule.ID)
				for _, one := range examples {
					if one.bad {
						compared <- compareLocks(t, given, one, rule.ID)
					}
				}
			})
		}
	})
	close(compared)
	total := 0
	for number := range compared {
		total += number
	}
	if total < 35 {
		t.Errorf("only %d locks were compared", total)
	}
}

// compareLocks runs an example statement by statement in a transaction, and returns how many locks it compared.
func compareLocks(t *testing.T, given string, one example, id string) int {
	t.Helper()
	db := before(t, given)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	number := 0
	for _, text := range upOf(t, one) {
		if _, err := tx.ExecContext(t.Context(), text.SQL); err != nil {
			if number == 0 && !strings.Contains(text.SQL, "vacuum") && !strings.Contains(one.title, "18") && id != "add-column-generated" && id != "set-expression" {
				t.Errorf("%v: %s", err, text.SQL)
			}
			return number
		}
		for _, finding := range reviewed(t, given, one, special(id)).Findings {
			if finding.Rule != id || finding.Line < text.Line || finding.Line > text.EndLine() {
				continue
			}
			for part := range strings.SplitSeq(finding.Lock, ", ") {
				mode, table, found := strings.Cut(part, " on ")
				if !found {
					continue
				}
				if id == "drop-table" || id == "rename-table" {
					continue // It is not found by its name any more.
				}
				if held := lockOn(t, tx, table); held != mode {
					t.Errorf("%s says %s on %s, PostgreSQL takes %q: %s", id, mode, table, held, text.SQL)
				}
				number++
			}
		}
	}
	return number
}

// lockOn returns the strongest lock that a transaction holds on a table, in words. A table that is gone has none.
func lockOn(t *testing.T, tx *sql.Tx, table string) string {
	t.Helper()
	var modes string
	err := tx.QueryRowContext(t.Context(), `select coalesce(string_agg(mode, ' '), '') from pg_locks
		where pid = pg_backend_pid() and locktype = 'relation' and granted and relation = to_regclass($1)`, table).Scan(&modes)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range [][2]string{
		{"AccessExclusiveLock", "ACCESS EXCLUSIVE"}, {"ExclusiveLock", "EXCLUSIVE"}, {"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"},
		{"ShareLock", "SHARE"}, {"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"}, {"RowExclusiveLock", "ROW EXCLUSIVE"},
	} {
		if slices.Contains(strings.Fields(modes), one[0]) {
			return one[1]
		}
	}
	return modes
}
