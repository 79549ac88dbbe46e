package statement

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// AlterObject is ALTER of an object that is no table, in one way that an application may notice. Action is "alter" of a policy,
// "owner", the options of a role that are taken away or set to something, such as "nologin", or those of a sequence, such as
// "restart", which setval() with a constant is too.
type AlterObject struct {
	At
	Kind   Kind
	Object Object
	Action string
	// Definition is the statement's text, so that two can be compared.
	Definition string
}

// alterObject reads a statement that is one or more AlterObject, and tells whether it is.
func (t *translation) alterObject(node *pg_query.Node) bool {
	change := AlterObject{At: t.here(), Definition: Even(t.text)}
	switch of := node.Node.(type) {
	case *pg_query.Node_AlterPolicyStmt:
		change.Kind, change.Action = Policy, "alter"
		change.Object = Object{Name: Name{Name: of.AlterPolicyStmt.PolicyName}, On: relation(of.AlterPolicyStmt.Table)}
	case *pg_query.Node_AlterOwnerStmt:
		change.Kind, change.Action, change.Object = kindOf(of.AlterOwnerStmt.ObjectType), "owner", t.object(of.AlterOwnerStmt.Object)
	case *pg_query.Node_AlterRoleStmt:
		change.Kind, change.Object.Name.Name = Role, of.AlterRoleStmt.Role.GetRolename()
		change.Action = strings.Join(roleOptions(of.AlterRoleStmt), ", ")
	case *pg_query.Node_AlterSeqStmt:
		change.Kind, change.Object.Name = Sequence, relation(of.AlterSeqStmt.Sequence)
		var options []string
		for _, option := range of.AlterSeqStmt.Options {
			if name := option.GetDefElem().GetDefname(); name != "owned_by" {
				options = append(options, name)
			}
		}
		change.Action = strings.Join(options, ", ")
	}
	if change.Action == "" {
		return false
	}
	change.Object.At = change.At
	t.add(change)
	return true
}

// roleOptions returns the options of ALTER ROLE but for those that only give a right.
func roleOptions(of *pg_query.AlterRoleStmt) []string {
	var options []string
	for _, option := range of.Options {
		switch element := option.GetDefElem(); {
		case element.Defname == "rolemembers" && of.Action > 0, element.GetArg().GetBoolean().GetBoolval():
		case element.GetArg().GetBoolean() != nil:
			options = append(options, "no"+strings.TrimPrefix(element.Defname, "can"))
		default:
			options = append(options, element.Defname)
		}
	}
	return options
}

// setsSequence notes setval() with a constant. Any other is made of the rows that are there, and leaves no number for twice.
func (t *translation) setsSequence(call *pg_query.FuncCall) {
	if nameOf(texts(call.Funcname)).Name != "setval" || len(call.Args) < 2 {
		return
	}
	if is, _ := constant(call.Args[1]); !is {
		return
	}
	sequence := constantText(call.Args[0])
	if owner := call.Args[0].GetFuncCall(); sequence == "" && len(owner.GetArgs()) == 2 && slices.Equal(texts(owner.Funcname), []string{"pg_get_serial_sequence"}) {
		// This is how PostgreSQL calls the sequence of a column, short of a name that is too long or taken.
		sequence = constantText(owner.Args[0]) + "_" + constantText(owner.Args[1]) + "_seq"
	}
	if sequence != "" {
		object := Object{At: t.at(call.Location), Name: nameOf(strings.Split(strings.ReplaceAll(sequence, `"`, ""), "."))}
		t.add(AlterObject{At: object.At, Kind: Sequence, Object: object, Action: "restart", Definition: Even(t.text)})
	}
}
