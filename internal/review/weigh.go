package review

import (
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// weigh makes a hit milder by what is known of its tables. It tells whether the hit counts at all.
func (w *walk) weigh(rule Rule, hit Hit) (Hit, bool) {
	if rule.live && len(hit.Tables) > 0 {
		state := isNew
		for _, table := range hit.Tables {
			state = min(state, w.fresh(table))
		}
		switch {
		case state == isNew:
			return hit, false
		case state == maybeNew:
			// Nearly always it is: what may be destroyed is worth more words than what may be locked.
			if hit.Severity = milder(Warning, hit.Severity); rule.sized {
				hit.Severity = Information
			}
			hit.Message += ", unless it is made just now: IF NOT EXISTS leaves that open"
		}
	}
	if rule.sized {
		hit = bySize(w.schema, rule, hit)
	}
	if w.down && rule.down == downInformation {
		hit.Severity = Information
	}
	return hit, true
}

// A table of fewer rows than these is read or written anew faster than anybody notices, or in a moment. They are those of a
// scan of some 100 MB a second.
const (
	fewRows  = 10_000
	someRows = 1_000_000
)

// bySize makes a hit milder where all of its tables are known to be small.
func bySize(on *schema.Schema, rule Rule, hit Hit) Hit {
	largest, known := int64(0), len(hit.Tables) > 0
	for _, table := range hit.Tables {
		rows, sized := on.Table(table).Rows()
		largest, known = max(largest, rows), known && sized
	}
	if !known {
		return hit
	}
	switch {
	case largest < fewRows:
		hit.Severity = Information
	case largest < someRows:
		hit.Severity = milder(milder(rule.Severity, hit.Severity), Warning)
	}
	hit.Message += " (" + count(largest, "row") + ")"
	return hit
}

// fresh says whether a table is in use while the migration runs.
func (w *walk) fresh(table statement.Name) freshness {
	known := w.schema.Table(table)
	if known == nil {
		if origin, found := w.schema.Origin(statement.View, table); found && origin.Migration >= w.file.Group {
			return isNew
		}
		return inUse
	}
	switch {
	case known.Temporary:
		return isNew
	case known.Origin.Migration < w.file.Group:
		return inUse
	case known.Origin.IfNotExists:
		return maybeNew
	}
	return isNew
}
