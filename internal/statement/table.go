package statement

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func (t *translation) createTable(of *pg_query.CreateStmt, foreign bool) {
	table := CreateTable{
		At: t.at(of.Relation.GetLocation()), Table: relation(of.Relation), IfNotExists: of.IfNotExists, Foreign: foreign,
		Temporary: of.Relation.GetRelpersistence() == "t", Unlogged: of.Relation.GetRelpersistence() == "u",
	}
	for _, element := range of.TableElts {
		switch {
		case element.GetColumnDef() != nil:
			table.Columns = append(table.Columns, t.column(element.GetColumnDef()))
		case element.GetConstraint() != nil:
			table.Constraints = append(table.Constraints, t.tableConstraint(element.GetConstraint()))
		case element.GetTableLikeClause() != nil:
			table.Like = append(table.Like, relation(element.GetTableLikeClause().Relation))
		}
	}
	for _, parent := range of.InhRelations {
		if of.Partbound != nil {
			table.PartitionOf = relation(parent.GetRangeVar())
		} else {
			table.Inherits = append(table.Inherits, relation(parent.GetRangeVar()))
		}
	}
	table.Bound, table.Limits = bound(of.Partbound), limits(of.Partbound)
	if by := of.Partspec; by != nil {
		table.PartitionBy = strings.ToLower(strings.TrimPrefix(by.Strategy.String(), "PARTITION_STRATEGY_"))
		for _, key := range by.PartParams {
			table.PartitionKey = append(table.PartitionKey, key.GetPartitionElem().GetName())
		}
	}
	t.add(table)
}

func (t *translation) createTableAs(of *pg_query.CreateTableAsStmt) {
	into := of.Into.GetRel()
	if !of.Into.GetSkipData() {
		t.within(of.Query)
		t.forEffect(of.Query)
	}
	if of.Objtype == pg_query.ObjectType_OBJECT_MATVIEW {
		t.add(Define{
			At: t.at(into.GetLocation()), Kind: MaterializedView, Object: Object{At: t.at(into.GetLocation()), Name: relation(into)},
			IfNotExists: of.IfNotExists, Definition: Even(t.text), Reads: reads(of.Query),
		})
		return
	}
	t.add(CreateTable{
		At: t.at(into.GetLocation()), Table: relation(into), IfNotExists: of.IfNotExists, FromQuery: true, Reads: reads(of.Query),
		Temporary: into.GetRelpersistence() == "t", Unlogged: into.GetRelpersistence() == "u",
	})
}

// bound returns what a partition takes, as SQL.
func bound(of *pg_query.PartitionBoundSpec) string {
	if of == nil {
		return ""
	}
	if of.IsDefault {
		return "DEFAULT"
	}
	values := func(nodes []*pg_query.Node) string {
		var all []string
		for _, node := range nodes {
			all = append(all, deparseExpression(node))
		}
		return strings.Join(all, ", ")
	}
	switch of.Strategy {
	case "l":
		return "IN (" + values(of.Listdatums) + ")"
	case "r":
		return "FROM (" + values(of.Lowerdatums) + ") TO (" + values(of.Upperdatums) + ")"
	}
	return fmt.Sprintf("WITH (modulus %d, remainder %d)", of.Modulus, of.Remainder)
}

func (t *translation) column(of *pg_query.ColumnDef) ColumnDefinition {
	column := ColumnDefinition{At: t.at(of.Location), Name: of.Colname, Type: t.typeName(of.TypeName)}
	if of.CollClause != nil {
		column.Collation = Quote(nameOf(texts(of.CollClause.Collname)))
	}
	for index, node := range of.Constraints {
		one := node.GetConstraint()
		switch one.GetContype() {
		case pg_query.ConstrType_CONSTR_NOTNULL:
			column.NotNull = true
		case pg_query.ConstrType_CONSTR_DEFAULT:
			if t.laterBetween(int(one.Location), t.endOf(of.Constraints, index), laterVirtual) {
				column.Virtual = t.expression(one.RawExpr)
				continue
			}
			column.Default = t.expression(one.RawExpr)
		case pg_query.ConstrType_CONSTR_IDENTITY:
			column.Identity, column.NotNull, column.Always = true, true, one.GeneratedWhen == "a"
		case pg_query.ConstrType_CONSTR_GENERATED:
			if t.laterBetween(int(one.Location), t.endOf(of.Constraints, index), laterVirtual) {
				column.Virtual = t.expression(one.RawExpr)
			} else {
				column.Stored = t.expression(one.RawExpr)
			}
		case pg_query.ConstrType_CONSTR_PRIMARY, pg_query.ConstrType_CONSTR_UNIQUE, pg_query.ConstrType_CONSTR_FOREIGN, pg_query.ConstrType_CONSTR_CHECK:
			constraint := t.constraint(one, of.Colname)
			constraint.NotEnforced = t.laterBetween(int(one.Location), t.endOf(of.Constraints, index), laterNotEnforced)
			column.Constraints = append(column.Constraints, constraint)
			column.NotNull = column.NotNull || constraint.Type == PrimaryKey
		}
	}
	return column
}

