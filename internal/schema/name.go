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
// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/catalog/pg_constraint.c: ChooseConstraintName
func (a *applying) chooseConstraintName(table *Table, c Constraint) string {
	label := map[statement.ConstraintType]string{
		statement.PrimaryKey: "pkey", statement.Unique: "key", statement.ForeignKey: "fkey", statement.Check: "check", statement.Exclusion: "excl",
		statement.NotNull: "not_null",
	}[c.Type]
	columns := c.Columns
	switch c.Type {
	case statement.PrimaryKey:
		columns = nil
	case statement.Check:
		// It is the expression that counts, not the column that the constraint stands behind.
		if columns = nil; c.Expression != nil {
			columns = distinct(c.Expression.Columns)
		}
		if len(columns) != 1 {
			columns = nil
		}
	case statement.Exclusion:
		columns = exclusionColumns(c.SQL())
	}
	return choose(table.Name.Name, strings.Join(columns, "_"), label, func(name string) bool {
		full := statement.Name{Schema: table.Name.Schema, Name: name}
		return a.constraintExists(full) || c.keyed() && a.relations.has(full)
	})
}

// constraintExists tells whether a table of the schema has a constraint of a name.
func (s *Schema) constraintExists(name statement.Name) bool {
	mentioned := s.mentioned(name)
	return slices.ContainsFunc(mentioned, func(by key) bool {
		if by.kind != statement.ConstraintKind {
			return false
		}
		table, _ := s.tables.get(by.on)
		_, found := table.Constraint(name.Name)
		return found
	})
}

// exclusionColumns returns the columns of an EXCLUDE constraint, as far as they are plain.
func exclusionColumns(sql string) []string {
	_, list, _ := strings.Cut(sql, "(")
	var columns []string
	for {
		element, rest, more := strings.Cut(list, " WITH ")
		if !more {
			return columns
		}
		columns = append(columns, expressionName(element))
		_, list, _ = strings.Cut(rest, ", ")
	}
}

// chooseIndexName returns the name that PostgreSQL gives an index without one.
func (a *applying) chooseIndexName(table statement.Name, index Index) string {
	var columns []string
	add := func(column string) {
		base := column
		for i := 1; slices.Contains(columns, column); i++ {
			column = base + strconv.Itoa(i)
		}
		columns = append(columns, column)
	}
	for _, one := range index.Keys {
		if one.Column == "" {
			add(expressionName(one.SQL()))
		} else {
			add(one.Column)
		}
	}
	for _, column := range index.Include {
		add(column)
	}
	return choose(table.Name, strings.Join(columns, "_"), "idx", func(name string) bool {
		return a.relations.has(statement.Name{Schema: table.Schema, Name: name})
	})
}

// expressionName returns what PostgreSQL calls an expression without a name: the function that it calls, the column that it is
// or casts, the type that it casts to, or else "expr". As FigureColname in its parse_target.c, for what indexes are made of.
func expressionName(sql string) string {
	sql = strings.TrimSpace(sql)
	if strings.HasPrefix(sql, "(") {
		if end := closing(sql); end > 0 {
			inner, rest := expressionName(sql[1:end]), sql[end+1:]
			if cast, is := strings.CutPrefix(rest, "::"); is && inner == "expr" {
				return typeWord(cast)
			}
			if operator(rest) && !strings.HasPrefix(rest, "::") {
				return "expr"
			}
			return inner
		}
	}
	words := statement.Words(sql)
	if len(words) == 0 {
		return "expr"
	}
	end := 0
	for end < len(sql) && (sql[end] == '_' || sql[end] == '"' || sql[end] == '.' || sql[end] >= '0' && sql[end] <= '9' || sql[end]|0x20 >= 'a' && sql[end]|0x20 <= 'z' || sql[end] >= 0x80) {
		end++
	}
	name := sql[strings.LastIndexByte(sql[:end], '.')+1 : end]
	name = strings.Trim(name, `"`)
	switch rest := sql[end:]; {
	case end == 0:
		return "expr"
	case strings.HasPrefix(rest, "("):
		close := closing(rest)
		if close < 0 || operator(rest[close+1:]) {
			return "expr"
		}
		return strings.ToLower(name)
	case strings.EqualFold(name, "case"):
		return "case"
	case strings.HasPrefix(rest, "::"), !operator(rest):
		return name
	}
	return "expr"
}

// operator tells whether what follows an operand goes on with the expression; order and operator classes do not.
func operator(rest string) bool {
	rest = strings.TrimSpace(rest)
	if rest == "" || strings.HasPrefix(rest, "::") {
		return false
	}
	return !isLetter(rest[0]) || slices.Contains([]string{"AND", "OR", "IS", "IN", "LIKE", "ILIKE", "BETWEEN", "NOT", "AT"}, strings.Fields(rest)[0])
}

func isLetter(character byte) bool {
	return character == '_' || character == '"' || character|0x20 >= 'a' && character|0x20 <= 'z'
}

func typeWord(cast string) string {
	words := statement.Words(cast)
	if len(words) == 0 {
		return "expr"
	}
	switch words[0] {
	case "int", "integer":
		return "int4"
	case "bigint":
		return "int8"
	case "smallint":
		return "int2"
	case "boolean":
		return "bool"
	case "double":
		return "float8"
	}
	return words[0]
}

// closing returns where the parenthesis that a text begins with is closed, -1 when it is not.
func closing(sql string) int {
	depth, quoted := 0, byte(0)
	for i := range len(sql) {
		switch character := sql[i]; {
		case quoted != 0:
			if character == quoted {
				quoted = 0
			}
		case character == '\'' || character == '"':
			quoted = character
		case character == '(':
			depth++
		case character == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
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
