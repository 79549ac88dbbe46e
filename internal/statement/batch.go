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
// cannot be written so. It must run outside of a transaction. Taken are names that the block's variables must not have, those of the
// table's columns.
func (u Update) InBatches(key string, taken ...string) string {
	if u.node == nil || u.node.WithClause != nil || len(u.node.ReturningList) > 0 || slices.Contains(u.Columns, key) {
		return ""
	}
	whole := u.node
	prefix := freePrefix(&pg_query.Node{Node: &pg_query.Node_UpdateStmt{UpdateStmt: whole}}, taken)
	where, ok := bounded(whole.Relation, whole.WhereClause, key, prefix)
	if !ok {
		return ""
	}
	if parameterised(&pg_query.Node{Node: &pg_query.Node_UpdateStmt{UpdateStmt: whole}}) {
		return ""
	}
	part := &pg_query.UpdateStmt{Relation: whole.Relation, TargetList: whole.TargetList, FromClause: whole.FromClause, WhereClause: where}
	return batches(whole.Relation, key, prefix, deparse(&pg_query.Node{Node: &pg_query.Node_UpdateStmt{UpdateStmt: part}}))
}

// InBatches is that of Update.
func (d Delete) InBatches(key string, taken ...string) string {
	if d.node == nil || d.node.WithClause != nil || len(d.node.ReturningList) > 0 {
		return ""
	}
	whole := d.node
	prefix := freePrefix(&pg_query.Node{Node: &pg_query.Node_DeleteStmt{DeleteStmt: whole}}, taken)
	where, ok := bounded(whole.Relation, whole.WhereClause, key, prefix)
	if !ok {
		return ""
	}
	part := &pg_query.DeleteStmt{Relation: whole.Relation, UsingClause: whole.UsingClause, WhereClause: where}
	return batches(whole.Relation, key, prefix, deparse(&pg_query.Node{Node: &pg_query.Node_DeleteStmt{DeleteStmt: part}}))
}

// freePrefix returns what the names of the block's variables begin with, so that none is that of a column.
func freePrefix(whole *pg_query.Node, taken []string) string {
	walk(whole, func(node *pg_query.Node) {
		taken = append(taken, texts(node.GetColumnRef().GetFields())...)
		taken = append(taken, node.GetResTarget().GetName())
	})
	prefix := "batch"
	for slices.Contains(taken, prefix+"_from") || slices.Contains(taken, prefix+"_to") {
		prefix = "this_" + prefix
	}
	return prefix
}

// bounded adds the bounds of a batch to a condition.
func bounded(table *pg_query.RangeVar, where *pg_query.Node, key, prefix string) (*pg_query.Node, bool) {
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
	ends := &pg_query.List{Items: []*pg_query.Node{column(name(prefix + "_from")), column(name(prefix + "_to"))}}
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
func batches(table *pg_query.RangeVar, key, prefix, part string) string {
	const quote = "$batches$"
	if part == "" || strings.Contains(part, quote) {
		return ""
	}
	return strings.NewReplacer("TABLE", Quote(relation(table)), "KEY", QuoteWord(key), "SIZE", fmt.Sprint(batchSize), "PART", part, "VARIABLE", prefix, "QUOTE", quote).Replace(`DO QUOTE
DECLARE
  VARIABLE_from TABLE.KEY%TYPE;
  VARIABLE_to TABLE.KEY%TYPE;
BEGIN
  SELECT KEY INTO VARIABLE_from FROM TABLE ORDER BY KEY LIMIT 1;
  WHILE VARIABLE_from IS NOT NULL LOOP
    SELECT KEY INTO VARIABLE_to FROM (SELECT KEY FROM TABLE WHERE KEY >= VARIABLE_from ORDER BY KEY LIMIT SIZE) AS batch ORDER BY KEY DESC LIMIT 1;
    PART;
    COMMIT;
    SELECT KEY INTO VARIABLE_from FROM TABLE WHERE KEY > VARIABLE_to ORDER BY KEY LIMIT 1;
  END LOOP;
END
QUOTE;`)
}
