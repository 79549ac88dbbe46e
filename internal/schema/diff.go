package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Difference is one thing in which a schema differs from the one before.
type Difference struct {
	// Message says it in words, such as "column level of heroes is missing".
	Message string
	// Minor tells that no statement of an application can notice: the order of columns, a name that PostgreSQL chose.
	Minor bool
	// Lost tells that something is missing that held data: a table or a column.
	Lost bool
}

// Diff returns how after differs from before, as a person would say it, in a fixed order.
func Diff(before, after *Schema) []Difference {
	d := differing{before: before, after: after}
	for _, table := range before.Tables() {
		other := after.tables[table.Name]
		switch {
		case other == table:
		case other == nil && !table.Temporary:
			d.add(Difference{Message: "table " + Plain(table.Name) + " is missing", Lost: true})
		case other != nil:
			d.table(table, other)
		}
	}
	for _, table := range after.Tables() {
		if before.tables[table.Name] == nil && !table.Temporary && !table.Partial {
			d.add(Difference{Message: "table " + Plain(table.Name) + " is left"})
		}
	}
	d.objects()
	return d.found
}

type differing struct {
	before, after *Schema
	found         []Difference
}

func (d *differing) add(one Difference) { d.found = append(d.found, one) }

func (d *differing) say(format string, arguments ...any) {
	d.add(Difference{Message: fmt.Sprintf(format, arguments...)})
}

func (d *differing) table(before, after *Table) {
	title := Plain(before.Name)
	for _, column := range before.Columns {
		other, found := after.Column(column.Name)
		if !found {
			d.add(Difference{Message: fmt.Sprintf("column %s of %s is missing", statement.QuoteWord(column.Name), title), Lost: true})
			continue
		}
		d.column(title, column, other)
	}
	for _, column := range after.Columns {
		if _, found := before.Column(column.Name); !found && !before.Partial {
			d.say("column %s of %s is left", statement.QuoteWord(column.Name), title)
		}
	}
	if !before.Partial && !slices.Equal(common(before, after), common(after, before)) {
		d.add(Difference{Message: "the columns of " + title + " are in another order", Minor: true})
	}
	d.constraints(title, before, after)
	d.indexes(title, before, after)
	if before.RowSecurity != after.RowSecurity {
		d.say("row level security of %s is %s", title, onOff(after.RowSecurity))
	}
	if before.Unlogged != after.Unlogged {
		d.say("table %s is %s", title, map[bool]string{true: "unlogged", false: "logged"}[after.Unlogged])
	}
	if before.PartitionOf != after.PartitionOf {
		d.say("table %s is a partition of %q, it was one of %q", title, Plain(after.PartitionOf), Plain(before.PartitionOf))
	}
	if before.ReplicaIdentity != after.ReplicaIdentity {
		d.say("the replica identity of %s is %q, it was %q", title, after.ReplicaIdentity, before.ReplicaIdentity)
	}
}

func onOff(on bool) string { return map[bool]string{true: "on", false: "off"}[on] }

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
	if before.Type.SQL != after.Type.SQL && before.Type.Name.Name != "" && after.Type.Name.Name != "" {
		d.say("the type of %s is %s, it was %s", column, after.Type.SQL, before.Type.SQL)
	}
	if before.NotNull != after.NotNull && before.Type.Name.Name != "" {
		d.say("%s %s", column, map[bool]string{true: "is NOT NULL, it was not", false: "is not NOT NULL any more"}[after.NotNull])
	}
	switch {
	case before.HasDefault && !after.HasDefault:
		d.say("the default of %s is missing", column)
	case !before.HasDefault && after.HasDefault && before.Type.Name.Name != "":
		d.say("the default of %s is left", column)
	case before.Default != after.Default && before.Default.SQL() != after.Default.SQL():
		d.say("the default of %s is %s, it was %s", column, after.Default.SQL(), before.Default.SQL())
	}
	if before.Identity != after.Identity {
		d.say("%s is %san identity column", column, map[bool]string{true: "", false: "not "}[after.Identity])
	}
	if before.Generated != after.Generated && before.Generated.SQL() != after.Generated.SQL() {
		d.say("the expression of %s is %q, it was %q", column, after.Generated.SQL(), before.Generated.SQL())
	}
	if before.Collation != after.Collation {
		d.say("the collation of %s is %q, it was %q", column, after.Collation, before.Collation)
	}
}

// same tells whether two constraints say the same, whatever they are called.
func same(a, b Constraint) bool {
	if a.Type != b.Type || a.OnDelete != b.OnDelete || a.OnUpdate != b.OnUpdate || a.References != b.References || a.Deferrable != b.Deferrable {
		return false
	}
	if a.Type == statement.Check || a.Type == statement.Exclusion {
		return a.Constraint.NotValidSQL("") == b.Constraint.NotValidSQL("")
	}
	return slices.Equal(a.Columns, b.Columns) &&
		(slices.Equal(a.ReferencedColumns, b.ReferencedColumns) || len(a.ReferencedColumns) == 0 || len(b.ReferencedColumns) == 0)
}

