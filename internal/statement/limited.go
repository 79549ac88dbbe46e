package statement

import (
	"slices"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// maximumBatch is how many rows count as a batch: they are changed in a second or so.
const maximumBatch = 50_000

// changing is an UPDATE or DELETE.
type changing struct {
	with  *pg_query.WithClause
	where *pg_query.Node
	// from is FROM or USING.
	from []*pg_query.Node
}

func updating(of *pg_query.UpdateStmt) changing {
	return changing{with: of.WithClause, where: of.WhereClause, from: of.FromClause}
}

func deleting(of *pg_query.DeleteStmt) changing {
	return changing{with: of.WithClause, where: of.WhereClause, from: of.UsingClause}
}

// inBatches tells whether a statement takes its rows from a query with a LIMIT that is no more than a batch: a column is in it, or is
// that of the query beside which the table stands. A subquery in any other place leaves as many rows as it likes.
func (c changing) inBatches() bool { return c.within(c.where) }

func (c changing) within(where *pg_query.Node) bool {
	if both := where.GetBoolExpr(); both != nil {
		return both.Boolop == pg_query.BoolExprType_AND_EXPR && slices.ContainsFunc(both.Args, c.within)
	}
	if in := where.GetSubLink(); in != nil {
		operator := texts(in.OperName)
		return in.SubLinkType == pg_query.SubLinkType_ANY_SUBLINK && (len(operator) == 0 || slices.Equal(operator, []string{"="})) && c.limited(in.Subselect)
	}
	compare := where.GetAExpr()
	if compare == nil || !slices.Equal(texts(compare.Name), []string{"="}) {
		return false
	}
	switch compare.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		array := compare.Rexpr.GetSubLink()
		return array.GetSubLinkType() == pg_query.SubLinkType_ARRAY_SUBLINK && c.limited(array.GetSubselect())
	case pg_query.A_Expr_Kind_AEXPR_OP:
		return c.limitedColumn(compare.Lexpr) != c.limitedColumn(compare.Rexpr) && compare.Lexpr.GetColumnRef() != nil && compare.Rexpr.GetColumnRef() != nil
	}
	return false
}

// limitedColumn tells whether a column is one of a limited query in FROM or USING.
func (c changing) limitedColumn(node *pg_query.Node) bool {
	parts := texts(node.GetColumnRef().GetFields())
	return len(parts) == 2 && slices.ContainsFunc(c.from, func(item *pg_query.Node) bool {
		called := item.GetRangeSubselect().GetAlias().GetAliasname()
		if table := item.GetRangeVar(); table != nil {
			called = table.Relname
			if alias := table.Alias.GetAliasname(); alias != "" {
				called = alias
			}
		}
		return called == parts[0] && c.limitedItem(item)
	})
}

// limited tells whether a query has a LIMIT, or is made of nothing but one that has.
func (c changing) limited(query *pg_query.Node) bool {
	of := query.GetSelectStmt()
	if limit, err := strconv.Atoi(constantText(of.GetLimitCount())); err == nil {
		return limit <= maximumBatch
	}
	return len(of.GetFromClause()) == 1 && c.limitedItem(of.FromClause[0])
}

// limitedItem tells whether what stands in FROM is a limited query, or the name of one.
func (c changing) limitedItem(item *pg_query.Node) bool {
	if query := item.GetRangeSubselect(); query != nil {
		return c.limited(query.Subquery)
	}
	table := item.GetRangeVar()
	return table.GetSchemaname() == "" && slices.ContainsFunc(c.with.GetCtes(), func(node *pg_query.Node) bool {
		with := node.GetCommonTableExpr()
		// One that reads itself is made of more than its LIMIT tells.
		return !c.with.Recursive && with.Ctename == table.GetRelname() && c.limited(with.Ctequery)
	})
}

// bound tells whether what a statement changes depends on one of some variables, or on where a cursor stands.
func (c changing) bound(variables map[string]bool) bool {
	found := false
	for _, node := range append(slices.Clone(c.from), c.where) {
		walk(node, func(inner *pg_query.Node) {
			parts := texts(inner.GetColumnRef().GetFields())
			found = found || len(parts) > 0 && variables[parts[0]] || inner.GetCurrentOfExpr() != nil
		})
	}
	return found
}
