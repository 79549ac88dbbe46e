package rehearsal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// WayBack is the verdict on the schema way back of all migrations together: as good as the worst of them, and proven only when it was
// seen from the version that was asked for.
func (r Report) WayBack() WayBack {
	worst := Proven
	for _, one := range r.Migrations {
		switch {
		case one.WayBack == Impossible:
			return Impossible
		case one.WayBack == Unproven:
			worst = Unproven
		}
	}
	if r.Unreached != "" {
		return Unproven
	}
	return worst
}

// Items returns the report as a checklist, one item a migration.
func (r Report) Items() []checklist.Item {
	items := []checklist.Item{}
	for _, one := range r.Migrations {
		item := checklist.Item{ID: strconv.FormatInt(one.File.Version, 10), Title: one.File.Name, Verdict: checklist.Pass}
		if !one.good() {
			item.Verdict = checklist.Warn
		}
		parts := []string{one.verdict()}
		if len(one.Reasons) > 0 {
			parts = append(parts, one.Reasons[0])
		}
		if len(one.Losses) > 0 {
			parts = append(parts, lost(one.Losses[0]))
		}
		if one.Up != nil {
			item.Milliseconds = time.Duration(one.Up.Took).Milliseconds()
			if one.failed() {
				item.Verdict, item.Hint = checklist.Fail, "nothing was done to the database: correct the migration"
			}
			parts = append(parts, one.Up.blocking()...)
		}
		item.Evidence = plain(strings.Join(parts, "; "))
		items = append(items, item)
	}
	if notes := r.notes(); len(notes) > 0 {
		where := checklist.Item{ID: "rehearsal", Title: "The rehearsal", Verdict: checklist.Pass, Evidence: strings.Join(notes, "; ")}
		if r.Unreached != "" && r.Asked != nil || r.Left != "" || r.Rowless {
			where.Verdict = checklist.Warn
		}
		items = append(items, where)
	}
	return items
}

// noticed is how long a lock is held that people notice.
const noticed = time.Second

// blocking says for how long a run keeps others noticeably from reading or writing, the longest lock of each table.
func (r *Run) blocking() []string {
	longest := map[string]Lock{}
	var tables []string
	for _, statement := range r.Statements {
		for _, lock := range statement.Locks {
			if lock.Blocks[0] == "schema changes" || time.Duration(lock.Held) < noticed {
				continue
			}
			before, known := longest[lock.Table]
			if !known {
				tables = append(tables, lock.Table)
			}
			if !known || lock.Held > before.Held {
				longest[lock.Table] = lock
			}
		}
	}
	var all []string
	for _, table := range tables[:min(len(tables), 3)] {
		lock := longest[table]
		all = append(all, fmt.Sprintf("%s of %s blocked for %s", strings.Join(lock.Blocks[:len(lock.Blocks)-1], " and "), table, lock.Held))
	}
	if more := len(tables) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("and of %d more tables", more))
	}
	return all
}
