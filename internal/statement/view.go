package statement

import (
	"cmp"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// ViewColumn is one column of a view.
type ViewColumn struct {
	// Name is "*" for all columns of the only table.
	Name string
	// Expression is what it is made of, empty for a column of that name.
	Expression string
	// Type is the one that the expression is cast to as SQL, empty where there is no cast.
	Type string
}

// viewColumns returns those of a view, nil where they are not known.
func (t *translation) viewColumns(of *pg_query.ViewStmt) []ViewColumn {
	columns := t.outputs(of.Query.GetSelectStmt())
	for i, alias := range texts(of.Aliases) {
		if i >= len(columns) || columns[i].Name == "*" {
			return nil
		}
		if columns[i].Expression == "" {
			columns[i].Expression = columns[i].Name
		}
		if columns[i].Name = alias; columns[i].Expression == alias {
			columns[i].Expression = ""
		}
	}
	return columns
}

func (t *translation) outputs(query *pg_query.SelectStmt) []ViewColumn {
	for query.GetLarg() != nil {
		query = query.Larg
	}
	var columns []ViewColumn
	for _, target := range query.GetTargetList() {
		value := target.GetResTarget().GetVal()
		source := outputName(value)
		name := cmp.Or(target.GetResTarget().GetName(), source)
		if name == "" || name == "*" && (len(query.FromClause) != 1 || query.FromClause[0].GetRangeVar() == nil || query.WithClause != nil) {
			return nil
		}
		column := ViewColumn{Name: name}
		if value.GetColumnRef() == nil {
			column.Expression = deparseExpression(value)
			if value.GetTypeCast() != nil {
				column.Type = t.typeName(value.GetTypeCast().TypeName).SQL
			}
		} else if source != name {
			column.Expression = source
		}
		columns = append(columns, column)
	}
	return columns
}

// whole tells whether a view shows all rows of one table, and takes rows for it.
// https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS
func whole(query *pg_query.SelectStmt) bool {
	return query != nil && len(query.FromClause) == 1 && query.FromClause[0].GetRangeVar() != nil && query.WithClause == nil && query.WhereClause == nil &&
		len(query.DistinctClause) == 0 && len(query.GroupClause) == 0 && query.HavingClause == nil && len(query.WindowClause) == 0 &&
		query.LimitCount == nil && query.LimitOffset == nil && query.Larg == nil
}

// outputName returns what PostgreSQL calls an expression without AS, empty where that takes more than a look.
func outputName(node *pg_query.Node) string {
	switch {
	case node.GetColumnRef() != nil:
		fields := node.GetColumnRef().Fields
		if fields[len(fields)-1].GetAStar() != nil {
			return "*"
		}
		return fields[len(fields)-1].GetString_().GetSval()
	case node.GetFuncCall() != nil:
		return nameOf(texts(node.GetFuncCall().Funcname)).Name
	case node.GetTypeCast() != nil:
		return outputName(node.GetTypeCast().Arg)
	case node.GetCoalesceExpr() != nil:
		return "coalesce"
	}
	return ""
}

// defined returns the object of CREATE AGGREGATE, OPERATOR and the like: an aggregate is told by its arguments too.
func (t *translation) defined(of *pg_query.DefineStmt) Object {
	object := Object{Name: nameOf(texts(of.Defnames))}
	if of.Kind != pg_query.ObjectType_OBJECT_AGGREGATE || len(of.Args) == 0 {
		return object
	}
	var arguments []string
	for _, parameter := range of.Args[0].GetList().GetItems() {
		arguments = append(arguments, t.typeName(parameter.GetFunctionParameter().GetArgType()).SQL)
	}
	object.Arguments, object.Signed = strings.Join(arguments, ", "), true
	return object
}
