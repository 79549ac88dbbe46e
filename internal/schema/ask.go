package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Origin returns where a view or another object that is no table comes from, and whether it was seen.
func (s *Schema) Origin(kind statement.Kind, name statement.Name) (Origin, bool) {
	for _, one := range []statement.Kind{kind, statement.View, statement.MaterializedView} {
		if found, known := s.object(key{kind: one, name: s.Resolve(name)}); known {
			return found.origin, true
		}
	}
	switch kind {
	case statement.Type, statement.Enum, statement.Domain:
		full := s.resolveType(name)
		for _, one := range []statement.Kind{statement.Enum, statement.Domain, statement.Type} {
			if found, known := s.object(key{kind: one, name: full}); known {
				return found.origin, true
			}
		}
	case statement.Function:
		for _, at := range s.functions(s.resolveFunction(name)) {
			found, known := s.object(at)
			return found.origin, known
		}
	default:
		found, known := s.object(key{kind: kind, name: name})
		return found.origin, known
	}
	return Origin{}, false
}

// Has tells whether there is a view, a function, a type or another object that is no table of a name; arguments do not count.
func (s *Schema) Has(kind statement.Kind, name statement.Name) bool {
	switch kind {
	case statement.Function:
		return len(s.functions(s.resolveFunction(name))) > 0
	case statement.View, statement.MaterializedView, statement.Sequence:
		return s.objects.has(key{kind: kind, name: s.Resolve(name)})
	case statement.Type:
		full := s.resolveType(name)
		return s.objects.has(key{kind: statement.Type, name: full}) || s.objects.has(key{kind: statement.Enum, name: full}) ||
			s.objects.has(key{kind: statement.Domain, name: full})
	}
	return s.objects.has(key{kind: kind, name: s.resolveObject(name, kind)}) || s.objects.has(key{kind: kind, name: name})
}

// Sources returns the statements that make the functions and procedures of a name, whatever their arguments; an empty one where
// it is not known.
func (s *Schema) Sources(name statement.Name) []string {
	var sources []string
	for _, at := range s.functions(s.resolveFunction(name)) {
		if one, _ := s.object(at); at.kind == statement.Function {
			sources = append(sources, one.source)
		}
	}
	return sources
}

// NeverNull tells whether NULL is kept out of a column of a table and of all that inherit it: a CHECK with NO INHERIT keeps it out of
// the one table only.
func (s *Schema) NeverNull(table statement.Name, column string) bool {
	return s.Table(table).NeverNull(column) && !slices.ContainsFunc(s.children(s.Resolve(table)), func(child *Table) bool {
		return !s.NeverNull(child.Name, column)
	})
}

// Known tells whether a relation is there, or is known to be gone.
func (s *Schema) Known(kind statement.Kind, name statement.Name) bool {
	full := s.Resolve(name)
	return s.relations.has(full) || s.isGone(key{kind: kind, name: full})
}

// Gone tells whether a table was seen, and dropped.
func (s *Schema) Gone(name statement.Name) bool { return s.isGone(tableKey(s.Resolve(name))) }

func (s *Schema) isGone(at key) bool {
	found, _ := s.fates.get(at)
	return found.gone
}

func tableKey(name statement.Name) key { return key{kind: statement.Table, name: name} }

// partKey is the key of a column or a constraint.
func partKey(kind statement.Kind, table statement.Name, name string) key {
	return key{kind: kind, name: statement.Name{Name: name}, on: table}
}

// Policies counts the policies of a table.
func (s *Schema) Policies(table statement.Name) int {
	full, number := s.Resolve(table), 0
	mentioned := s.mentioned(full)
	for _, by := range mentioned {
		if by.kind == statement.Policy && by.on == full && s.objects.has(by) {
			number++
		}
	}
	return number
}

// Domain tells whether a domain was seen, and where it comes from.
func (s *Schema) Domain(name statement.Name) (bool, Origin) {
	found, known := s.object(key{kind: statement.Domain, name: s.resolveType(name)})
	if !known {
		return false, Origin{Migration: Before}
	}
	return true, found.origin
}

// Underlying returns the type that values of a type are stored as: that of a domain which has no constraint, else the type itself.
func (s *Schema) Underlying(kind statement.TypeName) statement.TypeName {
	for seen := 0; seen < 10 && !kind.Array; seen++ {
		domain, found := s.object(key{kind: statement.Domain, name: s.resolveType(kind.Name)})
		if !found || domain.notNull || len(domain.constraints) > 0 || domain.base.Name.Name == "" {
			break
		}
		kind = domain.base
	}
	return kind
}

