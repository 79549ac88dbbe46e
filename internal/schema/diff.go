package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Difference is one thing in which a schema differs from the one before.
type Difference struct {
	// Message says it in words, such as "column level of heroes is missing".
	Message string
	// Kind is what differs: Table, Column, ConstraintKind, Index, another kind of object, or "comment", "grant", "setting".
	Kind statement.Kind
	// Minor tells that no statement of an application can notice: the order of columns, a name that PostgreSQL chose.
	Minor bool
	// OnlyOrder tells that it is only the order of columns.
	OnlyOrder bool
	// Lost tells that something is missing that held data: a table or a column.
	Lost bool
}

// Diff returns how after differs from before, as a person would say it, in a fixed order. Of what is known in part only that
// part is compared. Expressions are compared as texts, and not at all between one from SQL and one from the catalogs of a
// database, which prints them in its own way; neither are comments, privileges and settings then.
func Diff(before, after *Schema) []Difference {
	d := differing{before: before, after: after}
	d.tables()
	d.objects()
	d.vanished()
	return d.found
}

type differing struct {
	before, after *Schema
	found         []Difference
}

func (d *differing) add(one Difference) { d.found = append(d.found, one) }

func (d *differing) say(kind statement.Kind, format string, arguments ...any) {
	d.add(Difference{Message: fmt.Sprintf(format, arguments...), Kind: kind})
}

// were tells whether something that is only in after was there before too, as a statement tells that took it away meanwhile.
func (d *differing) were(at key) bool {
	now, _ := d.after.fates.get(at)
	then, _ := d.before.fates.get(at)
	return now.was && !then.gone
}

// renamed tells whether something that was never seen has its name only since.
func (d *differing) renamed(at key) bool {
	now, _ := d.after.fates.get(at)
	then, _ := d.before.fates.get(at)
	return now.made && !then.made
}

func (d *differing) tables() {
	names := apart(&d.before.tables, &d.after.tables)
	slices.SortFunc(names, compareNames)
	for _, name := range names {
		before, had := d.before.tables.get(name)
		after, has := d.after.tables.get(name)
		switch {
		case before == after || had && before.Temporary || has && after.Temporary:
		case had && before.Kind == statement.MaterializedView && !has, has && after.Kind == statement.MaterializedView && !had:
			// Objects tell of it.
		case !has:
			if !before.Assumed || d.after.isGone(tableKey(name)) {
				d.add(Difference{Message: "table " + Plain(name) + " is missing", Kind: statement.Table, Lost: true})
			}
		case !had && after.Assumed && d.renamed(tableKey(name)):
			// Its fate tells of it.
		case !had && after.Assumed:
			// It was there before, and nothing was known of it.
			d.table(&Table{Name: name, Kind: after.Kind, Partial: true, Assumed: true}, after)
		case !had:
			if !d.were(tableKey(name)) {
				d.say(statement.Table, "table %s is left", Plain(name))
			}
		default:
			d.table(before, after)
		}
	}
}

// objects compares what is no table.
func (d *differing) objects() {
	both := d.before.catalogs == d.after.catalogs
	keys := apart(&d.before.objects, &d.after.objects)
	slices.SortFunc(keys, compareKeys)
	for _, at := range keys {
		one, had := d.before.object(at)
		other, has := d.after.object(at)
		switch at.kind {
		case "comment", "grant", "setting", "extension", statement.Role, statement.Database, statement.SchemaKind:
			if !both {
				continue
			}
		}
		switch {
		case one.owner.Name != "" && !has || other.owner.Name != "" && !had:
			// Columns tell of the sequences that they own.
		case !has:
			if !d.tableGone(at) {
				d.tell(at, "is missing")
			}
		case !had:
			if !d.were(fateKey(at)) {
				d.left(at, other)
			}
		default:
			d.object(at, one, other)
		}
	}
}

func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(string(a.kind), string(b.kind)), compareNames(a.on, b.on), compareNames(a.name, b.name), strings.Compare(a.arguments, b.arguments))
}

// tableGone tells whether an object is one of a table that is missing: the table's line says enough.
func (d *differing) tableGone(at key) bool {
	table := at.on
	if at.kind == "comment" && at.on.Name == "" || at.kind == "grant" || at.kind == "setting" {
		table = at.name
	}
	return d.before.tables.has(table) && !d.after.tables.has(table)
}

