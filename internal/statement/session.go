package statement

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// session reads statements about rows, settings, transactions and maintenance.
func (t *translation) session(node *pg_query.Node) {
	switch of := node.Node.(type) {
	case *pg_query.Node_InsertStmt, *pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt, *pg_query.Node_SelectStmt,
		*pg_query.Node_CopyStmt, *pg_query.Node_MergeStmt:
		t.rows(node)
	case *pg_query.Node_VariableSetStmt:
		t.set(of.VariableSetStmt)
	case *pg_query.Node_AlterRoleSetStmt:
		kind, object := Role, of.AlterRoleSetStmt.Role.GetRolename()
		if of.AlterRoleSetStmt.Role == nil {
			object = "all"
		}
		t.add(RoleSetting{At: t.here(), Kind: kind, Object: object, Setting: of.AlterRoleSetStmt.Setstmt.GetName()})
	case *pg_query.Node_AlterDatabaseSetStmt:
		t.add(RoleSetting{At: t.here(), Kind: Database, Object: of.AlterDatabaseSetStmt.Dbname, Setting: of.AlterDatabaseSetStmt.Setstmt.GetName()})
	case *pg_query.Node_AlterSystemStmt:
		t.add(RoleSetting{At: t.here(), Kind: "system", Setting: of.AlterSystemStmt.Setstmt.GetName()})
	case *pg_query.Node_TransactionStmt:
		action := strings.ToLower(strings.TrimPrefix(of.TransactionStmt.Kind.String(), "TRANS_STMT_"))
		if action == "start" {
			action = "begin"
		}
		t.add(Transaction{At: t.here(), Action: strings.ReplaceAll(action, "_", " ")})
	case *pg_query.Node_LockStmt:
		change := LockTable{At: t.here(), Mode: lockMode(of.LockStmt.Mode)}
		for _, table := range of.LockStmt.Relations {
			change.Tables = append(change.Tables, relation(table.GetRangeVar()))
		}
		t.add(change)
	case *pg_query.Node_VacuumStmt:
		change := Vacuum{At: t.here(), OnlyAnalyze: !of.VacuumStmt.IsVacuumcmd, Full: option(of.VacuumStmt.Options, "full")}
		for _, table := range of.VacuumStmt.Rels {
			change.Tables = append(change.Tables, relation(table.GetVacuumRelation().GetRelation()))
		}
		t.add(change)
	case *pg_query.Node_ClusterStmt:
		t.add(Cluster{At: t.here(), Table: relation(of.ClusterStmt.Relation)})
	case *pg_query.Node_CallStmt:
		t.calls(of.CallStmt.Funccall.GetArgs()...)
		t.add(Call{At: t.here(), Name: nameOf(texts(of.CallStmt.Funccall.GetFuncname())), Procedure: true})
	case *pg_query.Node_AlterFunctionStmt:
		t.add(AlterFunction{At: t.here(), Object: t.object(&pg_query.Node{Node: &pg_query.Node_ObjectWithArgs{ObjectWithArgs: of.AlterFunctionStmt.Func}})})
	case *pg_query.Node_PrepareStmt:
		t.statement(of.PrepareStmt.Query)
	case *pg_query.Node_DeclareCursorStmt:
		t.statement(of.DeclareCursorStmt.Query)
	case *pg_query.Node_ExplainStmt:
		if option(of.ExplainStmt.Options, "analyze") {
			t.statement(of.ExplainStmt.Query)
		} else {
			t.add(Other{At: t.here(), Statement: "explain"})
		}
	case *pg_query.Node_AlterTableMoveAllStmt:
		t.add(Opaque{At: t.here(), Reason: "which tables are moved, and how large they are, only the database tells"})
	case *pg_query.Node_ReassignOwnedStmt:
		t.add(Opaque{At: t.here(), Reason: "which objects get another owner, only the database tells"})
	default:
		if !t.alterObject(node) {
			t.other(node)
		}
	}
}