// endOf returns where the constraint behind one of a column begins; the words of PostgreSQL 18 up to there are its own.
func (t *translation) endOf(constraints []*pg_query.Node, index int) int {
	if t.later == nil {
		return 0
	}
	for _, next := range constraints[index+1:] {
		if place := int(next.GetConstraint().GetLocation()); place > 0 {
			return place
		}
	}
	return t.elementEnd(int(constraints[index].GetConstraint().GetLocation()))
}

// elementEnd returns where the element of a list that begins at place ends: at a comma, a closing parenthesis, or the end.
func (t *translation) elementEnd(place int) int {
	begin, depth := min(max(0, place-t.start), len(t.text)), 0
	for _, one := range tokens(t.text[begin:]) {
		switch character := t.text[begin+one.start]; {
		case character == '(':
			depth++
		case character == ')':
			depth--
		}
		if depth < 0 || depth == 0 && t.text[begin+one.start] == ',' {
			return t.start + begin + one.start
		}
	}
	return t.start + len(t.text)
}

// constraint reads a constraint; column is that of a column's own constraint, empty for one of the table.
func (t *translation) constraint(of *pg_query.Constraint, column string) Constraint {
	result := Constraint{
		At: t.at(of.Location), Name: of.Conname, UsingIndex: of.Indexname, NotValid: of.SkipValidation, NoInherit: of.IsNoInherit,
		Deferrable: of.Deferrable, NullsNotDistinct: of.NullsNotDistinct, SetsSome: len(of.FkDelSetCols) > 0, Columns: texts(of.Keys), node: of,
	}
	if column != "" {
		result.Columns = []string{column}
	}
	switch of.Contype {
	case pg_query.ConstrType_CONSTR_PRIMARY:
		result.Type = PrimaryKey
	case pg_query.ConstrType_CONSTR_UNIQUE:
		result.Type = Unique
	case pg_query.ConstrType_CONSTR_EXCLUSION:
		result.Type = Exclusion
	case pg_query.ConstrType_CONSTR_FOREIGN:
		result.Type = ForeignKey
		if column == "" {
			result.Columns = texts(of.FkAttrs)
		}
		result.References, result.ReferencedColumns = relation(of.Pktable), texts(of.PkAttrs)
		result.OnDelete, result.OnUpdate = action(of.FkDelAction), action(of.FkUpdAction)
	case pg_query.ConstrType_CONSTR_CHECK:
		result.Type = Check
		result.Expression = t.expression(of.RawExpr)
		result.NotNullColumns = notNullColumns(of.RawExpr)
		if column == "" && result.Expression != nil {
			result.Columns = slices.Compact(slices.Sorted(slices.Values(result.Expression.Columns)))
		}
	}
	return result
}

// tableConstraint reads a constraint of a table, with what only PostgreSQL 18 says of it.
func (t *translation) tableConstraint(of *pg_query.Constraint) Constraint {
	constraint := t.constraint(of, "")
	if t.later == nil {
		return constraint
	}
	end := t.elementEnd(int(of.Location))
	constraint.NotEnforced = t.laterBetween(int(of.Location), end, laterNotEnforced)
	constraint.Temporal = t.laterBetween(int(of.Location), end, laterPeriod)
	if t.laterBetween(int(of.Location), end, laterNotNull) && constraint.Expression != nil {
		constraint.Type, constraint.NotNullColumns = NotNull, constraint.Expression.Columns
		constraint.Columns, constraint.Expression, constraint.node = constraint.NotNullColumns, nil, nil
	}
	return constraint
}

// action names what a foreign key does when the row that it points to is gone.
func action(code string) string {
	return map[string]string{"c": "cascade", "n": "set null", "d": "set default", "r": "restrict"}[code]
}

// notNullColumns returns the columns of which an expression says IS NOT NULL, alone or joined by AND; nil for any other.
func notNullColumns(node *pg_query.Node) []string {
	if test := node.GetNullTest(); test != nil && test.Nulltesttype == pg_query.NullTestType_IS_NOT_NULL {
		if parts := texts(test.Arg.GetColumnRef().GetFields()); len(parts) > 0 {
			return parts[len(parts)-1:]
		}
	}
	var columns []string
	if both := node.GetBoolExpr(); both != nil && both.Boolop == pg_query.BoolExprType_AND_EXPR {
		for _, argument := range both.Args {
			// What else is joined by AND makes the constraint stricter only.
			columns = append(columns, notNullColumns(argument)...)
		}
	}
	return columns
}
