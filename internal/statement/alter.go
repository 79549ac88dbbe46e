package statement

import (
	"cmp"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func (t *translation) alterTable(of *pg_query.AlterTableStmt) {
	table, kind := relation(of.Relation), kindOf(of.Objtype)
	place := t.at(of.Relation.GetLocation())
	commands := of.Cmds
	if slices.ContainsFunc(commands, func(node *pg_query.Node) bool { return pass(node.GetAlterTableCmd()) == 1 }) {
		commands = slices.SortedStableFunc(slices.Values(commands), func(a, b *pg_query.Node) int {
			return pass(a.GetAlterTableCmd()) - pass(b.GetAlterTableCmd())
		})
	}
	for _, node := range commands {
		if command := node.GetAlterTableCmd(); command != nil {
			t.alter(place, kind, table, command)
		}
	}
}

// pass tells when PostgreSQL does an action of an ALTER TABLE, whatever its place: first what drops, then what changes types, then the
// rest. That matters to a type: a default or a constraint may be in its way. See ATPrepCmd in PostgreSQL's tablecmds.c.
func pass(command *pg_query.AlterTableCmd) int {
	switch command.GetSubtype() {
	case pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_DropConstraint, pg_query.AlterTableType_AT_DropNotNull,
		pg_query.AlterTableType_AT_DropIdentity, pg_query.AlterTableType_AT_DropExpression:
		return 0
	case pg_query.AlterTableType_AT_ColumnDefault:
		if command.Def == nil {
			return 0
		}
	case pg_query.AlterTableType_AT_AlterColumnType:
		return 1
	}
	return 2
}

// alter reads one action of ALTER TABLE, or of ALTER INDEX, VIEW and the like.
func (t *translation) alter(place At, kind Kind, table Name, command *pg_query.AlterTableCmd) {
	cascade := command.Behavior == pg_query.DropBehavior_DROP_CASCADE
	at := t.commandPlace(place, command)
	switch command.Subtype {
	case pg_query.AlterTableType_AT_AddColumn:
		if kind == Type {
			t.otherAction(at, kind, table, command)
			return
		}
		for _, node := range command.Def.GetColumnDef().GetConstraints() {
			t.calls(node.GetConstraint().GetRawExpr()) // A default is put into every row, and a CHECK sees every row.
		}
		t.add(AddColumn{At: at, Table: table, IfNotExists: command.MissingOk, Column: t.column(command.Def.GetColumnDef())})
	case pg_query.AlterTableType_AT_DropColumn:
		if kind == Type {
			t.otherAction(at, kind, table, command)
			return
		}
		t.add(DropColumn{At: at, Table: table, Column: command.Name, IfExists: command.MissingOk, Cascade: cascade})
	case pg_query.AlterTableType_AT_SetNotNull:
		t.add(SetNotNull{At: at, Table: table, Column: command.Name})
	case pg_query.AlterTableType_AT_DropNotNull:
		t.add(DropNotNull{At: at, Table: table, Column: command.Name})
	case pg_query.AlterTableType_AT_ColumnDefault:
		t.add(SetDefault{At: at, Table: table, Column: command.Name, Default: t.expression(command.Def)})
	case pg_query.AlterTableType_AT_AlterColumnType:
		if kind == Type {
			t.otherAction(at, kind, table, command)
			return
		}
		column := command.Def.GetColumnDef()
		t.calls(column.GetRawDefault())
		change := SetType{At: at, Table: table, Column: command.Name, Type: t.typeName(column.GetTypeName()), Using: t.expression(column.GetRawDefault())}
		if column.GetCollClause() != nil {
			change.Collation = Quote(nameOf(texts(column.GetCollClause().Collname)))
		}
		t.add(change)
	case pg_query.AlterTableType_AT_AddIdentity:
		t.add(AddIdentity{At: at, Table: table, Column: command.Name, Always: command.Def.GetConstraint().GetGeneratedWhen() == "a"})
	case pg_query.AlterTableType_AT_DropIdentity:
		t.add(AddIdentity{At: at, Table: table, Column: command.Name, Drop: true})
	case pg_query.AlterTableType_AT_SetExpression:
		t.add(SetExpression{At: at, Table: table, Column: command.Name, Expression: t.expression(command.Def)})
	case pg_query.AlterTableType_AT_DropExpression:
		t.add(SetExpression{At: at, Table: table, Column: command.Name})
	case pg_query.AlterTableType_AT_AddConstraint:
		t.calls(command.Def.GetConstraint().GetRawExpr())
		t.add(AddConstraint{At: at, Table: table, Constraint: t.tableConstraint(command.Def.GetConstraint())})
	case pg_query.AlterTableType_AT_DropConstraint:
		t.add(DropConstraint{At: at, Table: table, Name: command.Name, IfExists: command.MissingOk, Cascade: cascade})
	case pg_query.AlterTableType_AT_ValidateConstraint:
		t.add(ValidateConstraint{At: at, Table: table, Name: command.Name})
	default:
		t.alterStorage(at, kind, table, command)
	}
}

// alterStorage reads the actions that are not about columns and constraints.
func (t *translation) alterStorage(at At, kind Kind, table Name, command *pg_query.AlterTableCmd) {
	partition := command.Def.GetPartitionCmd()
	trigger := func(name string, enabled bool) {
		t.add(SwitchTrigger{At: at, Table: table, Trigger: name, Enabled: enabled})
	}
	switch command.Subtype {
	case pg_query.AlterTableType_AT_AttachPartition:
		t.add(AttachPartition{At: at, Table: table, Partition: relation(partition.GetName()), Bound: bound(partition.GetBound()), Limits: limits(partition.GetBound()), OfIndex: kind == Index})
	case pg_query.AlterTableType_AT_DetachPartition:
		t.add(DetachPartition{At: at, Table: table, Partition: relation(partition.GetName()), Concurrently: partition.GetConcurrent()})
	case pg_query.AlterTableType_AT_DetachPartitionFinalize:
		t.add(DetachPartition{At: at, Table: table, Partition: relation(partition.GetName()), Finalize: true})
	case pg_query.AlterTableType_AT_SetLogged, pg_query.AlterTableType_AT_SetUnLogged:
		t.add(SetPersistence{At: at, Table: table, Logged: command.Subtype == pg_query.AlterTableType_AT_SetLogged})
	case pg_query.AlterTableType_AT_SetTableSpace:
		t.add(SetTablespace{At: at, Kind: kind, Object: table, Tablespace: command.Name})
	case pg_query.AlterTableType_AT_SetAccessMethod:
		t.add(SetAccessMethod{At: at, Table: table, Method: command.Name})
	case pg_query.AlterTableType_AT_EnableTrig, pg_query.AlterTableType_AT_EnableAlwaysTrig, pg_query.AlterTableType_AT_EnableReplicaTrig:
		trigger(command.Name, true)
	case pg_query.AlterTableType_AT_EnableTrigAll:
		trigger("all", true)
	case pg_query.AlterTableType_AT_EnableTrigUser:
		trigger("user", true)
	case pg_query.AlterTableType_AT_DisableTrig:
		trigger(command.Name, false)
	case pg_query.AlterTableType_AT_DisableTrigAll:
		trigger("all", false)
	case pg_query.AlterTableType_AT_DisableTrigUser:
		trigger("user", false)
	case pg_query.AlterTableType_AT_EnableRowSecurity, pg_query.AlterTableType_AT_DisableRowSecurity,
		pg_query.AlterTableType_AT_ForceRowSecurity, pg_query.AlterTableType_AT_NoForceRowSecurity:
		t.add(RowSecurity{At: at, Table: table, Action: strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(command.Subtype.String(), "AT_"), "RowSecurity"))})
	case pg_query.AlterTableType_AT_ReplicaIdentity:
		identity := command.Def.GetReplicaIdentityStmt()
		words := map[string]string{"d": "default", "f": "full", "n": "nothing", "i": "index"}
		t.add(ReplicaIdentity{At: at, Table: table, Identity: words[identity.GetIdentityType()], Index: identity.GetName()})
	default:
		t.otherAction(at, kind, table, command)
	}
}

