package statement

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// batchSize is how many rows one batch looks at: some milliseconds of work, and few versions of rows at a time.
const batchSize = 5000

// InBatches returns the statement as a block that goes through the table by a key, with a commit after each batch; empty when it
// cannot be written so. It must run outside of a transaction.
func (u Update) InBatches(key string) string {
	if u.node == nil || u.node.WithClause != nil || len(u.node.ReturningList) > 0 || slices.Contains(u.Columns, key) {
		return ""
	}
	whole := u.node
	where, ok := bounded(whole.Relation, whole.WhereClause, key)
	if !ok {
		return ""
	}
	if parameterised(&pg_query.Node{Node: &pg_query.Node_UpdateStmt{UpdateStmt: whole}}) {
		return ""
	}
	part := &pg_query.UpdateStmt{Relation: whole.Relation, TargetList: whole.TargetList, FromClause: whole.FromClause, WhereClause: where}
	return batches(whole.Relation, key, deparse(&pg_query.Node{Node: &pg_query.Node_UpdateStmt{UpdateStmt: part}}))
}

// InBatches is that of Update.
func (d Delete) InBatches(key string) string {
	if d.node == nil || d.node.WithClause != nil || len(d.node.ReturningList) > 0 {
		return ""
	}
	whole := d.node
	where, ok := bounded(whole.Relation, whole.WhereClause, key)
	if !ok {
		return ""
	}
	part := &pg_query.DeleteStmt{Relation: whole.Relation, UsingClause: whole.UsingClause, WhereClause: where}
	return batches(whole.Relation, key, deparse(&pg_query.Node{Node: &pg_query.Node_DeleteStmt{DeleteStmt: part}}))
}

// bounded adds the bounds of a batch to a condition.
func bounded(table *pg_query.RangeVar, where *pg_query.Node, key string) (*pg_query.Node, bool) {
	called := table.GetRelname()
	if alias := table.GetAlias().GetAliasname(); alias != "" {
		called = alias
	}
	if where.GetCurrentOfExpr() != nil || parameterised(where) {
		return nil, false
	}
	name := func(text string) *pg_query.Node {
		return &pg_query.Node{Node: &pg_query.Node_String_{String_: &pg_query.String{Sval: text}}}
	}
	column := func(parts ...*pg_query.Node) *pg_query.Node {
		return &pg_query.Node{Node: &pg_query.Node_ColumnRef{ColumnRef: &pg_query.ColumnRef{Fields: parts}}}
	}
	ends := &pg_query.List{Items: []*pg_query.Node{column(name("batch_from")), column(name("batch_to"))}}
	bounds := &pg_query.Node{Node: &pg_query.Node_AExpr{AExpr: &pg_query.A_Expr{
		Kind: pg_query.A_Expr_Kind_AEXPR_BETWEEN, Name: []*pg_query.Node{name("BETWEEN")}, Lexpr: column(name(called), name(key)),
		Rexpr: &pg_query.Node{Node: &pg_query.Node_List{List: ends}},
	}}}
	if where == nil {
		return bounds, true
	}
	both := &pg_query.BoolExpr{Boolop: pg_query.BoolExprType_AND_EXPR, Args: []*pg_query.Node{where, bounds}}
	return &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: both}}, true
}

// parameterised tells whether a condition holds $1 or the like, which mean nothing in a block.
func parameterised(where *pg_query.Node) bool {
	found := false
	walk(where, func(node *pg_query.Node) { found = found || node.GetParamRef() != nil })
	return found
}

// batches is the block around the part of a statement.
func batches(table *pg_query.RangeVar, key, part string) string {
	const quote = "$batches$"
	if part == "" || strings.Contains(part, quote) {
		return ""
	}
	return strings.NewReplacer("TABLE", Quote(relation(table)), "KEY", QuoteWord(key), "SIZE", fmt.Sprint(batchSize), "PART", part, "QUOTE", quote).Replace(`DO QUOTE
DECLARE
  batch_from TABLE.KEY%TYPE;
  batch_to TABLE.KEY%TYPE;
BEGIN
  SELECT KEY INTO batch_from FROM TABLE ORDER BY KEY LIMIT 1;
  WHILE batch_from IS NOT NULL LOOP
    SELECT KEY INTO batch_to FROM (SELECT KEY FROM TABLE WHERE KEY >= batch_from ORDER BY KEY LIMIT SIZE) AS batch ORDER BY KEY DESC LIMIT 1;
    PART;
    COMMIT;
    SELECT KEY INTO batch_from FROM TABLE WHERE KEY > batch_to ORDER BY KEY LIMIT 1;
  END LOOP;
END
QUOTE;`)
}
