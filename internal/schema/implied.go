package schema

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Implied tells whether rows of a table are known to fit into a partition: validated CHECKs on the key say so, and it is never
// NULL. PostgreSQL then spares itself the reading, which it proves as here; what cannot be proven here it may still prove.
// https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE
func (s *Schema) Implied(parent, partition statement.Name, limits statement.Limits) bool {
	table, key := s.Table(partition), s.partitionKey(parent)
	if table == nil || key == "" || !limits.Known || !table.NeverNull(key) {
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
	for _, child := range s.children(full) {
		if child.PartitionOf == full && child.Bound == "DEFAULT" {
			key := s.partitionKey(parent)
			return child, key == "" || !limits.Known || !outside(child.conditions(), key, limits)
		}
	}
	return nil, false
}

// partitionKey returns the only column of a table's partition key, empty when there are more or none.
func (s *Schema) partitionKey(parent statement.Name) string {
	if table := s.Table(parent); table != nil && len(table.PartitionKey) == 1 {
		return table.PartitionKey[0]
	}
	return ""
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
func implies(condition statement.Condition, key, wanted string, values []string) bool {
	each := func(part statement.Condition) bool { return implies(part, key, wanted, values) }
	switch condition.Operator {
	case "and":
		return slices.ContainsFunc(condition.Parts, each)
	case "or":
		return len(condition.Parts) > 0 && !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool { return !each(part) })
	}
	if condition.Column != key {
		return false
	}
	switch wanted + " by " + condition.Operator {
	case "in by =":
		return slices.Contains(values, condition.Value)
	case ">= by >=", ">= by >", ">= by =":
		order, known := compare(condition.Value, values[0])
		return known && order >= 0
	case "< by <":
		order, known := compare(condition.Value, values[0])
		return known && order <= 0
	case "< by <=", "< by =":
		order, known := compare(condition.Value, values[0])
		return known && order < 0
	}
	return false
}

// outside tells whether a condition leaves only rows that do not belong into a partition. A key that is NULL belongs into none.
func outside(condition statement.Condition, key string, limits statement.Limits) bool {
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
	if condition.Column != key {
		return false
	}
	below, belowKnown := compare(condition.Value, limits.From)
	above, aboveKnown := compare(condition.Value, limits.To)
	switch condition.Operator {
	case "<":
		return belowKnown && below <= 0
	case "<=":
		return belowKnown && below < 0
	case ">=", ">":
		return aboveKnown && above >= 0
	case "=":
		return len(limits.In) > 0 && !slices.Contains(limits.In, condition.Value) || belowKnown && below < 0 || aboveKnown && above >= 0
	case "<>":
		return slices.Equal(limits.In, []string{condition.Value})
	}
	return false
}

// refuses tells whether a condition says <> of each of some values.
func refuses(condition statement.Condition, key string, values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool {
		return !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool {
			return part.Operator == "<>" && part.Column == key && part.Value == value
		})
	})
}

// holds tells whether a condition is true of every row that belongs into a partition.
func holds(condition statement.Condition, key string, limits statement.Limits) bool {
	each := func(part statement.Condition) bool { return holds(part, key, limits) }
	switch condition.Operator {
	case "and":
		return !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool { return !each(part) })
	case "or":
		if len(limits.In) > 0 {
			return !slices.ContainsFunc(limits.In, func(value string) bool {
				return !slices.ContainsFunc(condition.Parts, func(part statement.Condition) bool {
					return part.Operator == "=" && part.Column == key && part.Value == value
				})
			})
		}
		return slices.ContainsFunc(condition.Parts, each)
	}
	if condition.Column != key {
		return false
	}
	switch condition.Operator {
	case ">=":
		order, known := compare(condition.Value, limits.From)
		return known && order <= 0
	case "<":
		order, known := compare(condition.Value, limits.To)
		return known && order >= 0
	case "=":
		return slices.Equal(limits.In, []string{condition.Value})
	}
	return false
}

// compare orders two literals: numbers, or dates and times written in one form. Others are the same or not known.
func compare(a, b string) (order int, known bool) {
	if a == "" || b == "" {
		return 0, false
	}
	a, b = moment(a), moment(b)
	if a == b {
		return 0, true
	}
	first, failedFirst := strconv.ParseFloat(a, 64)
	second, failedSecond := strconv.ParseFloat(b, 64)
	if failedFirst == nil && failedSecond == nil {
		return cmp.Compare(first, second), true
	}
	if len(a) == len(b) && dated(a) && dated(b) {
		return strings.Compare(a, b), true
	}
	return 0, false
}

// moment takes what says midnight from a date, as the catalogs print it.
func moment(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "+00"), " 00:00:00")
}

// dated tells whether a text is digits in the order of ISO 8601.
func dated(text string) bool {
	return len(text) >= len("2006-01-02") && text[4] == '-' && text[7] == '-' && strings.Trim(text, "0123456789-: ") == ""
}