// other reads statements that change nothing a rule asks about. Those that are not named here are not known to be harmless.
func (t *translation) other(node *pg_query.Node) {
	name := nodeName(node)
	switch node.Node.(type) {
	case *pg_query.Node_VariableShowStmt, *pg_query.Node_DiscardStmt, *pg_query.Node_NotifyStmt, *pg_query.Node_ListenStmt, *pg_query.Node_UnlistenStmt,
		*pg_query.Node_CheckPointStmt, *pg_query.Node_DeallocateStmt, *pg_query.Node_ExecuteStmt, *pg_query.Node_FetchStmt, *pg_query.Node_ClosePortalStmt,
		*pg_query.Node_ConstraintsSetStmt, *pg_query.Node_SecLabelStmt, *pg_query.Node_ImportForeignSchemaStmt, *pg_query.Node_CreatePlangStmt,
		*pg_query.Node_CreateCastStmt, *pg_query.Node_CreateConversionStmt, *pg_query.Node_CreateTransformStmt, *pg_query.Node_CreateAmStmt,
		*pg_query.Node_CreateOpClassStmt, *pg_query.Node_CreateOpFamilyStmt, *pg_query.Node_CreateTableSpaceStmt, *pg_query.Node_CreateFdwStmt,
		*pg_query.Node_CreateForeignServerStmt, *pg_query.Node_CreateUserMappingStmt, *pg_query.Node_CreateSubscriptionStmt,
		*pg_query.Node_DropTableSpaceStmt, *pg_query.Node_DropUserMappingStmt, *pg_query.Node_DropSubscriptionStmt:
		t.add(Other{At: t.here(), Statement: name})
	default:
		// ALTER of objects other than tables: their owners, settings and members.
		if strings.HasPrefix(name, "alter ") {
			t.add(Other{At: t.here(), Statement: name})
			return
		}
		t.add(Opaque{At: t.here(), Reason: "what this kind of statement does (" + name + ")"})
	}
}

// nodeName returns the name of a statement's type in lower-case words, such as "alter owner".
func nodeName(node *pg_query.Node) string {
	field := node.ProtoReflect().WhichOneof(node.ProtoReflect().Descriptor().Oneofs().Get(0))
	if field == nil {
		return "nothing"
	}
	return strings.ReplaceAll(strings.TrimSuffix(string(field.Name()), "_stmt"), "_", " ")
}

// lockMode returns PostgreSQL's name of a lock mode: https://www.postgresql.org/docs/current/explicit-locking.html
func lockMode(mode int32) string {
	modes := []string{"", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}
	if mode < 1 || int(mode) >= len(modes) {
		return "ACCESS EXCLUSIVE"
	}
	return modes[mode]
}

func (t *translation) set(of *pg_query.VariableSetStmt) {
	change := Set{At: t.here(), Name: of.Name, Local: of.IsLocal}
	switch of.Kind {
	case pg_query.VariableSetKind_VAR_RESET, pg_query.VariableSetKind_VAR_RESET_ALL, pg_query.VariableSetKind_VAR_SET_DEFAULT:
		change.Reset = true
	}
	if of.Kind == pg_query.VariableSetKind_VAR_RESET_ALL {
		change.Name = "all"
	}
	var values []string
	for _, argument := range of.Args {
		values = append(values, constantText(argument))
	}
	change.Value = strings.Join(values, ", ")
	t.add(change)
}

// constantText returns the text of a literal, empty for anything else.
func constantText(node *pg_query.Node) string {
	value := node.GetAConst()
	switch {
	case node.GetTypeCast() != nil:
		return constantText(node.GetTypeCast().Arg)
	case value.GetSval() != nil:
		return value.GetSval().Sval
	case value.GetIval() != nil:
		return strconv.Itoa(int(value.GetIval().Ival))
	case value.GetFval() != nil:
		return value.GetFval().Fval
	case value.GetBoolval() != nil:
		return strconv.FormatBool(value.GetBoolval().Boolval)
	}
	return ""
}

// rows reads statements that read or write rows, with those in their WITH queries.
func (t *translation) rows(node *pg_query.Node) {
	t.within(node)
	t.write(node)
}

// within reads what a query does beside what it is: the functions that it calls, and WITH queries that write.
func (t *translation) within(query *pg_query.Node) {
	walk(query, func(inner *pg_query.Node) {
		if common := inner.GetCommonTableExpr(); common != nil && common.Ctequery.GetSelectStmt() == nil {
			t.write(common.Ctequery)
		}
	})
	t.calls(query)
	walk(query, func(inner *pg_query.Node) {
		if with := inner.GetCommonTableExpr().GetCtequery(); with.GetSelectStmt() != nil {
			t.forEffect(with)
		}
		if rows := inner.GetInsertStmt().GetSelectStmt(); rows != nil && len(rows.GetSelectStmt().GetValuesLists()) == 0 {
			t.forEffect(rows)
		}
	})
}

