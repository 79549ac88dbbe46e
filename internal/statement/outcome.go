package statement

import (
	"math/big"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Value is what is known of a value: that it is NULL, that it is the one of a literal, or nothing.
type Value struct {
	Null, Known bool
	// Text is that of the literal, which may be a number.
	Text   string
	Number bool
}

// Value returns what is known of an expression that reads no column; no expression is NULL, as a missing default is.
func (e *Expression) Value() Value {
	if e == nil {
		return Value{Null: true}
	}
	return value(e.node, func(string) Value { return Value{} })
}

// MayRefuse tells whether a CHECK may refuse a row, of which some columns are known: whether it may be false. One that is NULL
// lets the row pass.
func (e *Expression) MayRefuse(columns func(string) Value) bool {
	return e == nil || outcomeOf(e.node, columns).no
}

// Null tells whether the key of an index is NULL in a row of which some columns are known.
func (k IndexKey) Null(columns func(string) Value) bool {
	if k.Column != "" {
		return columns(k.Column).Null
	}
	return value(k.node.GetIndexElem().GetExpr(), columns).Null
}

// Reads returns the columns that the key is made of.
func (k IndexKey) Reads() []string {
	if k.Column != "" {
		return []string{k.Column}
	}
	var columns []string
	walk(k.node.GetIndexElem().GetExpr(), func(node *pg_query.Node) {
		if parts := texts(node.GetColumnRef().GetFields()); len(parts) > 0 {
			columns = append(columns, parts[len(parts)-1])
		}
	})
	return columns
}

// outcome says which of its three values a condition may have.
type outcome struct{ yes, no, null bool }

func anything() outcome { return outcome{yes: true, no: true, null: true} }

func outcomeOf(node *pg_query.Node, columns func(string) Value) outcome {
	if logic := node.GetBoolExpr(); logic != nil {
		result := outcome{yes: true}
		negate := logic.Boolop != pg_query.BoolExprType_AND_EXPR
		for _, argument := range logic.Args {
			// OR is NOT of AND of NOT: so there is one table of truth only.
			result = both(result, negated(outcomeOf(argument, columns), negate))
		}
		return negated(result, logic.Boolop == pg_query.BoolExprType_OR_EXPR)
	}
	if test := node.GetNullTest(); test != nil {
		is := test.Nulltesttype == pg_query.NullTestType_IS_NULL
		switch of := value(test.Arg, columns); {
		case of.Null:
			return outcome{yes: is, no: !is}
		case of.Known:
			return outcome{yes: !is, no: is}
		}
		return outcome{yes: true, no: true}
	}
	if compare := node.GetAExpr(); compare != nil {
		return operated(compare, columns)
	}
	switch of := value(node, columns); {
	case of.Null:
		return outcome{null: true}
	case of.Known && of.Text == "true":
		return outcome{yes: true}
	case of.Known && of.Text == "false":
		return outcome{no: true}
	}
	return anything()
}

func negated(of outcome, really bool) outcome {
	if really {
		of.yes, of.no = of.no, of.yes
	}
	return of
}

// both returns the outcome of AND.
func both(a, b outcome) outcome {
	return outcome{yes: a.yes && b.yes, no: a.no || b.no && (a.yes || a.null), null: a.null && (b.yes || b.null) || b.null && (a.yes || a.null)}
}

// operated returns the outcome of an operator.
func operated(of *pg_query.A_Expr, columns func(string) Value) outcome {
	names := texts(of.Name)
	left := value(of.Lexpr, columns)
	switch of.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP, pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE:
		right := value(of.Rexpr, columns)
		switch {
		case left.Null || right.Null:
			return outcome{null: true} // As of all of PostgreSQL's own operators that conditions are made of.
		case of.Kind == pg_query.A_Expr_Kind_AEXPR_OP && len(names) == 1:
			return ordered(left, names[0], right)
		}
	case pg_query.A_Expr_Kind_AEXPR_IN, pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		items := of.Rexpr.GetList().GetItems()
		if of.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ANY {
			items = elements(of.Rexpr)
		}
		if len(items) == 0 || !slices.Contains([]string{"=", "<>"}, names[0]) {
			break
		}
		in := outcome{no: true}
		for _, item := range items {
			in = negated(both(negated(in, true), negated(ordered(left, "=", value(item, columns)), true)), true)
		}
		return negated(in, names[0] == "<>" && of.Kind == pg_query.A_Expr_Kind_AEXPR_IN)
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN:
		if ends := of.Rexpr.GetList().GetItems(); len(ends) == 2 {
			return both(ordered(left, ">=", value(ends[0], columns)), ordered(left, "<=", value(ends[1], columns)))
		}
	}
	return anything()
}

// ordered compares two values. Of texts only whether they are the same is known: their order is the collation's. 1.0 and 1 are
// one number.
func ordered(left Value, operator string, right Value) outcome {
	if left.Null || right.Null {
		return outcome{null: true}
	}
	first, number := new(big.Rat).SetString(left.Text)
	second, numbers := new(big.Rat).SetString(right.Text)
	order, known := 0, left.Known && right.Known && left.Text == right.Text
	if left.Known && right.Known && number && numbers && (left.Number || right.Number) {
		order, known = first.Cmp(second), true
	}
	if !known {
		if left.Known && right.Known && (operator == "=" || operator == "<>") {
			return outcome{yes: operator == "<>", no: operator == "="}
		}
		return anything()
	}
	holds, compares := map[string]bool{"=": order == 0, "<>": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]
	if !compares {
		return anything()
	}
	return outcome{yes: holds, no: !holds}
}

// value returns what is known of an expression.
func value(node *pg_query.Node, columns func(string) Value) Value {
	switch {
	case node.GetColumnRef() != nil:
		if parts := texts(node.GetColumnRef().Fields); len(parts) > 0 {
			return columns(parts[len(parts)-1])
		}
	case node.GetTypeCast() != nil:
		return value(node.GetTypeCast().Arg, columns)
	case node.GetCollateClause() != nil:
		return value(node.GetCollateClause().Arg, columns)
	case node.GetAExpr() != nil && node.GetAExpr().Kind == pg_query.A_Expr_Kind_AEXPR_OP:
		// What is reckoned with NULL is NULL.
		of := node.GetAExpr()
		return Value{Null: of.Lexpr != nil && value(of.Lexpr, columns).Null || value(of.Rexpr, columns).Null}
	case node.GetFuncCall() != nil:
		of := node.GetFuncCall()
		return Value{Null: strict(nameOf(texts(of.Funcname)).Name) && slices.ContainsFunc(of.Args, func(argument *pg_query.Node) bool { return value(argument, columns).Null })}
	case node.GetAConst() != nil:
		is, null := constant(node)
		constant := node.GetAConst()
		return Value{Null: null, Known: is && !null, Text: constantText(node), Number: constant.GetIval() != nil || constant.GetFval() != nil}
	}
	return Value{}
}

// strict tells whether a function of PostgreSQL's that is common in conditions and indexes makes NULL of NULL.
func strict(function string) bool {
	return slices.Contains([]string{
		"lower", "upper", "length", "char_length", "character_length", "octet_length", "btrim", "ltrim", "rtrim", "abs", "round", "floor", "ceil",
		"date_trunc", "date_part", "extract", "md5", "left", "right", "substring", "replace", "regexp_replace", "split_part", "sha256",
		"jsonb_typeof", "jsonb_array_length", "json_typeof", "array_length", "cardinality", "starts_with", "timezone",
	}, function)
}