func (t *translation) otherAction(at At, kind Kind, table Name, command *pg_query.AlterTableCmd) {
	var action strings.Builder
	for i, character := range strings.TrimPrefix(command.Subtype.String(), "AT_") {
		if i > 0 && character >= 'A' && character <= 'Z' {
			action.WriteByte(' ')
		}
		action.WriteRune(character)
	}
	change := AlterTable{At: at, Kind: kind, Table: table, Column: command.Name, Action: strings.ToLower(action.String()), Definition: Even(t.text)}
	if column := command.Def.GetColumnDef(); column != nil {
		change.Column = cmp.Or(command.Name, column.Colname)
	}
	if parent := command.Def.GetRangeVar(); parent != nil {
		change.Parent = relation(parent)
	}
	for _, node := range command.Def.GetList().GetItems() {
		if element := node.GetDefElem(); element.GetDefname() == "generated" {
			change.Generated = map[int32]string{'a': "always", 'd': "by default"}[element.GetArg().GetInteger().GetIval()]
		}
	}
	t.add(change)
}

// commandPlace returns where an action of ALTER TABLE begins. The parser says it of definitions only; for the others the name
// of the column or constraint is looked for behind what was found before.
func (t *translation) commandPlace(before At, command *pg_query.AlterTableCmd) At {
	switch {
	case command.Def.GetColumnDef() != nil && command.Def.GetColumnDef().Location > 0:
		return t.at(command.Def.GetColumnDef().Location)
	case command.Def.GetConstraint() != nil && command.Def.GetConstraint().Location > 0:
		return t.at(command.Def.GetConstraint().Location)
	}
	name := command.Name
	if partition := command.Def.GetPartitionCmd(); partition != nil {
		return t.at(partition.GetName().GetLocation())
	}
	if name == "" {
		return before
	}
	after := int(before)
	if last := len(t.changes); last > 0 {
		after = max(after, t.changes[last-1].Where())
	}
	begin := min(max(0, after-int(t.here())), len(t.text))
	scan := scanner{text: t.text, at: begin}
	scan.next() // What begins here is the table, or the action before.
	for one, more := scan.next(); more; one, more = scan.next() {
		found := t.text[one.start:one.end]
		if one.kind == word && strings.EqualFold(found, name) || one.kind == quotedWord && found == `"`+strings.ReplaceAll(name, `"`, `""`)+`"` {
			return At(int(t.here()) + one.start)
		}
	}
	return before
}

