package statement

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// viewColumns returns the names of a view's columns, "*" for all of its only table; nil where they are not known.
func viewColumns(of *pg_query.ViewStmt) []string {
	if len(of.Aliases) > 0 {
		return texts(of.Aliases)
	}
	return outputs(of.Query.GetSelectStmt())
}

func outputs(query *pg_query.SelectStmt) []string {
	for query.GetLarg() != nil {
		query = query.Larg
	}
	var names []string
	for _, target := range query.GetTargetList() {
		name := target.GetResTarget().GetName()
		if name == "" {
			name = outputName(target.GetResTarget().GetVal())
		}
		if name == "" || name == "*" && (len(query.FromClause) != 1 || query.FromClause[0].GetRangeVar() == nil) {
			return nil
		}
		names = append(names, name)
	}
	return names
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
