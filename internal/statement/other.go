package statement

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// statement reads one statement that is not a DO block.
func (t *translation) statement(node *pg_query.Node) {
	switch of := node.Node.(type) {
	case *pg_query.Node_CreateStmt:
		t.createTable(of.CreateStmt, false)
	case *pg_query.Node_CreateForeignTableStmt:
		t.createTable(of.CreateForeignTableStmt.BaseStmt, true)
	case *pg_query.Node_CreateTableAsStmt:
		t.createTableAs(of.CreateTableAsStmt)
	case *pg_query.Node_AlterTableStmt:
		t.alterTable(of.AlterTableStmt)
	case *pg_query.Node_RenameStmt:
		t.rename(of.RenameStmt)
	case *pg_query.Node_AlterObjectSchemaStmt:
		change := SetSchema{At: t.at(of.AlterObjectSchemaStmt.Relation.GetLocation()), Kind: kindOf(of.AlterObjectSchemaStmt.ObjectType), Object: relation(of.AlterObjectSchemaStmt.Relation), Schema: of.AlterObjectSchemaStmt.Newschema}
		if of.AlterObjectSchemaStmt.Relation == nil {
			change.Object = t.object(of.AlterObjectSchemaStmt.Object).Name
		}
		t.add(change)
	case *pg_query.Node_DropStmt:
		t.drop(of.DropStmt)
	case *pg_query.Node_DropdbStmt:
		t.add(Drop{At: t.here(), Kind: Database, IfExists: of.DropdbStmt.MissingOk, Objects: []Object{{At: t.here(), Name: Name{Name: of.DropdbStmt.Dbname}}}})
	case *pg_query.Node_DropRoleStmt:
		t.add(Drop{At: t.here(), Kind: Role, IfExists: of.DropRoleStmt.MissingOk, Objects: t.roles(of.DropRoleStmt.Roles)})
	case *pg_query.Node_DropOwnedStmt:
		t.add(Drop{At: t.here(), Kind: "owned", Cascade: of.DropOwnedStmt.Behavior == pg_query.DropBehavior_DROP_CASCADE, Objects: t.roles(of.DropOwnedStmt.Roles)})
	case *pg_query.Node_TruncateStmt:
		change := Truncate{At: t.here(), Cascade: of.TruncateStmt.Behavior == pg_query.DropBehavior_DROP_CASCADE}
		for _, table := range of.TruncateStmt.Relations {
			change.Tables = append(change.Tables, relation(table.GetRangeVar()))
		}
		t.add(change)
	case *pg_query.Node_IndexStmt:
		t.createIndex(of.IndexStmt)
	case *pg_query.Node_ReindexStmt:
		t.reindex(of.ReindexStmt)
	case *pg_query.Node_RefreshMatViewStmt:
		t.add(RefreshMaterializedView{At: t.at(of.RefreshMatViewStmt.Relation.GetLocation()), View: relation(of.RefreshMatViewStmt.Relation), Concurrently: of.RefreshMatViewStmt.Concurrent, NoData: of.RefreshMatViewStmt.SkipData})
	default:
		t.definition(node)
	}
}

func (t *translation) roles(nodes []*pg_query.Node) []Object {
	var all []Object
	for _, name := range roleNames(nodes) {
		all = append(all, Object{At: t.here(), Name: Name{Name: name}})
	}
	return all
}

func roleNames(nodes []*pg_query.Node) []string {
	var names []string
	for _, node := range nodes {
		role := node.GetRoleSpec()
		if role.GetRoletype() == pg_query.RoleSpecType_ROLESPEC_PUBLIC {
			names = append(names, "public")
		} else {
			names = append(names, role.GetRolename())
		}
	}
	return names
}

func (t *translation) createIndex(of *pg_query.IndexStmt) {
	change := CreateIndex{
		At: t.at(of.Relation.GetLocation()), Name: of.Idxname, Table: relation(of.Relation), Method: of.AccessMethod, Unique: of.Unique,
		Concurrently: of.Concurrent, IfNotExists: of.IfNotExists, Only: !of.Relation.GetInh(), NullsNotDistinct: of.NullsNotDistinct, node: of,
	}
	for _, node := range of.IndexParams {
		element := node.GetIndexElem()
		t.calls(element.GetExpr())
		plain := len(element.Opclass) == 0 && len(element.Collation) == 0 && (element.Ordering == pg_query.SortByDir_SORTBY_DEFAULT || element.Ordering == pg_query.SortByDir_SORTBY_ASC)
		key := IndexKey{Column: element.Name, Plain: plain && element.Name != ""}
		if !key.Plain {
			key.node = node
		}
		change.Keys = append(change.Keys, key)
	}
	for _, node := range of.IndexIncludingParams {
		change.Include = append(change.Include, node.GetIndexElem().GetName())
	}
	if of.WhereClause != nil {
		change.Predicate = deparseExpression(of.WhereClause)
	}
	t.add(change)
}

