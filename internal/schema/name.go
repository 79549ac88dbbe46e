package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// maximumName is how long a name may be in PostgreSQL, in bytes; longer ones are cut.
const maximumName = 63

// chooseConstraintName returns the name that PostgreSQL gives a constraint without one.
func (a *applying) chooseConstraintName(table *Table, c Constraint) string {
	label := map[statement.ConstraintType]string{
		statement.PrimaryKey: "pkey", statement.Unique: "key", statement.ForeignKey: "fkey", statement.Check: "check", statement.Exclusion: "excl",
		statement.NotNull: "not_null",
	}[c.Type]
	columns := strings.Join(c.Columns, "_")
	if c.Type == statement.PrimaryKey || c.Type == statement.Check && len(c.Columns) != 1 {
		columns = ""
	}
	return choose(table.Name.Name, columns, label, func(name string) bool {
		_, taken := table.Constraint(name)
		if c.Type == statement.PrimaryKey || c.Type == statement.Unique || c.Type == statement.Exclusion {
			taken = taken || a.relationExists(statement.Name{Schema: table.Name.Schema, Name: name})
		}
		return taken
	})
}

// chooseIndexName returns the name that PostgreSQL gives an index without one.
func (a *applying) chooseIndexName(table *Table, index Index) string {
	var columns []string
	for _, column := range append(index.Columns(), index.Include...) {
		if column == "" {
			column = "expr"
		}
		base := column
		for i := 1; slices.Contains(columns, column); i++ {
			column = base + strconv.Itoa(i)
		}
		columns = append(columns, column)
	}
	return choose(table.Name.Name, strings.Join(columns, "_"), "idx", func(name string) bool {
		return a.relationExists(statement.Name{Schema: table.Name.Schema, Name: name})
	})
}

func (s *Schema) relationExists(name statement.Name) bool {
	if s.tables[name] != nil {
		return true
	}
	table, _ := s.Index(name)
	return table != nil
}

// choose joins a name as PostgreSQL does: makeObjectName in its indexcmds.c cuts the longer of the first two parts, and a
// number is put behind the label until the name is free.
func choose(first, second, label string, taken func(string) bool) string {
	for number := 0; ; number++ {
		end := label
		if number > 0 {
			end += strconv.Itoa(number)
		}
		name := join(first, second, end)
		if !taken(name) {
			return name
		}
	}
}

func join(first, second, label string) string {
	overhead := len(label) + 1
	if second != "" {
		overhead++
	}
	for len(first)+len(second)+overhead > maximumName {
		if len(first) > len(second) {
			first = first[:len(first)-1]
		} else {
			second = second[:len(second)-1]
		}
	}
	parts := []string{strings.ToValidUTF8(first, "")}
	if second != "" {
		parts = append(parts, strings.ToValidUTF8(second, ""))
	}
	return strings.Join(append(parts, label), "_")
}
