package fingerprint

import (
	"fmt"
	"slices"
)

// Change is how the rows of one table differ between two moments.
type Change struct {
	Table Name `json:"table"`
	// Message says it in words.
	Message string `json:"message"`
	// Lost are the rows that are fewer, zero when there are as many or more.
	Lost int64 `json:"lost,omitempty"`
	// More tells that there are more rows.
	More bool `json:"more,omitempty"`
	// Columns tell how values of columns changed, where both fingerprints have sums of columns.
	Columns []ColumnChange `json:"columns,omitempty"`
	// Sampled tells that only a sample of the rows was compared, on both sides the same.
	Sampled bool `json:"sampled,omitempty"`
	// Again tells that a sequence, or the key of a SQLite table, gives numbers again that it gave before.
	Again bool `json:"again,omitempty"`
	// Unknown tells that the two cannot be compared: it does not mean that anything changed.
	Unknown bool `json:"unknown,omitempty"`
}

// ColumnChange is how the values of a column differ.
type ColumnChange struct {
	Column string `json:"column"`
	// Lost are the values that were not NULL and are gone, as far as their number tells.
	Lost int64 `json:"lost,omitempty"`
	// Gone tells that the column is not there any more, New that it was not there before, Other that values are other ones.
	Gone  bool `json:"gone,omitempty"`
	New   bool `json:"new,omitempty"`
	Other bool `json:"other,omitempty"`
}

// Compare returns the tables whose rows are not known to be the same, and the sequences that went back, in the order of their names.
func Compare(before, after Data) []Change {
	var changes []Change
	for _, table := range before.Tables {
		now, found := after.Table(table.Name)
		if !found && table.Unread != "" {
			changes = append(changes, Change{Table: table.Name, Unknown: true, Message: fmt.Sprintf("%s is gone, and its rows were not looked at: %s", table.Name, table.Unread)})
			continue
		}
		if !found {
			changes = append(changes, Change{Table: table.Name, Lost: table.Rows, Message: fmt.Sprintf("%s is gone, with %d rows", table.Name, table.Rows)})
			continue
		}
		if change, changed := compareTables(table, now, before.Version == after.Version); changed {
			changes = append(changes, change)
		}
	}
	for _, table := range after.Tables {
		if _, was := before.Table(table.Name); !was {
			changes = append(changes, Change{Table: table.Name, Message: fmt.Sprintf("%s is new, with %d rows", table.Name, table.Rows)})
		}
	}
	changes = append(changes, compareSequences(before, after)...)
	slices.SortStableFunc(changes, func(a, b Change) int { return compareNames(a.Table, b.Table) })
	return changes
}

func compareTables(before, after Table, sameVersion bool) (Change, bool) {
	change := Change{Table: before.Name}
	unknown := func(why string) (Change, bool) {
		change.Unknown, change.Message = true, fmt.Sprintf("the rows of %s are not compared: %s", before.Name, why)
		return change, true
	}
	switch {
	case before.Unread != "":
		return unknown(before.Unread)
	case after.Unread != "":
		return unknown(after.Unread)
	case !sameVersion:
		return unknown("they were looked at by two major versions of PostgreSQL")
	case !before.Sample.same(after.Sample):
		return unknown("two different samples were taken")
	}
	change.Columns, change.Sampled = compareColumns(before, after), before.Sample != nil
	where := ""
	if change.Sampled {
		where = ", in a sample of its rows"
	}
	shape := slices.EqualFunc(before.Columns, after.Columns, func(a, b Column) bool { return a.Name == b.Name && a.Type == b.Type })
	switch {
	case before.Rows == after.Rows && before.Sum == after.Sum && shape:
		return Change{}, false
	case before.Rows > after.Rows:
		change.Lost = before.Rows - after.Rows
		change.Message = fmt.Sprintf("%s has %d rows, it had %d%s", before.Name, after.Rows, before.Rows, where)
	case before.Rows < after.Rows:
		change.More = true
		change.Message = fmt.Sprintf("%s has %d rows, it had %d%s", before.Name, after.Rows, before.Rows, where)
	case shape:
		change.Message = fmt.Sprintf("rows of %s hold other values%s", before.Name, where)
	default:
		change.Message = fmt.Sprintf("%s has other columns", before.Name)
	}
	return change, true
}

func (s *Sample) same(other *Sample) bool {
	if s == nil || other == nil {
		return s == other
	}
	return s.Key == other.Key && slices.Equal(s.Ranges, other.Ranges)
}

func compareColumns(before, after Table) []ColumnChange {
	var changes []ColumnChange
	for _, column := range before.Columns {
		at := slices.IndexFunc(after.Columns, func(other Column) bool { return other.Name == column.Name })
		if at < 0 {
			changes = append(changes, ColumnChange{Column: column.Name, Gone: true, Lost: column.NotNull})
			continue
		}
		if now := after.Columns[at]; now.NotNull != column.NotNull || now.Sum != column.Sum {
			changes = append(changes, ColumnChange{Column: column.Name, Other: true, Lost: max(0, column.NotNull-now.NotNull)})
		}
	}
	for _, column := range after.Columns {
		if !slices.ContainsFunc(before.Columns, func(other Column) bool { return other.Name == column.Name }) {
			changes = append(changes, ColumnChange{Column: column.Name, New: true})
		}
	}
	return changes
}