// ConcurrentSQL returns the statement with CONCURRENTLY, and without IF NOT EXISTS, which would hide an invalid index.
func (c CreateIndex) ConcurrentSQL() string {
	if c.node == nil {
		return ""
	}
	// A shallow copy, field by field: the message must not be copied as a whole.
	copied := &pg_query.IndexStmt{
		Idxname: c.node.Idxname, Relation: c.node.Relation, AccessMethod: c.node.AccessMethod, TableSpace: c.node.TableSpace,
		IndexParams: c.node.IndexParams, IndexIncludingParams: c.node.IndexIncludingParams, Options: c.node.Options,
		WhereClause: c.node.WhereClause, Unique: c.node.Unique, NullsNotDistinct: c.node.NullsNotDistinct, Concurrent: true,
	}
	return deparse(&pg_query.Node{Node: &pg_query.Node_IndexStmt{IndexStmt: copied}})
}

func (t *translation) reindex(of *pg_query.ReindexStmt) {
	change := Reindex{At: t.at(of.Relation.GetLocation()), Kind: Kind(strings.ToLower(strings.TrimPrefix(of.Kind.String(), "REINDEX_OBJECT_"))), Object: relation(of.Relation), Concurrently: option(of.Params, "concurrently")}
	if of.Relation == nil {
		change.Object = Name{Name: of.Name}
	}
	t.add(change)
}

// option tells whether a list of options sets one, other than to false or off.
func option(options []*pg_query.Node, name string) bool {
	return slices.ContainsFunc(options, func(node *pg_query.Node) bool {
		element := node.GetDefElem()
		if element.GetDefname() != name {
			return false
		}
		switch value := element.GetArg().GetString_().GetSval(); strings.ToLower(value) {
		case "false", "off", "0":
			return false
		}
		return element.GetArg().GetInteger() == nil || element.GetArg().GetInteger().Ival != 0
	})
}

