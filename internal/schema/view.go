package schema

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// outputs returns the columns of a view, with those of its table in the place of a star; nil where they are not known.
func (a *applying) outputs(view object) []statement.ViewColumn {
	star := slices.IndexFunc(view.outputs, func(column statement.ViewColumn) bool { return column.Name == "*" })
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
	var columns []statement.ViewColumn
	for _, column := range table.Columns {
		columns = append(columns, statement.ViewColumn{Name: column.Name})
	}
	return slices.Concat(view.outputs[:star], columns, view.outputs[star+1:])
}

// renameOutput gives a view's column its new name.
func (a *applying) renameOutput(at key, c statement.Rename) {
	view, known := a.object(at)
	if !known {
		return
	}
	view.outputs = slices.Clone(view.outputs)
	for i, column := range view.outputs {
		if column.Name != c.Part {
			continue
		}
		if column.Expression == "" {
			column.Expression = column.Name
		}
		column.Name = c.To
		view.outputs[i] = column
	}
	a.objects.put(a.owner, at, &view)
}

// ViewColumns returns a view's columns, nil where they are not known.
func (s *Schema) ViewColumns(name statement.Name) []statement.ViewColumn {
	for _, kind := range []statement.Kind{statement.View, statement.MaterializedView} {
		if found, known := s.object(key{kind: kind, name: s.Resolve(name)}); known {
			return found.outputs
		}
	}
	return nil
}

// Functions returns the functions and procedures of a name, those with some arguments when of says them, as the statements say that
// make them. One of which that is not known is the zero value.
func (s *Schema) Functions(of statement.Object) []statement.CreateFunction {
	var found []statement.CreateFunction
	for _, at := range s.functions(s.resolveFunction(of.Name)) {
		if at.kind != statement.Function || of.Signed && at.arguments != arguments(of.Arguments) {
			continue
		}
		one, _ := s.object(at)
		made := statement.CreateFunction{}
		if read, err := statement.Parse(one.source); err == nil && len(read) == 1 && len(read[0].Changes) == 1 {
			made, _ = read[0].Changes[0].(statement.CreateFunction)
		}
		made.Steady = made.Steady && !one.altered
		found = append(found, made)
	}
	return found
}

// alterFunction notes that a function is not as its source says any more.
func (a *applying) alterFunction(c statement.AlterFunction) {
	for _, at := range a.functions(a.resolveFunction(c.Object.Name)) {
		if one, known := a.object(at); known && (!c.Object.Signed || at.arguments == arguments(c.Object.Arguments)) {
			one.altered = true
			a.putObject(at, one)
		}
	}
}

// Steady tells whether all functions of a name are IMMUTABLE or STABLE, as the statements say that make them.
func (s *Schema) Steady(function statement.Name) bool {
	made := s.Functions(statement.Object{Name: function})
	return len(made) > 0 && !slices.ContainsFunc(made, func(one statement.CreateFunction) bool { return !one.Steady })
}
