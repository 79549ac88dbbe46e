package schema

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Implied tells whether rows of a table are known to fit into a partition: validated CHECKs on the key say so, and it is never
// NULL. PostgreSQL then spares itself the reading, which it proves as here; what cannot be proven here it may still prove.
// https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE
func (s *Schema) Implied(parent, partition statement.Name, limits statement.Limits) bool {
	table, key := s.Table(partition), s.partitionKey(parent)
	if table == nil || key.column == "" || !limits.Known || !table.NeverNull(key.column) {
		return false
	}
	checks := table.conditions()
	if len(limits.In) > 0 {
		return implies(checks, key, "in", limits.In)
	}
	return (limits.From == "" || implies(checks, key, ">=", []string{limits.From})) && (limits.To == "" || implies(checks, key, "<", []string{limits.To}))
}

// DefaultPartition returns the partition that takes what no other one does, and whether its rows are read when another partition
// comes: no validated CHECK says that none of them belongs there. It is nil when there is none.
func (s *Schema) DefaultPartition(parent statement.Name, limits statement.Limits) (partition *Table, read bool) {
	full := s.Resolve(parent)
	if table, known := s.tables.get(full); known && table.noDefault {
		return nil, false // There may be thousands of partitions.
	}
	for _, child := range s.children(full) {
		if child.PartitionOf == full && child.Bound == "DEFAULT" {
			key := s.partitionKey(parent)
			return child, key.column == "" || !limits.Known || !outside(child.conditions(), key, limits)
		}
	}
	return nil, false
}

// partitionKey is the only column of a partition key, and what its values are compared as.
type partitionKey struct {
	column string
	// kind is "number", "date", "moment" for timestamptz, "text", or empty for types of which only the same literal is the same.
	kind string
	// of is the type itself, none where it is not known.
	of statement.Name
}

// partitionKey returns that of a table, empty when there are more or none.
func (s *Schema) partitionKey(parent statement.Name) partitionKey {
	table := s.Table(parent)
	if table == nil || len(table.PartitionKey) != 1 {
		return partitionKey{}
	}
	key := partitionKey{column: table.PartitionKey[0]}
	column, _ := table.Column(key.column)
	key.of = column.Type.Name
	if column.Type.Array || column.Type.Name.Schema != "" {
		return key
	}
	switch column.Type.Name.Name {
	case "int2", "int4", "int8", "numeric", "serial2", "serial4", "serial8":
		key.kind = "number"
	case "date", "timestamp":
		key.kind = "date"
	case "timestamptz":
		key.kind = "moment"
	case "text", "varchar", "bpchar":
		key.kind = "text"
	}
	return key
}

// is tells whether a comparison is one of the key itself, by an operator that the proof knows: PostgreSQL proves nothing by those between
// types whose answers depend on settings, nor by those of another family of types.
func (k partitionKey) is(condition statement.Condition) bool {
	if condition.Column != k.column || condition.Text && (k.kind != "text" || k.of.Name == "bpchar") {
		return false
	}
	if condition.Type == (statement.Name{}) || condition.Type == k.of {
		return true
	}
	compared := map[string]string{
		"int2": "int4 int8", "int4": "int2 int8", "int8": "int2 int4", "serial2": "int2 int4 int8", "serial4": "int2 int4 int8", "serial8": "int2 int4 int8",
		"numeric": "int2 int4 int8", "date": "timestamp", "timestamp": "date", "text": "varchar bpchar", "varchar": "text",
	}[k.of.Name]
	return k.of.Schema == "" && condition.Type.Schema == "" && slices.Contains(strings.Fields(compared), condition.Type.Name)
}

// conditions returns all validated CHECKs of a table, joined.
func (t *Table) conditions() statement.Condition {
	all := statement.Condition{Operator: "and"}
	for _, one := range t.Constraints {
		if one.Type == statement.Check && one.Validated && !one.NotEnforced {
			all.Parts = append(all.Parts, one.Expression.Condition())
		}
	}
	return all
}

// implies tells whether a condition leaves only rows whose key is in, at least, or below some values.
func implies(condition statement.Condition, key partitionKey, wanted string, values []string) bool {
	each := func(part statement.Condition) bool { return implies(part, key, wanted, values) }
	switch condition.Operator {
	case "and":
		return slices.ContainsFunc(condition.Parts, each)
	case "or":
		return len(condition.Parts) > 0 && !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool { return !each(part) })
	}
	if !key.is(condition) {
		return false
	}
	switch wanted + " by " + condition.Operator {
	case "in by =":
		return key.among(condition.Value, values)
	case ">= by >=", ">= by >", ">= by =":
		order, known := key.compare(condition.Value, values[0])
		return known && order >= 0
	case "< by <":
		order, known := key.compare(condition.Value, values[0])
		return known && order <= 0
	case "< by <=", "< by =":
		order, known := key.compare(condition.Value, values[0])
		return known && order < 0
	}
	return false
}