// ConstrainedDomain tells whether a type is a domain with a constraint: a new column of it is checked row by row.
func (s *Schema) ConstrainedDomain(name statement.Name) bool {
	domain, found := s.object(key{kind: statement.Domain, name: s.resolveType(name)})
	return found && (domain.notNull || len(domain.constraints) > 0)
}

// Refuses tells whether a column of a domain may be refused what an INSERT leaves in it that does not name it: no value, unless
// the column or the domain has a default.
func (s *Schema) Refuses(column Column) bool {
	for kind, fallback, seen := column.Type.Name, column.HasDefault, 0; seen < 10; seen++ { // A domain may be one of a domain.
		domain, found := s.object(key{kind: statement.Domain, name: s.resolveType(kind)})
		if !found || column.Type.Array {
			return false
		}
		fallback = fallback || domain.definition != ""
		left := statement.Value{Null: !fallback}
		if column.Default != nil {
			left = column.Default.Value()
		}
		if domain.notNull && left.Null || slices.ContainsFunc(domain.constraints, func(one Constraint) bool {
			return one.Expression.MayRefuse(func(string) statement.Value { return left })
		}) {
			return true
		}
		kind = domain.base.Name
	}
	return false
}

// HasDefault tells whether a type is a domain with a default.
func (s *Schema) HasDefault(domain statement.Name) bool {
	found, _ := s.object(key{kind: statement.Domain, name: s.resolveType(domain)})
	return found.definition != ""
}

// Enum returns the labels of an enum in order, nil when it was never seen.
func (s *Schema) Enum(name statement.Name) ([]string, Origin) {
	found, _ := s.object(key{kind: statement.Enum, name: s.resolveType(name)})
	return found.labels, found.origin
}

// ColumnsOf returns the columns whose type is the given one.
func (s *Schema) ColumnsOf(kind statement.Name) []ColumnOf { return s.columnsOf(s.resolveType(kind)) }

// ColumnOf is a column and its table.
type ColumnOf struct {
	Table  statement.Name
	Column string
}

// columnsOf returns the columns of a type's full name.
func (s *Schema) columnsOf(kind statement.Name) []ColumnOf {
	var found []ColumnOf
	for _, table := range s.mentioning(kind) {
		for _, column := range table.Columns {
			if column.kind == kind {
				found = append(found, ColumnOf{table.Name, column.Name})
			}
		}
	}
	return found
}

// Says tells whether a table has a constraint that says the same, whatever it is called.
func (t *Table) Says(constraint Constraint) bool {
	return t.constraint(func(own *Constraint) bool { return alike(*own, constraint) }) != nil
}

// SamePolicy tells whether a policy is defined as it was in another schema; restrictive tells that it only hid rows there.
func (s *Schema) SamePolicy(before *Schema, policy statement.Object) (same, restrictive bool) {
	was, had := before.object(key{kind: statement.Policy, name: policy.Name, on: before.Resolve(policy.On)})
	is, has := s.object(key{kind: statement.Policy, name: policy.Name, on: s.Resolve(policy.On)})
	return had && has && was.deparsed == is.deparsed && was.definition == is.definition, Restrictive(was.definition)
}

// HasPolicy tells whether a table has a policy of a name.
func (s *Schema) HasPolicy(policy statement.Object) bool {
	return s.objects.has(key{kind: statement.Policy, name: policy.Name, on: s.Resolve(policy.On)})
}

// TriggerOrigin returns where a trigger comes from, and whether it was seen.
func (s *Schema) TriggerOrigin(trigger statement.Object) (Origin, bool) {
	found, known := s.object(key{kind: statement.Trigger, name: trigger.Name, on: s.Resolve(trigger.On)})
	return found.origin, known
}

// Restrictive tells whether the definition of a policy says AS RESTRICTIVE: it only hides rows.
func Restrictive(definition string) bool {
	return strings.Contains(strings.ToLower(definition), " as restrictive")
}

// SameView tells whether a view is defined as it was in another schema.
func (s *Schema) SameView(before *Schema, view statement.Name) bool {
	for _, kind := range []statement.Kind{statement.View, statement.MaterializedView} {
		was, had := before.object(key{kind: kind, name: before.Resolve(view)})
		is, has := s.object(key{kind: kind, name: s.Resolve(view)})
		if had && has && was.deparsed == is.deparsed && was.definition == is.definition {
			return true
		}
	}
	return false
}
