package statement

import (
	"slices"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// filter judges a WHERE: what is always or never true whatever the rows hold, and what compares with constants only. Equals
// are the columns that it compares.
func filter(where *pg_query.Node) (result Filter, equals []string) {
	if where == nil {
		return AllRows, nil
	}
	if always, known := truth(where); known && always {
		return AllRows, nil
	} else if known {
		return NoRows, nil
	}
	if columns, few := compared(where); few {
		return FewRows, columns
	}
	return SomeRows, nil
}

// truth evaluates a condition that holds no matter what the rows hold. A comparison of a column with itself counts as true: it
// leaves out rows with NULL only.
func truth(node *pg_query.Node) (value, known bool) {
	switch {
	case node.GetTypeCast() != nil:
		switch constantText(node) {
		case "t", "true":
			return true, true
		case "f", "false":
			return false, true
		}
	case node.GetAConst() != nil:
		if boolean := node.GetAConst().GetBoolval(); boolean != nil {
			return boolean.Boolval, true
		}
		if node.GetAConst().Isnull {
			return false, true
		}
	case node.GetBoolExpr() != nil:
		return truthOf(node.GetBoolExpr())
	case node.GetAExpr() != nil:
		compare := node.GetAExpr()
		if compare.Kind != pg_query.A_Expr_Kind_AEXPR_OP || len(compare.Name) != 1 {
			return false, false
		}
		return compareConstants(texts(compare.Name), compare.Lexpr, compare.Rexpr)
	}
	return false, false
}

func truthOf(of *pg_query.BoolExpr) (value, known bool) {
	if of.Boolop == pg_query.BoolExprType_NOT_EXPR {
		value, known = truth(of.Args[0])
		return !value, known
	}
	// One false decides an AND, one true an OR; else all must be known.
	decides := of.Boolop == pg_query.BoolExprType_OR_EXPR
	known = true
	for _, argument := range of.Args {
		value, sure := truth(argument)
		if sure && value == decides {
			return decides, true
		}
		known = known && sure
	}
	return !decides, known
}

func compareConstants(operator []string, left, right *pg_query.Node) (value, known bool) {
	if len(operator) != 1 || left == nil || right == nil {
		return false, false
	}
	leftColumn, rightColumn := left.GetColumnRef(), right.GetColumnRef()
	if leftColumn != nil && rightColumn != nil {
		same := slices.Equal(texts(leftColumn.Fields), texts(rightColumn.Fields))
		return slices.Contains([]string{"=", ">=", "<="}, operator[0]), same
	}
	if is, null := constant(left); !is || null {
		return false, false
	}
	if is, null := constant(right); !is || null {
		return false, false
	}
	switch operator[0] {
	case "=", "<>", "!=":
		equal, known := equalConstants(left, right)
		return equal == (operator[0] == "="), known
	case ">", "<", ">=", "<=":
		a, errA := strconv.ParseFloat(constantText(left), 64)
		b, errB := strconv.ParseFloat(constantText(right), 64)
		if errA != nil || errB != nil {
			return false, false
		}
		return operator[0] == ">" && a > b || operator[0] == "<" && a < b || operator[0] == ">=" && a >= b || operator[0] == "<=" && a <= b, true
	}
	return false, false
}

// equalConstants compares two literals: what is written in the same way is the same, and what is not may be, unless both are integers,
// or strings without a type.
func equalConstants(left, right *pg_query.Node) (equal, known bool) {
	a, b := constantText(left), constantText(right)
	switch {
	case a == "" || b == "":
		return false, false
	case left.GetAConst().GetIval() != nil && right.GetAConst().GetIval() != nil, left.GetAConst().GetSval() != nil && right.GetAConst().GetSval() != nil:
		return a == b, true
	}
	return true, a == b
}

// compared returns the columns that a condition compares with constants by = or IN, all joined by AND; false when there is
// anything that is not narrower than that.
func compared(node *pg_query.Node) ([]string, bool) {
	if both := node.GetBoolExpr(); both != nil && both.Boolop == pg_query.BoolExprType_AND_EXPR {
		var columns []string
		for _, argument := range both.Args {
			more, _ := compared(argument)
			columns = append(columns, more...)
		}
		return columns, len(columns) > 0
	}
	compare := node.GetAExpr()
	if compare == nil || !slices.Equal(texts(compare.Name), []string{"="}) {
		return nil, false
	}
	column, value := compare.Lexpr.GetColumnRef(), compare.Rexpr
	if column == nil {
		column, value = compare.Rexpr.GetColumnRef(), compare.Lexpr
	}
	parts := texts(column.GetFields())
	if len(parts) == 0 {
		return nil, false
	}
	switch compare.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP, pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		if is, _ := constant(value); is {
			return parts[len(parts)-1:], true
		}
	case pg_query.A_Expr_Kind_AEXPR_IN:
		for _, item := range value.GetList().GetItems() {
			if is, _ := constant(item); !is {
				return nil, false
			}
		}
		return parts[len(parts)-1:], true
	}
	return nil, false
}
