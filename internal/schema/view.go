package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// outputs returns the columns of a view, with those of its table in the place of a star; nil where they are not known.
func (a *applying) outputs(view object) []string {
	star := slices.Index(view.outputs, "*")
	if star < 0 {
		return view.outputs
	}
	if len(view.reads) != 1 {
		return nil
	}
	table, _ := a.tables.get(view.reads[0])
	if table == nil || table.Partial {
		return nil
	}
	var names []string
	for _, column := range table.Columns {
		names = append(names, column.Name)
	}
	return slices.Concat(view.outputs[:star], names, view.outputs[star+1:])
}

// ViewColumns returns the names of a view's columns, nil where they are not known.
func (s *Schema) ViewColumns(name statement.Name) []string {
	for _, kind := range []statement.Kind{statement.View, statement.MaterializedView} {
		if found, known := s.object(key{kind: kind, name: s.Resolve(name)}); known {
			return found.outputs
		}
	}
	return nil
}

// Steady tells whether all functions of a name are IMMUTABLE or STABLE, as the statements say that make them.
func (s *Schema) Steady(function statement.Name) bool {
	sources := s.Sources(function)
	return len(sources) > 0 && !slices.ContainsFunc(sources, func(source string) bool {
		read, err := statement.Parse(source)
		if err != nil || len(read) != 1 || len(read[0].Changes) != 1 {
			return true
		}
		made, is := read[0].Changes[0].(statement.CreateFunction)
		return !is || !made.Steady
	})
}
