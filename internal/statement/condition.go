package statement

import (
	"slices"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Condition is a condition as far as it can be reasoned about: AND, OR and NOT over comparisons of a column with constants.
type Condition struct {
	// Operator is "and", "or", "not", or the operator of a comparison: =, <>, <, <=, >, >=; empty for anything else. IN is an "or"
	// of =, NOT IN an "and" of <>, BETWEEN an "and" of >= and <=.
	Operator string
	// Parts are those of and, or and not.
	Parts []Condition
	// Column and Value are those of a comparison; the value is the text of the literal.
	Column, Value string
	// Type is that of the literal, none for a string without a cast.
	Type Name
	// Text tells that the column is cast to a text, as the catalogs print a varchar: (k)::text.
	Text bool
}

// Condition returns the expression as a condition.
func (e *Expression) Condition() Condition {
	if e == nil {
		return Condition{}
	}
	return condition(e.node)
}

func condition(node *pg_query.Node) Condition {
	if logic := node.GetBoolExpr(); logic != nil {
		result := Condition{Operator: map[pg_query.BoolExprType]string{
			pg_query.BoolExprType_AND_EXPR: "and", pg_query.BoolExprType_OR_EXPR: "or", pg_query.BoolExprType_NOT_EXPR: "not",
		}[logic.Boolop]}
		for _, argument := range logic.Args {
			result.Parts = append(result.Parts, condition(argument))
		}
		return result
	}
	compare, operator := node.GetAExpr(), ""
	if names := texts(compare.GetName()); len(names) == 1 {
		operator = names[0]
	}
	switch compare.GetKind() {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		return comparison(compare.Lexpr, operator, compare.Rexpr)
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		if operator == "=" {
			return every("or", compare.Lexpr, "=", elements(compare.Rexpr))
		}
	case pg_query.A_Expr_Kind_AEXPR_OP_ALL:
		if operator == "<>" {
			return every("and", compare.Lexpr, "<>", elements(compare.Rexpr))
		}
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return every(map[string]string{"=": "or", "<>": "and"}[operator], compare.Lexpr, operator, compare.Rexpr.GetList().GetItems())
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN:
		if ends := compare.Rexpr.GetList().GetItems(); len(ends) == 2 {
			return Condition{Operator: "and", Parts: []Condition{comparison(compare.Lexpr, ">=", ends[0]), comparison(compare.Lexpr, "<=", ends[1])}}
		}
	}
	return Condition{}
}

// elements returns those of ARRAY[…], possibly behind a cast.
func elements(node *pg_query.Node) []*pg_query.Node {
	if cast := node.GetTypeCast(); cast != nil {
		return elements(cast.Arg)
	}
	return node.GetAArrayExpr().GetElements()
}

func every(operator string, left *pg_query.Node, compare string, right []*pg_query.Node) Condition {
	if operator == "" || len(right) == 0 {
		return Condition{}
	}
	result := Condition{Operator: operator}
	for _, value := range right {
		result.Parts = append(result.Parts, comparison(left, compare, value))
	}
	return result
}

// comparison reads column operator constant, or the other way round.
func comparison(left *pg_query.Node, operator string, right *pg_query.Node) Condition {
	around := map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
	if is, _ := constant(left); is {
		left, operator, right = right, around[operator], left
	}
	text := false
	if cast := left.GetTypeCast(); cast != nil && len(cast.TypeName.GetTypmods()) == 0 {
		switch nameOf(texts(cast.GetTypeName().GetNames())).Name {
		case "text", "varchar":
			left, text = cast.Arg, true
		}
	}
	parts := texts(left.GetColumnRef().GetFields())
	kind, is := literalType(right)
	if _, known := around[operator]; !known || len(parts) == 0 || !is || constantText(right) == "" {
		return Condition{}
	}
	return Condition{Operator: operator, Column: parts[len(parts)-1], Value: constantText(right), Type: kind, Text: text}
}

// literalType returns the type of a literal, none for a string that takes that of what it is compared with. A cast that may make
// another value of what is written is not known.
func literalType(node *pg_query.Node) (kind Name, known bool) {
	if cast := node.GetTypeCast(); cast != nil {
		to := new(translation).typeName(cast.TypeName)
		from, plain := literalType(cast.Arg)
		if cast.Arg.GetTypeCast() != nil || !plain || from.Name == "numeric" && from != to.Name || to.Array || len(to.Modifiers) > 0 {
			return Name{}, false
		}
		return to.Name, to.Name.Name != "date" || len(constantText(node)) == len("2024-12-31")
	}
	value := node.GetAConst()
	switch {
	case value.GetSval() != nil:
		return Name{}, true
	case value.GetIval() != nil:
		return Name{Name: "int4"}, true
	case value.GetFval() != nil:
		if _, err := strconv.ParseInt(value.GetFval().Fval, 10, 64); err == nil {
			return Name{Name: "int8"}, true
		}
		return Name{Name: "numeric"}, true
	case value.GetBoolval() != nil:
		return Name{Name: "bool"}, true
	}
	return Name{}, false
}

// Limits are the bounds of a partition over one column.
type Limits struct {
	// Known tells that they are literals over one column, and not those of a hash or of the default partition.
	Known bool
	// From and To are those of a range, From belonging to it and To not; empty for MINVALUE and MAXVALUE.
	From, To string
	// In are the values of a list.
	In []string
}

func limits(of *pg_query.PartitionBoundSpec) Limits {
	switch {
	case of.GetStrategy() == "l":
		var values []string
		for _, value := range of.Listdatums {
			values = append(values, constantText(value))
		}
		return Limits{Known: len(values) > 0 && !slices.Contains(values, ""), In: values}
	case of.GetStrategy() == "r" && len(of.Lowerdatums) == 1 && len(of.Upperdatums) == 1:
		from, fromKnown := rangeEnd(of.Lowerdatums[0], "minvalue")
		to, toKnown := rangeEnd(of.Upperdatums[0], "maxvalue")
		return Limits{Known: fromKnown && toKnown, From: from, To: to}
	}
	return Limits{}
}

func rangeEnd(node *pg_query.Node, unbounded string) (string, bool) {
	if slices.Equal(texts(node.GetColumnRef().GetFields()), []string{unbounded}) {
		return "", true
	}
	text := constantText(node)
	return text, text != ""
}