// definition reads the statements that make or change objects other than tables and indexes.
func (t *translation) definition(node *pg_query.Node) {
	switch of := node.Node.(type) {
	case *pg_query.Node_CreateEnumStmt:
		t.add(CreateEnum{At: t.here(), Type: nameOf(texts(of.CreateEnumStmt.TypeName)), Labels: texts(of.CreateEnumStmt.Vals)})
	case *pg_query.Node_AlterEnumStmt:
		name := nameOf(texts(of.AlterEnumStmt.TypeName))
		if of.AlterEnumStmt.OldVal != "" {
			t.add(Rename{At: t.here(), Kind: EnumValue, Object: name, Part: of.AlterEnumStmt.OldVal, To: of.AlterEnumStmt.NewVal})
			return
		}
		t.add(AddEnumValue{At: t.here(), Type: name, Label: of.AlterEnumStmt.NewVal, Neighbour: of.AlterEnumStmt.NewValNeighbor, After: of.AlterEnumStmt.NewValIsAfter, IfNotExists: of.AlterEnumStmt.SkipIfNewValExists})
	case *pg_query.Node_CreateDomainStmt:
		t.createDomain(of.CreateDomainStmt)
	case *pg_query.Node_AlterDomainStmt:
		t.alterDomain(of.AlterDomainStmt)
	case *pg_query.Node_CreateFunctionStmt:
		t.createFunction(of.CreateFunctionStmt)
	case *pg_query.Node_ViewStmt:
		view := of.ViewStmt
		calls, _ := used(view.Query)
		t.add(Define{At: t.at(view.View.GetLocation()), Kind: View, Object: Object{At: t.at(view.View.GetLocation()), Name: relation(view.View)}, Replace: view.Replace, Definition: t.canonical(node), Reads: reads(view.Query), Calls: calls, Columns: t.viewColumns(view), Whole: whole(view.Query.GetSelectStmt())})
	case *pg_query.Node_CreateTrigStmt:
		_, columns := used(of.CreateTrigStmt.WhenClause)
		trigger := Object{At: t.here(), Name: Name{Name: of.CreateTrigStmt.Trigname}, On: relation(of.CreateTrigStmt.Relation)}
		t.add(Define{At: t.here(), Kind: Trigger, Object: trigger, Replace: of.CreateTrigStmt.Replace, Definition: t.canonical(node), Uses: append(columns, texts(of.CreateTrigStmt.Columns)...)})
	case *pg_query.Node_CreatePolicyStmt:
		calls, columns := used(of.CreatePolicyStmt.Qual, of.CreatePolicyStmt.WithCheck)
		policy := Object{At: t.here(), Name: Name{Name: of.CreatePolicyStmt.PolicyName}, On: relation(of.CreatePolicyStmt.Table)}
		t.add(Define{At: t.here(), Kind: Policy, Object: policy, Definition: t.canonical(node), Calls: calls, Uses: columns})
	case *pg_query.Node_RuleStmt:
		t.define(node, "rule", Object{Name: Name{Name: of.RuleStmt.Rulename}, On: relation(of.RuleStmt.Relation)}, of.RuleStmt.Replace, false)
	case *pg_query.Node_CreateSeqStmt:
		t.define(node, Sequence, Object{Name: relation(of.CreateSeqStmt.Sequence)}, false, of.CreateSeqStmt.IfNotExists)
		t.ownSequence(relation(of.CreateSeqStmt.Sequence), of.CreateSeqStmt.Options)
	case *pg_query.Node_AlterSeqStmt:
		if owned := t.ownSequence(relation(of.AlterSeqStmt.Sequence), of.AlterSeqStmt.Options); !t.alterObject(node) && !owned {
			t.add(Other{At: t.here(), Statement: "alter sequence"})
		}
	case *pg_query.Node_CreateSchemaStmt:
		t.define(node, SchemaKind, Object{Name: Name{Name: of.CreateSchemaStmt.Schemaname}}, false, of.CreateSchemaStmt.IfNotExists)
		insideSchema(of.CreateSchemaStmt.Schemaname, of.CreateSchemaStmt.SchemaElts)
		for _, element := range of.CreateSchemaStmt.SchemaElts {
			t.statement(element)
		}
	case *pg_query.Node_CreateExtensionStmt:
		t.define(node, Extension, Object{Name: Name{Name: of.CreateExtensionStmt.Extname}}, false, of.CreateExtensionStmt.IfNotExists)
	case *pg_query.Node_CreatedbStmt:
		t.define(node, Database, Object{Name: Name{Name: of.CreatedbStmt.Dbname}}, false, false)
	case *pg_query.Node_CreateRoleStmt:
		t.define(node, Role, Object{Name: Name{Name: of.CreateRoleStmt.Role}}, false, false)
	case *pg_query.Node_CompositeTypeStmt:
		t.define(node, Type, Object{Name: relation(of.CompositeTypeStmt.Typevar)}, false, false)
	case *pg_query.Node_CreateRangeStmt:
		t.define(node, Type, Object{Name: nameOf(texts(of.CreateRangeStmt.TypeName))}, false, false)
	case *pg_query.Node_DefineStmt:
		t.define(node, kindOf(of.DefineStmt.Kind), t.defined(of.DefineStmt), of.DefineStmt.Replace, of.DefineStmt.IfNotExists)
	case *pg_query.Node_CreateStatsStmt:
		t.define(node, "statistic ext", Object{Name: nameOf(texts(of.CreateStatsStmt.Defnames))}, false, of.CreateStatsStmt.IfNotExists)
	case *pg_query.Node_CreateEventTrigStmt:
		t.define(node, "event trigger", Object{Name: Name{Name: of.CreateEventTrigStmt.Trigname}}, false, false)
	case *pg_query.Node_CreatePublicationStmt:
		t.define(node, "publication", Object{Name: Name{Name: of.CreatePublicationStmt.Pubname}}, false, false)
	case *pg_query.Node_CommentStmt:
		t.add(Comment{At: t.here(), Kind: kindOf(of.CommentStmt.Objtype), Object: t.onTable(of.CommentStmt.Objtype, of.CommentStmt.Object), Definition: Even(t.text)})
	case *pg_query.Node_GrantStmt:
		t.grant(of.GrantStmt, false)
	case *pg_query.Node_AlterDefaultPrivilegesStmt:
		t.grant(of.AlterDefaultPrivilegesStmt.Action, true)
	case *pg_query.Node_GrantRoleStmt:
		change := Grant{At: t.here(), Revoke: !of.GrantRoleStmt.IsGrant, OfRole: true, Roles: roleNames(of.GrantRoleStmt.GranteeRoles), Definition: Even(t.text)}
		for _, privilege := range of.GrantRoleStmt.GrantedRoles {
			change.Privileges = append(change.Privileges, privilege.GetAccessPriv().GetPrivName())
		}
		t.add(change)
	default:
		t.session(node)
	}
}

func (t *translation) define(node *pg_query.Node, kind Kind, object Object, replace, ifNotExists bool) {
	object.At = t.here()
	t.add(Define{At: t.here(), Kind: kind, Object: object, Replace: replace, IfNotExists: ifNotExists, Definition: t.canonical(node)})
}