func (t *translation) write(node *pg_query.Node) {
	if table := written(node); table.GetSchemaname() == "pg_catalog" || table.GetSchemaname() == "" && strings.HasPrefix(table.GetRelname(), "pg_") {
		t.add(Opaque{At: t.at(table.Location), Reason: "what a change of the system's own tables does"})
	}
	switch of := node.Node.(type) {
	case *pg_query.Node_InsertStmt:
		change := Insert{At: t.at(of.InsertStmt.Relation.GetLocation()), Table: relation(of.InsertStmt.Relation), OnConflict: of.InsertStmt.OnConflictClause != nil}
		change.Overwrites = of.InsertStmt.OnConflictClause.GetAction() == pg_query.OnConflictAction_ONCONFLICT_UPDATE
		for _, column := range of.InsertStmt.Cols {
			change.Columns = append(change.Columns, column.GetResTarget().GetName())
		}
		query := of.InsertStmt.SelectStmt.GetSelectStmt()
		change.Rows = max(1, len(query.GetValuesLists()))
		if query != nil && len(query.ValuesLists) == 0 {
			change.Reads = reads(of.InsertStmt.SelectStmt)
			// SELECT of constants is one row, as VALUES is.
			change.FromQuery = len(change.Reads) > 0 || len(query.FromClause) > 0 || query.Larg != nil
		}
		t.add(change)
	case *pg_query.Node_UpdateStmt:
		update := of.UpdateStmt
		change := Update{At: t.at(update.Relation.GetLocation()), Table: relation(update.Relation), Batch: updating(update).inBatches(), node: update}
		change.Filter, change.Equals = filter(update.WhereClause)
		for _, target := range update.TargetList {
			change.Columns = append(change.Columns, target.GetResTarget().GetName())
		}
		change.Reads = reads(node)
		if len(update.FromClause) > 0 && change.Filter == AllRows && update.WhereClause == nil {
			change.Filter = SomeRows
		}
		if joined := joinedToValues(update); len(joined) > 0 && (change.Filter == SomeRows || change.Filter == FewRows) {
			change.Filter, change.Equals = FewRows, append(change.Equals, joined...)
		}
		t.add(change)
	case *pg_query.Node_DeleteStmt:
		change := Delete{At: t.at(of.DeleteStmt.Relation.GetLocation()), Table: relation(of.DeleteStmt.Relation), Batch: deleting(of.DeleteStmt).inBatches(), node: of.DeleteStmt}
		change.Filter, change.Equals = filter(of.DeleteStmt.WhereClause)
		change.Reads = reads(node)
		t.add(change)
	case *pg_query.Node_CopyStmt:
		switch {
		case of.CopyStmt.IsProgram:
			t.add(Opaque{At: t.here(), Reason: "COPY runs a program on the server"})
		case of.CopyStmt.IsFrom:
			t.add(Write{At: t.at(of.CopyStmt.Relation.GetLocation()), Statement: "copy", Table: relation(of.CopyStmt.Relation)})
		case of.CopyStmt.Query != nil:
			t.rows(of.CopyStmt.Query)
		default:
			t.add(Other{At: t.here(), Statement: "copy to"})
		}
	case *pg_query.Node_MergeStmt:
		t.add(Write{At: t.at(of.MergeStmt.Relation.GetLocation()), Statement: "merge", Table: relation(of.MergeStmt.Relation)})
	case *pg_query.Node_SelectStmt:
		t.selection(node, of.SelectStmt)
	}
}

// written returns the table whose rows a statement changes, nil for a query.
func written(node *pg_query.Node) *pg_query.RangeVar {
	switch of := node.Node.(type) {
	case *pg_query.Node_InsertStmt:
		return of.InsertStmt.Relation
	case *pg_query.Node_UpdateStmt:
		return of.UpdateStmt.Relation
	case *pg_query.Node_DeleteStmt:
		return of.DeleteStmt.Relation
	case *pg_query.Node_MergeStmt:
		return of.MergeStmt.Relation
	case *pg_query.Node_CopyStmt:
		if of.CopyStmt.IsFrom {
			return of.CopyStmt.Relation
		}
	}
	return nil
}

func (t *translation) selection(node *pg_query.Node, of *pg_query.SelectStmt) {
	t.forEffect(node) // A query that nobody reads is made for what its functions do.
	if into := of.IntoClause; into != nil {
		t.add(CreateTable{
			At: t.at(into.Rel.GetLocation()), Table: relation(into.Rel), FromQuery: true, Reads: reads(node),
			Temporary: into.Rel.GetRelpersistence() == "t", Unlogged: into.Rel.GetRelpersistence() == "u",
		})
		return
	}
	t.add(Select{At: t.here(), Reads: reads(node)})
}
