package statement

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// walk calls see for a node and all below it that can be part of an expression.
func walk(node *pg_query.Node, see func(*pg_query.Node)) {
	if node == nil || node.Node == nil {
		return
	}
	see(node)
	all := func(nodes ...*pg_query.Node) {
		for _, one := range nodes {
			walk(one, see)
		}
	}
	switch inner := node.Node.(type) {
	case *pg_query.Node_AExpr:
		all(inner.AExpr.Lexpr, inner.AExpr.Rexpr)
	case *pg_query.Node_BoolExpr:
		all(inner.BoolExpr.Args...)
	case *pg_query.Node_FuncCall:
		all(inner.FuncCall.Args...)
		all(inner.FuncCall.AggOrder...)
		all(inner.FuncCall.AggFilter)
		all(windows(inner.FuncCall.Over)...)
	case *pg_query.Node_TypeCast:
		all(inner.TypeCast.Arg)
	case *pg_query.Node_CollateClause:
		all(inner.CollateClause.Arg)
	case *pg_query.Node_NullTest:
		all(inner.NullTest.Arg)
	case *pg_query.Node_BooleanTest:
		all(inner.BooleanTest.Arg)
	case *pg_query.Node_CoalesceExpr:
		all(inner.CoalesceExpr.Args...)
	case *pg_query.Node_MinMaxExpr:
		all(inner.MinMaxExpr.Args...)
	case *pg_query.Node_CaseExpr:
		all(inner.CaseExpr.Arg, inner.CaseExpr.Defresult)
		all(inner.CaseExpr.Args...)
	case *pg_query.Node_CaseWhen:
		all(inner.CaseWhen.Expr, inner.CaseWhen.Result)
	case *pg_query.Node_AArrayExpr:
		all(inner.AArrayExpr.Elements...)
	case *pg_query.Node_AIndirection:
		all(inner.AIndirection.Arg)
		all(inner.AIndirection.Indirection...)
	case *pg_query.Node_AIndices:
		all(inner.AIndices.Lidx, inner.AIndices.Uidx)
	case *pg_query.Node_RowExpr:
		all(inner.RowExpr.Args...)
	case *pg_query.Node_List:
		all(inner.List.Items...)
	case *pg_query.Node_ResTarget:
		all(inner.ResTarget.Val)
	case *pg_query.Node_NamedArgExpr:
		all(inner.NamedArgExpr.Arg)
	case *pg_query.Node_SortBy:
		all(inner.SortBy.Node)
	case *pg_query.Node_SubLink:
		all(inner.SubLink.Testexpr, inner.SubLink.Subselect)
	default:
		walkQuery(node, all)
	}
}

// walkQuery goes on with the parts of queries.
func walkQuery(node *pg_query.Node, all func(...*pg_query.Node)) {
	with := func(clause *pg_query.WithClause) {
		if clause != nil {
			all(clause.Ctes...)
		}
	}
	switch inner := node.Node.(type) {
	case *pg_query.Node_SelectStmt:
		with(inner.SelectStmt.WithClause)
		all(selectParts(inner.SelectStmt)...)
	case *pg_query.Node_InsertStmt:
		with(inner.InsertStmt.WithClause)
		all(inner.InsertStmt.SelectStmt)
		all(inner.InsertStmt.ReturningList...)
		if conflict := inner.InsertStmt.OnConflictClause; conflict != nil {
			all(conflict.TargetList...)
			all(conflict.WhereClause)
		}
	case *pg_query.Node_UpdateStmt:
		with(inner.UpdateStmt.WithClause)
		all(inner.UpdateStmt.WhereClause)
		all(inner.UpdateStmt.TargetList...)
		all(inner.UpdateStmt.FromClause...)
		all(inner.UpdateStmt.ReturningList...)
	case *pg_query.Node_DeleteStmt:
		with(inner.DeleteStmt.WithClause)
		all(inner.DeleteStmt.WhereClause)
		all(inner.DeleteStmt.UsingClause...)
		all(inner.DeleteStmt.ReturningList...)
	case *pg_query.Node_CommonTableExpr:
		all(inner.CommonTableExpr.Ctequery)
	case *pg_query.Node_JoinExpr:
		all(inner.JoinExpr.Larg, inner.JoinExpr.Rarg, inner.JoinExpr.Quals)
	case *pg_query.Node_RangeSubselect:
		all(inner.RangeSubselect.Subquery)
	case *pg_query.Node_RangeFunction:
		all(inner.RangeFunction.Functions...)
	case *pg_query.Node_WindowDef:
		all(windows(inner.WindowDef)...)
	case *pg_query.Node_AConst, *pg_query.Node_ColumnRef, *pg_query.Node_ParamRef, *pg_query.Node_RangeVar, *pg_query.Node_String_, *pg_query.Node_Integer,
		*pg_query.Node_LockingClause, *pg_query.Node_TypeName:
	default:
		walkFields(node.ProtoReflect(), all)
	}
}

// windows returns what is below OVER or WINDOW.
func windows(of *pg_query.WindowDef) []*pg_query.Node {
	return append(slices.Concat(of.GetPartitionClause(), of.GetOrderClause()), of.GetStartOffset(), of.GetEndOffset())
}

// walkFields goes on with whatever nodes a message holds: no kind of expression may hide what it calls.
func walkFields(message protoreflect.Message, all func(...*pg_query.Node)) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.Kind() != protoreflect.MessageKind || !message.Has(field) {
			continue
		}
		each := func(inner protoreflect.Message) {
			if node, is := inner.Interface().(*pg_query.Node); is {
				all(node)
			} else {
				walkFields(inner, all)
			}
		}
		if !field.IsList() {
			each(message.Get(field).Message())
			continue
		}
		for j := range message.Get(field).List().Len() {
			each(message.Get(field).List().Get(j).Message())
		}
	}
}

// selectParts returns what is below a SELECT, also those of its set operations.
func selectParts(query *pg_query.SelectStmt) []*pg_query.Node {
	parts := slices.Concat(query.DistinctClause, query.TargetList, query.FromClause, query.GroupClause, query.WindowClause, query.ValuesLists, query.SortClause)
	parts = append(parts, query.WhereClause, query.HavingClause, query.LimitCount, query.LimitOffset)
	for _, side := range []*pg_query.SelectStmt{query.Larg, query.Rarg} {
		if side != nil {
			parts = append(parts, &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: side}})
		}
	}
	return parts
}