// canonical returns the statement as PostgreSQL's own parser prints it, so that two that say the same are the same; as it is
// written where that cannot print it.
func (t *translation) canonical(node *pg_query.Node) string {
	if text := deparse(node); text != "" {
		return text
	}
	return Even(t.text)
}

func (t *translation) createDomain(of *pg_query.CreateDomainStmt) {
	change := CreateDomain{At: t.here(), Domain: nameOf(texts(of.Domainname)), Type: t.typeName(of.TypeName), Definition: Even(t.text)}
	for _, node := range of.Constraints {
		switch node.GetConstraint().GetContype() {
		case pg_query.ConstrType_CONSTR_NOTNULL:
			change.NotNull = true
		case pg_query.ConstrType_CONSTR_CHECK:
			change.Constraints = append(change.Constraints, t.constraint(node.GetConstraint(), ""))
		}
	}
	t.add(change)
}

func (t *translation) alterDomain(of *pg_query.AlterDomainStmt) {
	change := AlterDomain{At: t.here(), Domain: nameOf(texts(of.TypeName)), Constraint: Constraint{Name: of.Name}}
	switch of.Subtype {
	case "C":
		change.Action = "add constraint"
		change.Constraint = t.constraint(of.Def.GetConstraint(), "")
	case "X":
		change.Action = "drop constraint"
	case "V":
		change.Action = "validate constraint"
	case "O":
		change.Action = "set not null"
	case "N":
		change.Action = "drop not null"
	case "T":
		if change.Action = "set default"; of.Def == nil {
			change.Action = "drop default"
		}
	}
	t.add(change)
}

func (t *translation) grant(of *pg_query.GrantStmt, defaults bool) {
	change := Grant{
		At: t.here(), Revoke: !of.GetIsGrant(), Kind: kindOf(of.GetObjtype()), Roles: roleNames(of.GetGrantees()), Default: defaults,
		All: of.GetTargtype() == pg_query.GrantTargetType_ACL_TARGET_ALL_IN_SCHEMA, WithGrantOption: of.GetGrantOption(), Definition: Even(t.text),
	}
	for _, node := range of.GetObjects() {
		change.Objects = append(change.Objects, t.object(node))
	}
	for _, privilege := range of.GetPrivileges() {
		change.Privileges = append(change.Privileges, privilege.GetAccessPriv().GetPrivName())
	}
	if len(change.Privileges) == 0 {
		change.Privileges = []string{"all"}
	}
	t.add(change)
}

// SQL returns the key as SQL, with operator class and order.
func (k IndexKey) SQL() string {
	if k.node == nil {
		return QuoteWord(k.Column)
	}
	text := deparse(&pg_query.Node{Node: &pg_query.Node_IndexStmt{IndexStmt: &pg_query.IndexStmt{
		Relation: &pg_query.RangeVar{Relname: "t", Inh: true, Relpersistence: "p"}, AccessMethod: "btree", IndexParams: []*pg_query.Node{k.node},
	}}})
	_, text, _ = strings.Cut(text, "(")
	return strings.TrimSuffix(text, ")")
}

// OnlySQL returns the statement with ON ONLY, for the parent of partitions.
func (c CreateIndex) OnlySQL() string {
	if c.node == nil {
		return ""
	}
	parent := &pg_query.RangeVar{Schemaname: c.node.Relation.GetSchemaname(), Relname: c.node.Relation.GetRelname(), Relpersistence: "p"}
	copied := &pg_query.IndexStmt{
		Idxname: c.node.Idxname, Relation: parent, AccessMethod: c.node.AccessMethod, IndexParams: c.node.IndexParams,
		IndexIncludingParams: c.node.IndexIncludingParams, Options: c.node.Options, WhereClause: c.node.WhereClause, Unique: c.node.Unique,
		NullsNotDistinct: c.node.NullsNotDistinct,
	}
	return deparse(&pg_query.Node{Node: &pg_query.Node_IndexStmt{IndexStmt: copied}})
}

// ownSequence reads OWNED BY among the options of a sequence, and tells whether it stands there.
func (t *translation) ownSequence(sequence Name, options []*pg_query.Node) bool {
	for _, option := range options {
		element := option.GetDefElem()
		if element.GetDefname() != "owned_by" {
			continue
		}
		change := OwnSequence{At: t.here(), Sequence: sequence}
		if parts := texts(element.GetArg().GetList().GetItems()); len(parts) > 1 {
			change.Table, change.Column = nameOf(parts[:len(parts)-1]), parts[len(parts)-1]
		}
		t.add(change)
		return true
	}
	return false
}
