package statement

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// SQL returns the whole definition, CONSTRAINT NAME included when there is a name.
func (c Constraint) SQL() string { return c.with(c.Name, c.NotValid) }

// NamedSQL returns the definition under a name.
func (c Constraint) NamedSQL(name string) string { return c.with(name, c.NotValid) }

// NotValidSQL returns the definition under a name, with NOT VALID.
func (c Constraint) NotValidSQL(name string) string { return c.with(name, true) }

func (c Constraint) with(name string, notValid bool) string {
	if c.node == nil {
		if c.Type != NotNull {
			return ""
		}
		text := "NOT NULL " + QuoteWords(c.Columns)
		if name != "" {
			text = "CONSTRAINT " + QuoteWord(name) + " " + text
		}
		if notValid {
			text += " NOT VALID"
		}
		return text
	}
	copied := &pg_query.Constraint{
		Contype: c.node.Contype, Conname: name, Deferrable: c.node.Deferrable, Initdeferred: c.node.Initdeferred, SkipValidation: notValid,
		InitiallyValid: !notValid, IsNoInherit: c.node.IsNoInherit, RawExpr: c.node.RawExpr, NullsNotDistinct: c.node.NullsNotDistinct,
		Keys: c.node.Keys, Including: c.node.Including, Exclusions: c.node.Exclusions, Options: c.node.Options, Indexname: c.node.Indexname,
		Indexspace: c.node.Indexspace, AccessMethod: c.node.AccessMethod, WhereClause: c.node.WhereClause, Pktable: c.node.Pktable,
		FkAttrs: c.node.FkAttrs, PkAttrs: c.node.PkAttrs, FkMatchtype: c.node.FkMatchtype, FkUpdAction: c.node.FkUpdAction,
		FkDelAction: c.node.FkDelAction, FkDelSetCols: c.node.FkDelSetCols,
	}
	// A column's own constraint names no columns; as one of the table it has to.
	var keys []*pg_query.Node
	for _, column := range c.Columns {
		keys = append(keys, &pg_query.Node{Node: &pg_query.Node_String_{String_: &pg_query.String{Sval: column}}})
	}
	switch {
	case c.Type == ForeignKey && len(copied.FkAttrs) == 0:
		copied.FkAttrs = keys
	case (c.Type == Unique || c.Type == PrimaryKey) && len(copied.Keys) == 0 && copied.Indexname == "":
		copied.Keys = keys
	}
	return added(copied)
}

// added prints a constraint as ALTER TABLE adds it.
func added(constraint *pg_query.Constraint) string {
	command := &pg_query.AlterTableCmd{
		Subtype: pg_query.AlterTableType_AT_AddConstraint, Behavior: pg_query.DropBehavior_DROP_RESTRICT,
		Def: &pg_query.Node{Node: &pg_query.Node_Constraint{Constraint: constraint}},
	}
	text := deparse(&pg_query.Node{Node: &pg_query.Node_AlterTableStmt{AlterTableStmt: &pg_query.AlterTableStmt{
		Relation: &pg_query.RangeVar{Relname: "t", Inh: true, Relpersistence: "p"}, Objtype: pg_query.ObjectType_OBJECT_TABLE,
		Cmds: []*pg_query.Node{{Node: &pg_query.Node_AlterTableCmd{AlterTableCmd: command}}},
	}}})
	return strings.TrimPrefix(text, "ALTER TABLE t ADD ")
}

// UniqueIndexSQL returns the statement that builds the index of a UNIQUE or PRIMARY KEY constraint with CONCURRENTLY, under a name.
func (c Constraint) UniqueIndexSQL(table Name, name string) string {
	if c.node == nil {
		return ""
	}
	index := &pg_query.IndexStmt{
		Idxname: name, Relation: &pg_query.RangeVar{Schemaname: table.Schema, Relname: table.Name, Inh: true, Relpersistence: "p"},
		TableSpace: c.node.Indexspace, Options: c.node.Options, Unique: true, NullsNotDistinct: c.node.NullsNotDistinct, Concurrent: true,
	}
	element := func(column string) *pg_query.Node {
		return &pg_query.Node{Node: &pg_query.Node_IndexElem{IndexElem: &pg_query.IndexElem{
			Name: column, Ordering: pg_query.SortByDir_SORTBY_DEFAULT, NullsOrdering: pg_query.SortByNulls_SORTBY_NULLS_DEFAULT,
		}}}
	}
	for _, column := range c.Columns {
		index.IndexParams = append(index.IndexParams, element(column))
	}
	for _, column := range texts(c.node.Including) {
		index.IndexIncludingParams = append(index.IndexIncludingParams, element(column))
	}
	return deparse(&pg_query.Node{Node: &pg_query.Node_IndexStmt{IndexStmt: index}})
}

// UsingIndexSQL returns the definition of a UNIQUE or PRIMARY KEY constraint, under a name, that is made of the index of that name.
func (c Constraint) UsingIndexSQL(name string) string {
	if c.node == nil {
		return ""
	}
	return added(&pg_query.Constraint{
		Contype: c.node.Contype, Conname: name, Indexname: name, Deferrable: c.node.Deferrable, Initdeferred: c.node.Initdeferred, InitiallyValid: true,
	})
}

// PlainSQL returns the column with its collation and its default, without what reads or writes rows: its constraints, NOT NULL
// without a default, and a default that differs from row to row.
func (c ColumnDefinition) PlainSQL() string {
	text := QuoteWord(c.Name) + " " + c.Type.SQL
	if c.Collation != "" {
		text += " COLLATE " + c.Collation
	}
	if c.Default == nil || c.Default.Volatile {
		return text
	}
	if text += " DEFAULT " + c.Default.SQL(); c.NotNull && !c.Default.Null {
		text += " NOT NULL"
	}
	return text
}