func (t *translation) rename(of *pg_query.RenameStmt) {
	kind := kindOf(of.RenameType)
	change := Rename{At: t.at(of.Relation.GetLocation()), Kind: kind, Object: relation(of.Relation), Part: of.Subname, To: of.Newname, IfExists: of.MissingOk}
	switch of.RenameType {
	case pg_query.ObjectType_OBJECT_COLUMN:
		change.OnView = of.RelationType == pg_query.ObjectType_OBJECT_VIEW || of.RelationType == pg_query.ObjectType_OBJECT_MATVIEW
	case pg_query.ObjectType_OBJECT_TABCONSTRAINT, pg_query.ObjectType_OBJECT_TRIGGER, pg_query.ObjectType_OBJECT_POLICY, pg_query.ObjectType_OBJECT_RULE:
	case pg_query.ObjectType_OBJECT_SCHEMA, pg_query.ObjectType_OBJECT_DATABASE, pg_query.ObjectType_OBJECT_ROLE:
		change.Object = Name{Name: of.Subname}
		change.Part = ""
	default:
		if of.Relation == nil {
			change.Object = t.object(of.Object).Name
		}
	}
	t.add(change)
}

// object reads what DROP, COMMENT and others name.
func (t *translation) object(node *pg_query.Node) Object {
	result := Object{At: t.here()}
	switch {
	case node.GetList() != nil:
		result.Name = nameOf(texts(node.GetList().Items))
	case node.GetTypeName() != nil:
		name := t.typeName(node.GetTypeName())
		result.Name, result.At = name.Name, name.At
	case node.GetString_() != nil:
		result.Name = Name{Name: node.GetString_().Sval}
	case node.GetRangeVar() != nil:
		result.Name, result.At = relation(node.GetRangeVar()), t.at(node.GetRangeVar().Location)
	case node.GetObjectWithArgs() != nil:
		function := node.GetObjectWithArgs()
		result.Name, result.Signed = nameOf(texts(function.Objname)), !function.ArgsUnspecified
		var arguments []string
		for _, argument := range function.Objargs {
			arguments = append(arguments, t.typeName(argument.GetTypeName()).SQL)
		}
		result.Arguments = strings.Join(arguments, ", ")
	}
	return result
}

func (t *translation) drop(of *pg_query.DropStmt) {
	change := Drop{
		At: t.here(), Kind: kindOf(of.RemoveType), IfExists: of.MissingOk, Cascade: of.Behavior == pg_query.DropBehavior_DROP_CASCADE,
		Concurrently: of.Concurrent,
	}
	for _, node := range of.Objects {
		change.Objects = append(change.Objects, t.onTable(of.RemoveType, node))
	}
	t.add(change)
}

// onTable reads an object that may be one of a table: its list is then the table's name, and the object's own behind it.
func (t *translation) onTable(kind pg_query.ObjectType, node *pg_query.Node) Object {
	switch kind {
	case pg_query.ObjectType_OBJECT_TRIGGER, pg_query.ObjectType_OBJECT_POLICY, pg_query.ObjectType_OBJECT_RULE,
		pg_query.ObjectType_OBJECT_COLUMN, pg_query.ObjectType_OBJECT_TABCONSTRAINT:
		parts := texts(node.GetList().GetItems())
		if len(parts) < 2 {
			break
		}
		return Object{At: t.here(), Name: Name{Name: parts[len(parts)-1]}, On: nameOf(parts[:len(parts)-1])}
	}
	return t.object(node)
}
