package statement

import pg_query "github.com/pganalyze/pg_query_go/v6"

// Name is the name of a database object as PostgreSQL folds it. Schema is empty when the SQL does not say one.
type Name struct{ Schema, Name string }

// Change is one thing that a statement does: the statement as a whole, or one action of an ALTER TABLE. Its types are in the
// files change_*.go. All names are folded as PostgreSQL does it, all texts of SQL are as its own parser prints them.
type Change interface {
	// Where returns the byte offset, in the text that was parsed, of what a reader would look at.
	Where() int
}

// At is the place of a change; every change has one.
type At int

// Where implements Change.
func (a At) Where() int { return int(a) }

// Kind is a kind of database object, in the words of PostgreSQL's commands and in lower case.
type Kind string

// The kinds that rules ask for. Others, such as "publication", are named as in PostgreSQL's DROP command.
const (
	Table            Kind = "table"
	ForeignTable     Kind = "foreign table"
	View             Kind = "view"
	MaterializedView Kind = "materialized view"
	Index            Kind = "index"
	Sequence         Kind = "sequence"
	Column           Kind = "column"
	ConstraintKind   Kind = "constraint"
	Type             Kind = "type"
	Enum             Kind = "enum"
	EnumValue        Kind = "enum value"
	Domain           Kind = "domain"
	SchemaKind       Kind = "schema"
	Database         Kind = "database"
	Function         Kind = "function"
	Trigger          Kind = "trigger"
	Policy           Kind = "policy"
	Extension        Kind = "extension"
	Role             Kind = "role"
)

// Expression is an SQL expression.
type Expression struct {
	At
	// Constant tells that it is a literal, possibly with casts; Null that it is NULL.
	Constant, Null bool
	// Volatile tells that it may give another value for each row: it calls a function that is volatile or unknown.
	Volatile bool
	// Functions names the functions that it calls, with the schema when one is said.
	Functions []Name
	// Columns names the columns that it reads, without their tables.
	Columns []string

	node *pg_query.Node
}

// TypeName is the type of a column.
type TypeName struct {
	At
	// Name is PostgreSQL's internal name for a built-in type (int4, int8, varchar, bpchar, timestamptz, …), else the name as
	// said. serial types are "serial2", "serial4" and "serial8".
	Name Name
	// Modifiers are the numbers in parentheses: length, precision, scale.
	Modifiers []int
	Array     bool
	// SQL is the type as people write it.
	SQL string
}

// ColumnDefinition is a column as CREATE TABLE or ADD COLUMN defines it.
type ColumnDefinition struct {
	At
	Name      string
	Type      TypeName
	Collation string
	// Default is nil when there is none.
	Default *Expression
	NotNull bool
	// Identity tells GENERATED … AS IDENTITY, and Always GENERATED ALWAYS; Stored and Virtual are the expressions of generated columns.
	Identity        bool
	Always          bool
	Stored, Virtual *Expression
	// Constraints are those of the column: PRIMARY KEY, UNIQUE, REFERENCES and CHECK, with Columns filled in.
	Constraints []Constraint
}

// ConstraintType tells one kind of constraint from another.
type ConstraintType string

// The types of constraints.
const (
	PrimaryKey ConstraintType = "primary key"
	Unique     ConstraintType = "unique"
	ForeignKey ConstraintType = "foreign key"
	Check      ConstraintType = "check"
	Exclusion  ConstraintType = "exclusion"
	// NotNull is PostgreSQL 18's named NOT NULL constraint of a table.
	NotNull ConstraintType = "not null"
)

// Constraint is a constraint of a table.
type Constraint struct {
	At
	// Name is empty when the SQL says none.
	Name    string
	Type    ConstraintType
	Columns []string
	// References and ReferencedColumns are what a foreign key points to; the columns are empty when the SQL says none.
	References        Name
	ReferencedColumns []string
	// OnDelete and OnUpdate are "cascade", "set null", "set default", "restrict", or empty for no action.
	OnDelete, OnUpdate string
	// Expression is that of a CHECK.
	Expression *Expression
	// NotNullColumns are the columns of which a CHECK says IS NOT NULL, alone or joined by AND.
	NotNullColumns []string
	// UsingIndex is the index that PRIMARY KEY or UNIQUE is made of.
	UsingIndex  string
	NotValid    bool
	NotEnforced bool
	NoInherit   bool
	Deferrable  bool
	// Temporal tells WITHOUT OVERLAPS, or PERIOD of a foreign key.
	Temporal bool
	// NullsNotDistinct tells UNIQUE NULLS NOT DISTINCT; SetsSome a list of columns behind ON DELETE SET NULL or SET DEFAULT.
	NullsNotDistinct, SetsSome bool

	node *pg_query.Constraint
}
