package statement

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// insideSchema gives what CREATE SCHEMA makes along with the schema its full names: PostgreSQL makes it there, and finds it there first.
func insideSchema(schema string, elements []*pg_query.Node) {
	if schema == "" {
		return // It is called as the role that owns it.
	}
	var own []string
	for _, element := range elements {
		for _, made := range []*pg_query.RangeVar{element.GetCreateStmt().GetRelation(), element.GetViewStmt().GetView(), element.GetCreateSeqStmt().GetSequence()} {
			if made != nil {
				own, made.Schemaname = append(own, made.Relname), schema
			}
		}
	}
	inside := func(tables ...*pg_query.RangeVar) {
		for _, table := range tables {
			if table != nil && table.Schemaname == "" && slices.Contains(own, table.Relname) {
				table.Schemaname = schema
			}
		}
	}
	refer := func(constraints ...*pg_query.Node) {
		for _, one := range constraints {
			inside(one.GetConstraint().GetPktable())
		}
	}
	for _, element := range elements {
		inside(element.GetIndexStmt().GetRelation(), element.GetCreateTrigStmt().GetRelation())
		for _, part := range element.GetCreateStmt().GetTableElts() {
			refer(part)
			refer(part.GetColumnDef().GetConstraints()...)
		}
		for _, granted := range element.GetGrantStmt().GetObjects() {
			inside(granted.GetRangeVar())
		}
		walk(element.GetViewStmt().GetQuery(), func(node *pg_query.Node) { inside(node.GetRangeVar()) })
	}
}
