package schema

import (
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func (d *differing) table(before, after *Table) {
	title := Plain(before.Name)
	d.columns(title, before, after)
	left := func(one Constraint) bool {
		return !d.were(partKey(statement.ConstraintKind, before.Name, one.Name)) && !d.onReturned(before, one.Uses)
	}
	d.pair(title, before.Constraints, after.Constraints, !after.Assumed, left)
	d.indexes(title, before, after)
	if before.Kind != after.Kind {
		d.say(statement.Table, "%s is a %s, it was a %s", title, after.Kind, before.Kind)
	}
	if differs(before, before.RowSecurity != after.RowSecurity, after.security.own-before.security.own) {
		d.say(statement.Table, "row level security of %s is %s", title, onOff(after.RowSecurity))
	}
	if differs(before, before.ForceRowSecurity != after.ForceRowSecurity, after.security.forced-before.security.forced) {
		d.say(statement.Table, "forced row level security of %s is %s", title, onOff(after.ForceRowSecurity))
	}
	if before.Unlogged != after.Unlogged {
		d.say(statement.Table, "table %s is %s", title, map[bool]string{true: "unlogged", false: "logged"}[after.Unlogged])
	}
	switch {
	case before.PartitionOf == after.PartitionOf && before.Bound != after.Bound && before.catalogued() == after.catalogued():
		d.say(statement.Table, "the partition %s takes %s, it took %s", title, after.Bound, before.Bound)
	case before.PartitionOf.Name == "" && after.PartitionOf.Name != "":
		d.say(statement.Table, "table %s is a partition of %s, it was none", title, Plain(after.PartitionOf))
	case before.PartitionOf != after.PartitionOf:
		d.say(statement.Table, "table %s is no partition of %s any more", title, Plain(before.PartitionOf))
	}
	if !before.Assumed && (before.PartitionBy != after.PartitionBy || !slices.Equal(before.PartitionKey, after.PartitionKey)) {
		d.say(statement.Table, "table %s is partitioned otherwise", title)
	}
	if !before.Partial && !slices.Equal(slices.SortedFunc(slices.Values(before.Inherits), compareNames), slices.SortedFunc(slices.Values(after.Inherits), compareNames)) {
		d.say(statement.Table, "table %s inherits otherwise", title)
	}
	if before.ReplicaIdentity != after.ReplicaIdentity || before.ReplicaIndex != after.ReplicaIndex {
		d.say(statement.Table, "the replica identity of %s is %s, it was %s", title, after.replica(), before.replica())
	}
	if !slices.Equal(before.TriggersOff, after.TriggersOff) && before.catalogued() == after.catalogued() {
		d.say(statement.Trigger, "other triggers of %s are switched off", title)
	}
}

// differs tells whether a setting is another. Of a table that was never seen, what was changed twice was taken back.
func differs(before *Table, is bool, changes uint8) bool {
	if before.Assumed {
		return changes == 1
	}
	return is
}

// catalogued tells whether the table was read from a database's catalogs.
func (t *Table) catalogued() bool { return t.Size != nil }

func (t *Table) replica() string {
	if t.ReplicaIdentity == "" {
		return "the default"
	}
	return t.ReplicaIdentity
}

func onOff(on bool) string { return map[bool]string{true: "on", false: "off"}[on] }

func nullness(notNull bool) string {
	return map[bool]string{true: "is NOT NULL, it was not", false: "is not NOT NULL any more"}[notNull]
}

func (d *differing) columns(title string, before, after *Table) {
	for _, column := range before.Columns {
		other, found := after.Column(column.Name)
		switch {
		case found:
			d.column(title, column, other)
		case !after.Assumed || d.after.isGone(partKey(statement.Column, after.Name, column.Name)):
			d.add(Difference{Message: fmt.Sprintf("column %s of %s is missing", statement.QuoteWord(column.Name), title), Kind: statement.Column, Lost: true})
		}
	}
	for _, column := range after.Columns {
		switch _, found := before.Column(column.Name); {
		case found, before.Partial && before.catalogued() != after.catalogued():
		case column.unseen:
			d.touched(title, column)
		case !d.were(partKey(statement.Column, before.Name, column.Name)):
			d.say(statement.Column, "column %s of %s is left", statement.QuoteWord(column.Name), title)
		}
	}
	if !before.Partial && !after.Partial && !slices.Equal(common(before, after), common(after, before)) {
		d.add(Difference{Message: "the columns of " + title + " are in another order", Kind: statement.Column, Minor: true, OnlyOrder: true})
	}
}

// touched tells what was changed once of a column of which nothing was known: had it been taken back, it would be twice.
func (d *differing) touched(title string, column Column) {
	name := statement.QuoteWord(column.Name) + " of " + title
	if column.touched.kind == 1 {
		d.say(statement.Column, "the type of %s is %s", name, column.Type.SQL)
	}
	if column.touched.null == 1 {
		d.say(statement.Column, "%s %s", name, nullness(column.NotNull))
	}
	if column.touched.fallback == 1 {
		d.say(statement.Column, "the default of %s is another", name)
	}
	if column.touched.identity == 1 {
		d.say(statement.Column, "%s is %san identity column", name, map[bool]string{true: "", false: "not "}[column.Identity])
	}
}

// common returns the columns of a table that the other has too, in order.
func common(of, other *Table) []string {
	var columns []string
	for _, column := range of.Columns {
		if _, both := other.Column(column.Name); both {
			columns = append(columns, column.Name)
		}
	}
	return columns
}

func (d *differing) column(title string, before, after Column) {
	column := statement.QuoteWord(before.Name) + " of " + title
	same := before.deparsed == after.deparsed
	if before.unseen && after.unseen {
		after.touched = touches{after.touched.kind - before.touched.kind, after.touched.fallback - before.touched.fallback, after.touched.null - before.touched.null, after.touched.identity - before.touched.identity}
		d.touched(title, after)
		return
	}
	if before.unseen || after.unseen {
		return
	}
	if before.Type.SQL != after.Type.SQL && (before.kind.Name == "" || before.kind != after.kind || before.Type.Array != after.Type.Array) {
		d.say(statement.Column, "the type of %s is %s, it was %s", column, after.Type.SQL, before.Type.SQL)
	}
	if before.NotNull != after.NotNull {
		d.say(statement.Column, "%s %s", column, nullness(after.NotNull))
	}
	switch {
	case before.HasDefault && !after.HasDefault:
		d.say(statement.Column, "the default of %s is missing", column)
	case !before.HasDefault && after.HasDefault:
		d.say(statement.Column, "the default of %s is left", column)
	case same && before.Default != after.Default && before.Default.SQL() != after.Default.SQL():
		d.say(statement.Column, "the default of %s is %s, it was %s", column, after.Default.SQL(), before.Default.SQL())
	}
	if before.Identity != after.Identity {
		d.say(statement.Column, "%s is %san identity column", column, map[bool]string{true: "", false: "not "}[after.Identity])
	}
	if before.Identity && after.Identity && before.Always != after.Always {
		d.say(statement.Column, "%s takes %svalues of one's own", column, map[bool]string{true: "no ", false: ""}[after.Always])
	}
	switch {
	case (before.Generated == nil) != (after.Generated == nil):
		d.say(statement.Column, "%s is %sa generated column", column, map[bool]string{true: "", false: "not "}[after.Generated != nil])
	case same && before.Generated != after.Generated && before.Generated.SQL() != after.Generated.SQL():
		d.say(statement.Column, "the expression of %s is %q, it was %q", column, after.Generated.SQL(), before.Generated.SQL())
	}
	if before.Collation != after.Collation {
		d.say(statement.Column, "the collation of %s is %q, it was %q", column, after.Collation, before.Collation)
	}
}

// alike tells whether two constraints say the same, whatever they are called.
func alike(a, b Constraint) bool {
	if a.Type != b.Type || a.OnDelete != b.OnDelete || a.OnUpdate != b.OnUpdate || a.References != b.References || a.Deferrable != b.Deferrable || a.NotEnforced != b.NotEnforced {
		return false
	}
	switch a.Type {
	case statement.Check:
		return a.deparsed != b.deparsed || a.Expression == b.Expression || a.Expression.SQL() == b.Expression.SQL()
	case statement.Exclusion:
		return a.deparsed != b.deparsed || a.NotValidSQL("") == b.NotValidSQL("")
	}
	return slices.Equal(a.Columns, b.Columns) &&
		(slices.Equal(a.ReferencedColumns, b.ReferencedColumns) || len(a.ReferencedColumns) == 0 || len(b.ReferencedColumns) == 0)
}

// pair compares the constraints of a table or a domain. all tells that after's are all known; left tells of one that is only in
// after whether it was not there before.
func (d *differing) pair(title string, before, after []Constraint, all bool, left func(Constraint) bool) {
	rest := slices.Clone(after)
	say := func(format string, one Constraint, more ...any) {
		d.say(statement.ConstraintKind, "%s constraint %s of %s "+format, append([]any{one.Type, statement.QuoteWord(one.Name), title}, more...)...)
	}
	for _, one := range before {
		place := slices.IndexFunc(rest, func(other Constraint) bool { return other.Name == one.Name })
		if place < 0 {
			place = slices.IndexFunc(rest, func(other Constraint) bool {
				// A CHECK from the catalogs is not comparable with one from SQL: it would be like every other.
				return alike(one, other) && !slices.ContainsFunc(before, func(named Constraint) bool { return named.Name == other.Name }) &&
					(one.deparsed == other.deparsed || one.Type != statement.Check && one.Type != statement.Exclusion)
			})
		}
		if place < 0 {
			if all {
				say("is missing", one)
			}
			continue
		}
		other := rest[place]
		rest = slices.Delete(rest, place, place+1)
		switch {
		case !alike(one, other):
			say("is another", one)
		case one.Name != other.Name:
			d.add(Difference{
				Message: fmt.Sprintf("%s constraint of %s is named %s, it was %s", one.Type, title, statement.QuoteWord(other.Name), statement.QuoteWord(one.Name)),
				Kind:    statement.ConstraintKind, Minor: !one.Named && !other.Named,
			})
		case one.Validated && !other.Validated:
			say("is not validated any more", one)
		case !one.Validated && other.Validated:
			// No row breaks it, and new ones were refused before too.
			d.add(Difference{
				Message: fmt.Sprintf("%s constraint %s of %s is validated, it was not", one.Type, statement.QuoteWord(one.Name), title),
				Kind:    statement.ConstraintKind, Minor: true,
			})
		}
	}
	for _, one := range rest {
		if left == nil || left(one) {
			say("is left", one)
		}
	}
}

// onReturned tells whether something is on a column that was dropped and is there again, of a table that was never seen: it may have
// been there before, and gone with the column.
func (d *differing) onReturned(before *Table, uses func(column string) bool) bool {
	after, _ := d.after.tables.get(before.Name)
	return before.Assumed && after != nil && slices.ContainsFunc(after.Columns, func(column Column) bool {
		return uses(column.Name) && d.were(partKey(statement.Column, before.Name, column.Name))
	})
}

func alikeIndex(a, b Index) bool {
	if a.Unique != b.Unique || a.Method != b.Method || !slices.Equal(a.Include, b.Include) || len(a.Keys) != len(b.Keys) || (a.Predicate == "") != (b.Predicate == "") {
		return false
	}
	same := a.deparsed == b.deparsed
	if same && a.Predicate != b.Predicate {
		return false
	}
	for i := range a.Keys {
		if a.Keys[i] == b.Keys[i] {
			continue // It is the very same, and need not be printed.
		}
		if a.Keys[i].Column != b.Keys[i].Column || a.Keys[i].Plain != b.Keys[i].Plain || same && !a.Keys[i].Plain && a.Keys[i].SQL() != b.Keys[i].SQL() {
			return false
		}
	}
	return true
}

func (d *differing) indexes(title string, before, after *Table) {
	own := func(table *Table) []Index {
		return slices.DeleteFunc(slices.Clone(table.Indexes), func(index Index) bool { return index.Constraint != "" })
	}
	rest := own(after)
	for _, one := range own(before) {
		place := slices.IndexFunc(rest, func(other Index) bool { return other.Name == one.Name })
		if place < 0 {
			place = slices.IndexFunc(rest, func(other Index) bool {
				return alikeIndex(one, other) && before.index(other.Name.Name) == nil
			})
		}
		if place < 0 {
			if !after.Assumed || d.after.isGone(key{kind: statement.Index, name: one.Name}) {
				d.say(statement.Index, "index %s of %s is missing", statement.QuoteWord(one.Name.Name), title)
			}
			continue
		}
		other := rest[place]
		rest = slices.Delete(rest, place, place+1)
		switch {
		case !alikeIndex(one, other):
			d.say(statement.Index, "index %s of %s is another", statement.QuoteWord(one.Name.Name), title)
		case one.Name != other.Name:
			d.add(Difference{
				Message: fmt.Sprintf("index of %s is named %s, it was %s", title, statement.QuoteWord(other.Name.Name), statement.QuoteWord(one.Name.Name)),
				Kind:    statement.Index, Minor: !one.Named && !other.Named,
			})
		case one.Invalid != other.Invalid:
			d.add(Difference{
				Message: fmt.Sprintf("index %s of %s is %s", statement.QuoteWord(one.Name.Name), title, map[bool]string{true: "invalid", false: "valid"}[other.Invalid]),
				Kind:    statement.Index, Minor: one.Invalid,
			})
		}
	}
	for _, one := range rest {
		if !d.were(key{kind: statement.Index, name: one.Name}) && !d.onReturned(before, one.uses) {
			d.say(statement.Index, "index %s of %s is left", statement.QuoteWord(one.Name.Name), title)
		}
	}
}