func (d *differing) object(at key, before, after object) {
	same := before.deparsed == after.deparsed
	if !slices.Equal(before.labels, after.labels) {
		missing := slices.DeleteFunc(slices.Clone(before.labels), func(label string) bool { return slices.Contains(after.labels, label) })
		left := slices.DeleteFunc(slices.Clone(after.labels), func(label string) bool { return slices.Contains(before.labels, label) })
		for _, label := range missing {
			d.say(statement.EnumValue, "the value %s of %s is missing", label, at.title())
		}
		for _, label := range left {
			d.say(statement.EnumValue, "the value %s of %s is left", label, at.title())
		}
		if len(missing) == 0 && len(left) == 0 {
			d.say(statement.EnumValue, "the values of %s are in another order", at.title())
		}
	}
	if at.kind == statement.Domain {
		d.domain(at, before, after, same)
		return
	}
	if same && before.definition != after.definition {
		d.tell(at, "is defined otherwise")
	}
}

// left says that an object is left. An extension that is made IF NOT EXISTS hurts nobody, and nothing fails when it is made again.
func (d *differing) left(at key, one object) {
	if at.kind == statement.Extension && one.origin.IfNotExists {
		d.add(Difference{Message: at.title() + " is left", Kind: at.kind, Minor: true})
		return
	}
	d.tell(at, "is left")
}

// tell says what is with an object. Settings that only the planner and the storage look at are minor.
func (d *differing) tell(at key, what string) {
	minor := at.kind == "setting" && slices.ContainsFunc([]string{"set statistics", "set storage", "set compression", "set options", "reset options", "set rel options", "reset rel options", "cluster on", "drop cluster"},
		func(action string) bool { return strings.HasPrefix(at.arguments, action) })
	d.add(Difference{Message: at.title() + " " + what, Kind: at.kind, Minor: minor})
}

func (d *differing) domain(at key, before, after object, same bool) {
	if before.base.SQL != after.base.SQL {
		d.say(at.kind, "the type of %s is %s, it was %s", at.title(), after.base.SQL, before.base.SQL)
	}
	if before.notNull != after.notNull {
		d.say(at.kind, "%s %s", at.title(), nullness(after.notNull))
	}
	if same && before.definition != after.definition {
		d.say(at.kind, "the default of %s is another", at.title())
	}
	d.pair(at.title(), before.constraints, after.constraints, true, nil)
}

// vanished tells of what was never seen, but was there as a statement tells that took it away, and is not any more.
func (d *differing) vanished() {
	keys := apart(&d.before.fates, &d.after.fates)
	slices.SortFunc(keys, compareKeys)
	for _, at := range keys {
		then, _ := d.before.fates.get(at)
		now, _ := d.after.fates.get(at)
		switch {
		case at.on.Name != "" && (d.before.isGone(tableKey(at.on)) || d.after.isGone(tableKey(at.on))):
		case now.was && now.gone && !now.maybe && !then.gone && !d.before.knows(at) && !d.after.knows(at):
			d.add(Difference{
				Message: at.title() + " is missing", Kind: at.kind, Lost: at.kind == statement.Table || at.kind == statement.Column,
			})
		case now.made && !now.gone && !then.made && !then.was && !d.before.knows(at) && (at.kind == statement.Table || !d.after.knows(at)):
			d.say(at.kind, "%s is left", at.title())
		}
	}
}

// knows tells whether the schema itself has something, so that it was compared.
func (s *Schema) knows(at key) bool {
	switch at.kind {
	case statement.Table:
		return s.tables.has(at.name)
	case statement.Index:
		found, known := s.relations.get(at.name)
		return known && found.kind == statement.Index
	case statement.Column, statement.ConstraintKind:
		table, _ := s.tables.get(at.on)
		_, column := table.Column(at.name.Name)
		_, constraint := table.Constraint(at.name.Name)
		return at.kind == statement.Column && column || at.kind == statement.ConstraintKind && constraint
	case statement.Type:
		return s.Has(statement.Type, at.name)
	}
	return s.objects.has(at)
}

// title names an object or a part of a table for people.
func (k key) title() string {
	switch k.kind {
	case "grant":
		return strings.TrimSpace(fmt.Sprintf("the privilege %s on %s of %s", k.arguments, Plain(k.name), k.on.Name))
	case "comment":
		name := Plain(k.name)
		if k.on.Name != "" {
			name += " of " + Plain(k.on)
		}
		return fmt.Sprintf("the comment on %s %s", k.arguments, name)
	case "setting":
		return fmt.Sprintf("the setting %s of %s", k.arguments, Plain(k.name))
	case statement.Function:
		return fmt.Sprintf("function %s(%s)", Plain(k.name), k.arguments)
	}
	if k.on.Name != "" {
		return fmt.Sprintf("%s %s of %s", k.kind, statement.QuoteWord(k.name.Name), Plain(k.on))
	}
	return string(k.kind) + " " + Plain(k.name)
}
