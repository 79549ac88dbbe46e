package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// describe says which locks are held while a change is made: its own, or what its transaction took before when that is stronger.
func describe(effects []effect, transaction *Transaction) string {
	var all []string
	for _, one := range effects {
		if one.table.Name == "" {
			continue
		}
		mode := one.mode
		for _, lock := range transaction.Locks {
			if lock.table == one.table && transaction.Open {
				mode = max(mode, lock.mode)
			}
		}
		all = append(all, mode.String()+" on "+name(one.table))
	}
	return strings.Join(all, ", ")
}

// describeLocks returns the strongest lock on each table that keeps others from reading or writing, in the order in which they
// are taken.
func describeLocks(locks []held) []string {
	var order []statement.Name
	strongest := map[statement.Name]mode{}
	for _, lock := range locks {
		if lock.mode < share {
			continue
		}
		if _, seen := strongest[lock.table]; !seen {
			order = append(order, lock.table)
		}
		strongest[lock.table] = max(strongest[lock.table], lock.mode)
	}
	var all []string
	for _, table := range order {
		all = append(all, strongest[table].String()+" on "+name(table))
	}
	return all
}

// count says a number of things.
func count(number int64, what string) string {
	if number == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", humanize.Comma(number), what)
}

// notNullWork says how long SET NOT NULL holds its lock: a validated CHECK that says the same spares the scan.
// https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL
func notNullWork(on *schema.Schema, table statement.Name, column string) work {
	if on.NeverNull(table, column) {
		return brief
	}
	return scan
}

// indexed returns the table of an index, or the index's own name where the table is not known.
func indexed(on *schema.Schema, index statement.Name) statement.Name {
	if table, _ := on.Index(index); table != nil {
		return table.Name
	}
	return index
}

// isIndex tells whether a name is that of an index which one of some changes drops: its table was never seen.
func isIndex(changes []statement.Change, on *schema.Schema, name statement.Name) bool {
	return slices.ContainsFunc(changes, func(change statement.Change) bool {
		drop, is := change.(statement.Drop)
		return is && drop.Kind == statement.Index && slices.ContainsFunc(drop.Objects, func(object statement.Object) bool { return on.Resolve(object.Name) == name })
	})
}

// indexColumns returns the columns of an index of a table.
func indexColumns(on *schema.Schema, table statement.Name, index string) []string {
	known := on.Table(table)
	if known == nil {
		return nil
	}
	for _, one := range known.Indexes {
		if one.Name.Name == index {
			return slices.DeleteFunc(one.Columns(), func(column string) bool { return column == "" })
		}
	}
	return nil
}
