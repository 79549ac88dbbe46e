package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// typeChange is what ALTER COLUMN … TYPE comes to.
type typeChange struct {
	work work
	// from is the type of now, to the new one, each without the domains that add nothing to it; known tells that the schema has it.
	from, to statement.TypeName
	known    bool
	// narrows tells that values of now may not fit, or lose a part of themselves.
	narrows bool
	// because says of a column and its table why the type takes more than a moment all the same, where the rows stay as they are.
	because string
}

// judgeType compares the type of now with the new one. PostgreSQL leaves the rows alone when the old values are valid in the
// new type as they are stored: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES. The list was
// tried on PostgreSQL 15.
func judgeType(on *schema.Schema, c statement.SetType) typeChange {
	table := on.Table(c.Table)
	column, known := table.Column(c.Column)
	if !known || column.Type.Name.Name == "" {
		return typeChange{work: rewrite}
	}
	result := typeChange{work: rewrite, from: on.Underlying(column.Type), to: on.Underlying(c.Type), known: true}
	result.narrows = narrows(result.from, result.to)
	if old, _ := on.Enum(result.from.Name); len(old) > 0 {
		if labels, _ := on.Enum(result.to.Name); len(labels) > 0 {
			result.narrows = slices.ContainsFunc(old, func(label string) bool { return !slices.Contains(labels, label) })
		}
	}
	if keepsRows(result.from, result.to, on.UTC()) && (c.Using == nil || onlyCasts(c)) {
		result.work = brief
	}
	if result.work != brief {
		return result
	}
	collated := c.Collation != column.Collation && table.Indexed(c.Column)
	folded := (result.from.Name.Name == "citext") != (result.to.Name.Name == "citext") && table.Indexed(c.Column)
	switch index, check := table.Dependent(c.Column); {
	case folded:
		result.work, result.because = build, "another way to compare %s of %s builds its indexes anew"
	case collated:
		result.work, result.because = build, "another collation of %s of %s builds its indexes anew"
	case index:
		result.work, result.because = build, "another type of %s of %s builds the indexes anew that have an expression or a WHERE"
	case check:
		result.work, result.because = scan, "another type of %s of %s reads the whole table, to see that its CHECK still holds"
	}
	return result
}

// onlyCasts tells whether USING says what PostgreSQL does anyway: the column, or the column cast to the new type.
func onlyCasts(c statement.SetType) bool {
	column, types := c.Using.Casts()
	return column == c.Column && (len(types) == 0 || len(types) == 1 && sameType(types[0], c.Type))
}

// makesOthers tells whether USING makes other values than the column's own in the new type. On the way there they may be texts.
func makesOthers(c statement.SetType) bool {
	if c.Using == nil {
		return false
	}
	column, types := c.Using.Casts()
	return column != c.Column || slices.ContainsFunc(types, func(one statement.TypeName) bool {
		return !sameType(one, c.Type) && (one.Array || one.Name != statement.Name{Name: "text"})
	})
}

func sameType(a, b statement.TypeName) bool {
	return a.Name == b.Name && a.Array == b.Array && slices.Equal(a.Modifiers, b.Modifiers)
}

// keepsRows tells whether values of one type are stored as the other type stores them.
func keepsRows(from, to statement.TypeName, utc bool) bool {
	if from.Array != to.Array || from.Name.Schema != to.Name.Schema {
		return false
	}
	if sameType(from, to) {
		return true
	}
	if from.Array || from.Name.Schema != "" {
		return false
	}
	switch pair := from.Name.Name + " " + to.Name.Name; pair {
	case "varchar varchar", "varbit varbit":
		return unlimited(to) || !unlimited(from) && to.Modifiers[0] >= from.Modifiers[0]
	case "varchar text", "cidr inet", "text varchar", "text citext", "varchar citext", "citext text", "citext varchar":
		return unlimited(to)
	case "numeric numeric":
		if unlimited(to) {
			return true
		}
		return !unlimited(from) && scale(from) == scale(to) && to.Modifiers[0] >= from.Modifiers[0]
	case "interval interval":
		return !shortensInterval(from, to)
	case "timestamp timestamp", "timestamptz timestamptz", "time time", "timetz timetz":
		return unlimited(to) || !unlimited(from) && to.Modifiers[0] >= from.Modifiers[0]
	case "timestamp timestamptz", "timestamptz timestamp":
		return utc && unlimited(from) && unlimited(to)
	}
	return false
}

// shortensInterval tells whether an interval has fewer fields or digits than before: its modifiers are a code for the fields, and the
// digits of the seconds.
func shortensInterval(from, to statement.TypeName) bool {
	if unlimited(to) {
		return false
	}
	return len(from.Modifiers) != 2 || len(to.Modifiers) != 2 || from.Modifiers[0] != to.Modifiers[0] || to.Modifiers[1] < from.Modifiers[1]
}

func unlimited(of statement.TypeName) bool { return len(of.Modifiers) == 0 }

func scale(of statement.TypeName) int {
	if len(of.Modifiers) > 1 {
		return of.Modifiers[1]
	}
	return 0
}

// narrows tells whether a value of one type may not fit into the other, or lose a part of itself there. What is not known
// not to does.
func narrows(from, to statement.TypeName) bool {
	if from.Array != to.Array || from.Name.Schema != "" || to.Name.Schema != "" {
		return from.Name != to.Name || from.Array != to.Array
	}
	if from.Name == to.Name && slices.Equal(from.Modifiers, to.Modifiers) {
		return false
	}
	wider := map[string]string{
		"int2": "int4 int8 numeric float8 float4 text varchar", "int4": "int8 numeric float8 text varchar", "int8": "numeric text varchar",
		"float4": "float8", "date": "timestamp timestamptz text", "timestamp": "timestamptz", "timestamptz": "timestamp", "json": "jsonb text", "jsonb": "json text",
		"uuid": "text varchar", "bool": "text varchar", "cidr": "inet", "bpchar": "text varchar", "varchar": "text citext", "text": "varchar citext", "citext": "text varchar", "numeric": "text varchar",
	}
	if from.Name != to.Name {
		return !slices.Contains(strings.Fields(wider[from.Name.Name]), to.Name.Name) || !unlimited(to)
	}
	switch from.Name.Name {
	case "numeric":
		if unlimited(to) {
			return false
		}
		return unlimited(from) || scale(to) < scale(from) || to.Modifiers[0]-scale(to) < from.Modifiers[0]-scale(from)
	case "interval":
		return shortensInterval(from, to)
	case "varchar", "bpchar", "varbit", "bit", "timestamp", "timestamptz", "time", "timetz":
		return !unlimited(to) && (unlimited(from) || to.Modifiers[0] < from.Modifiers[0])
	}
	return true
}