// outside tells whether a condition leaves only rows that do not belong into a partition. A key that is NULL belongs into none.
func outside(condition statement.Condition, key partitionKey, limits statement.Limits) bool {
	each := func(part statement.Condition) bool { return outside(part, key, limits) }
	switch condition.Operator {
	case "and":
		if refuses(condition, key, limits.In) {
			return true
		}
		return slices.ContainsFunc(condition.Parts, each)
	case "or":
		return len(condition.Parts) > 0 && !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool { return !each(part) })
	case "not":
		return holds(condition.Parts[0], key, limits)
	}
	if !key.is(condition) {
		return false
	}
	below, belowKnown := key.compare(condition.Value, limits.From)
	above, aboveKnown := key.compare(condition.Value, limits.To)
	switch condition.Operator {
	case "<":
		return belowKnown && below <= 0
	case "<=":
		return belowKnown && below < 0
	case ">=", ">":
		return aboveKnown && above >= 0
	case "=":
		return key.apart(condition.Value, limits.In) || belowKnown && below < 0 || aboveKnown && above >= 0
	case "<>":
		return len(limits.In) == 1 && key.among(condition.Value, limits.In)
	}
	return false
}

// refuses tells whether a condition says <> of each of some values.
func refuses(condition statement.Condition, key partitionKey, values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool {
		return !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool {
			return part.Operator == "<>" && key.is(part) && key.among(part.Value, []string{value})
		})
	})
}

// holds tells whether a condition is true of every row that belongs into a partition.
func holds(condition statement.Condition, key partitionKey, limits statement.Limits) bool {
	each := func(part statement.Condition) bool { return holds(part, key, limits) }
	switch condition.Operator {
	case "and":
		return !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool { return !each(part) })
	case "or":
		if len(limits.In) > 0 {
			return !slices.ContainsFunc(limits.In, func(value string) bool {
				return !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool {
					return part.Operator == "=" && key.is(part) && key.among(part.Value, []string{value})
				})
			})
		}
		return slices.ContainsFunc(condition.Parts, each)
	}
	if !key.is(condition) {
		return false
	}
	switch condition.Operator {
	case ">=":
		order, known := key.compare(condition.Value, limits.From)
		return known && order <= 0
	case "<":
		order, known := key.compare(condition.Value, limits.To)
		return known && order >= 0
	case "=":
		return len(limits.In) == 1 && key.among(condition.Value, limits.In)
	}
	return false
}

// among tells whether a value is known to be one of some.
func (k partitionKey) among(value string, values []string) bool {
	return slices.ContainsFunc(values, func(other string) bool {
		order, known := k.compare(value, other)
		return known && order == 0
	})
}

// apart tells whether a value is known to be none of some. Texts that differ do, as partitions compare them.
func (k partitionKey) apart(value string, values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(other string) bool {
		order, known := k.compare(value, other)
		return known && order == 0 || !known && (k.kind != "text" || value == other)
	})
}

// compare orders two literals as values of the key's type. What is written in the same way is the same; of texts the order is the
// collation's, and not known.
func (k partitionKey) compare(a, b string) (order int, known bool) {
	if k.of.Name == "bpchar" {
		// Blanks at the end of a char(n) mean nothing.
		a, b = strings.TrimRight(a, " "), strings.TrimRight(b, " ")
	}
	switch {
	case a == "" || b == "":
		return 0, false
	case a == b:
		return 0, true
	case k.kind == "number":
		first, okFirst := new(big.Rat).SetString(a)
		second, okSecond := new(big.Rat).SetString(b)
		if okFirst && okSecond {
			return first.Cmp(second), true
		}
	case k.kind == "date" || k.kind == "moment":
		first, zoneFirst, okFirst := moment(a)
		second, zoneSecond, okSecond := moment(b)
		// One without a zone is in that of the session, which is not known.
		if okFirst && okSecond && (zoneFirst == zoneSecond || k.kind == "date") && !(k.kind == "date" && (zoneFirst || zoneSecond)) {
			return first.Compare(second), true
		}
	}
	return 0, false
}

// moment reads a date or a time in the forms of ISO 8601 that PostgreSQL prints, and tells whether it names a zone.
func moment(text string) (at time.Time, zoned, ok bool) {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, false, true
		}
		for _, zone := range []string{"-07", "-07:00", "Z07:00"} {
			if at, err := time.Parse(layout+zone, text); err == nil {
				return at, true, true
			}
		}
	}
	return time.Time{}, false, false
}
