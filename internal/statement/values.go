package statement

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// joinedToValues returns the columns of an UPDATE's table that its WHERE, all joined by AND, compares by = with those of VALUES in
// its FROM: it finds rows for these values only.
func joinedToValues(update *pg_query.UpdateStmt) []string {
	if len(update.FromClause) != 1 {
		return nil
	}
	values := update.FromClause[0].GetRangeSubselect()
	if number := len(values.GetSubquery().GetSelectStmt().GetValuesLists()); number == 0 || number > maximumBatch {
		return nil
	}
	parts := []*pg_query.Node{update.WhereClause}
	if both := update.WhereClause.GetBoolExpr(); both != nil && both.Boolop == pg_query.BoolExprType_AND_EXPR {
		parts = both.Args
	}
	of := func(column []string) bool {
		return len(column) > 1 && column[len(column)-2] == values.Alias.GetAliasname()
	}
	var columns []string
	for _, part := range parts {
		compare := part.GetAExpr()
		if compare.GetKind() != pg_query.A_Expr_Kind_AEXPR_OP || !slices.Equal(texts(compare.GetName()), []string{"="}) {
			continue
		}
		left, right := texts(compare.Lexpr.GetColumnRef().GetFields()), texts(compare.Rexpr.GetColumnRef().GetFields())
		if of(left) {
			left, right = right, left
		}
		if len(left) > 0 && !of(left) && of(right) {
			columns = append(columns, left[len(left)-1])
		}
	}
	return columns
}