func (d *differing) constraints(title string, before, after *Table) {
	left := slices.Clone(after.Constraints)
	for _, one := range before.Constraints {
		place := slices.IndexFunc(left, func(other Constraint) bool { return other.Name == one.Name })
		if place < 0 {
			place = slices.IndexFunc(left, func(other Constraint) bool { return same(one, other) })
		}
		if place < 0 {
			d.say("%s constraint %s of %s is missing", one.Type, statement.QuoteWord(one.Name), title)
			continue
		}
		other := left[place]
		left = slices.Delete(left, place, place+1)
		switch {
		case !same(one, other):
			d.say("%s constraint %s of %s is another", one.Type, statement.QuoteWord(one.Name), title)
		case one.Name != other.Name:
			d.add(Difference{Message: fmt.Sprintf("%s constraint %s of %s is named %s", one.Type, statement.QuoteWord(one.Name), title, statement.QuoteWord(other.Name)), Minor: !one.Named && !other.Named})
		case one.Validated != other.Validated:
			d.say("%s constraint %s of %s is %svalidated", one.Type, statement.QuoteWord(one.Name), title, map[bool]string{true: "", false: "not "}[other.Validated])
		}
	}
	for _, one := range left {
		if !before.Partial {
			d.say("%s constraint %s of %s is left", one.Type, statement.QuoteWord(one.Name), title)
		}
	}
}

func sameIndex(a, b Index) bool {
	if a.Unique != b.Unique || a.Method != b.Method || a.Predicate != b.Predicate || !slices.Equal(a.Include, b.Include) || len(a.Keys) != len(b.Keys) {
		return false
	}
	for i := range a.Keys {
		if a.Keys[i].Column != b.Keys[i].Column || a.Keys[i].Plain != b.Keys[i].Plain || !a.Keys[i].Plain && a.Keys[i].SQL() != b.Keys[i].SQL() {
			return false
		}
	}
	return true
}

func (d *differing) indexes(title string, before, after *Table) {
	own := func(table *Table) []Index {
		return slices.DeleteFunc(slices.Clone(table.Indexes), func(index Index) bool { return index.Constraint != "" })
	}
	left := own(after)
	for _, one := range own(before) {
		place := slices.IndexFunc(left, func(other Index) bool { return other.Name == one.Name })
		if place < 0 {
			place = slices.IndexFunc(left, func(other Index) bool { return sameIndex(one, other) })
		}
		if place < 0 {
			d.say("index %s of %s is missing", statement.QuoteWord(one.Name.Name), title)
			continue
		}
		other := left[place]
		left = slices.Delete(left, place, place+1)
		switch {
		case !sameIndex(one, other):
			d.say("index %s of %s is another", statement.QuoteWord(one.Name.Name), title)
		case one.Name != other.Name:
			d.add(Difference{Message: fmt.Sprintf("index %s of %s is named %s", statement.QuoteWord(one.Name.Name), title, statement.QuoteWord(other.Name.Name)), Minor: !one.Named && !other.Named})
		}
	}
	for _, one := range left {
		d.say("index %s of %s is left", statement.QuoteWord(one.Name.Name), title)
	}
}

// objects compares what is no table.
func (d *differing) objects() {
	for _, place := range sortedKeys(d.before.objects) {
		one := d.before.objects[place]
		other, found := d.after.objects[place]
		switch {
		case !found:
			d.say("%s is missing", place.title())
		case !slices.Equal(one.labels, other.labels):
			d.say("the values of %s are %s, they were %s", place.title(), strings.Join(other.labels, ", "), strings.Join(one.labels, ", "))
		case one.definition != other.definition || one.notNull != other.notNull || len(one.constraints) != len(other.constraints):
			d.say("%s is defined otherwise", place.title())
		}
	}
	for _, place := range sortedKeys(d.after.objects) {
		if _, found := d.before.objects[place]; !found {
			d.say("%s is left", place.title())
		}
	}
}

func sortedKeys(objects map[key]object) []key {
	return slices.SortedFunc(maps.Keys(objects), func(a, b key) int { return strings.Compare(a.title(), b.title()) })
}

// title names an object for people.
func (k key) title() string {
	switch k.kind {
	case "grant":
		return strings.TrimSpace(fmt.Sprintf("the privilege %s on %s of %s", k.arguments, Plain(k.name), k.on.Name))
	case "comment":
		return strings.TrimSpace(fmt.Sprintf("the comment on %s %s", k.arguments, Plain(k.name)))
	case "setting":
		return strings.TrimSpace(fmt.Sprintf("the setting %s of %s", strings.TrimSpace(k.arguments), Plain(k.name)))
	case statement.Function:
		return fmt.Sprintf("function %s(%s)", Plain(k.name), k.arguments)
	}
	if k.on.Name != "" {
		return fmt.Sprintf("%s %s of %s", k.kind, statement.QuoteWord(k.name.Name), Plain(k.on))
	}
	return string(k.kind) + " " + Plain(k.name)
}
