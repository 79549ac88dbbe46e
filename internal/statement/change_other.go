package statement

import pg_query "github.com/pganalyze/pg_query_go/v6"

// IndexKey is one key of an index: a column, or an expression when Column is empty.
type IndexKey struct {
	Column string
	// Plain tells a column without operator class, order or collation of its own.
	Plain bool

	node *pg_query.Node
}

// CreateIndex is CREATE INDEX.
type CreateIndex struct {
	At
	// Name is empty when the SQL says none.
	Name                              string
	Table                             Name
	Method                            string
	Keys                              []IndexKey
	Include                           []string
	Predicate                         string
	Unique, Concurrently, IfNotExists bool
	NullsNotDistinct                  bool
	// Only tells ON ONLY: the index of a partitioned table without those of its partitions.
	Only bool

	node *pg_query.IndexStmt
}

// Reindex is REINDEX. Kind is Index, Table, SchemaKind, Database or "system".
type Reindex struct {
	At
	Kind         Kind
	Object       Name
	Concurrently bool
}

// RefreshMaterializedView is REFRESH MATERIALIZED VIEW.
type RefreshMaterializedView struct {
	At
	View                 Name
	Concurrently, NoData bool
}

// CreateEnum is CREATE TYPE … AS ENUM.
type CreateEnum struct {
	At
	Type   Name
	Labels []string
}

// AddEnumValue is ALTER TYPE … ADD VALUE. Neighbour is the label that it is put before or after, if any.
type AddEnumValue struct {
	At
	Type             Name
	Label, Neighbour string
	IfNotExists      bool
	After            bool
}

// CreateDomain is CREATE DOMAIN.
type CreateDomain struct {
	At
	Domain      Name
	Type        TypeName
	Constraints []Constraint
	NotNull     bool
	Definition  string
}

// AlterDomain is ALTER DOMAIN. Action is "add constraint", "drop constraint", "validate constraint", "set not null", "drop not
// null", "set default" or "drop default". Constraint is filled in for the first, its Name also for the two after it.
type AlterDomain struct {
	At
	Domain     Name
	Action     string
	Constraint Constraint
}

// Define makes an object that rules do not look into. Definition is the statement's text with its whitespace made even, so
// that two definitions can be compared.
type Define struct {
	At
	Kind                 Kind
	Object               Object
	Replace, IfNotExists bool
	Definition           string
	// Columns are those of a view, nil where they are not known; Whole tells that it shows all rows of its only table, and takes
	// rows for it.
	Columns []ViewColumn
	Whole   bool
	// Source is the statement's text as it is, of a function: Body reads it.
	Source string
	// Reads are the tables that a view or a rule is made of.
	Reads []Name
	// Calls are the functions that a view or a policy calls; Uses are the columns of its own table that a trigger or a policy looks at,
	// as far as it is certain that they are of that table.
	Calls []Name
	Uses  []string
}

// CreateFunction is CREATE FUNCTION or PROCEDURE.
type CreateFunction struct {
	At
	Define          Define
	SecurityDefiner bool
	// SetsSearchPath tells SET search_path.
	SetsSearchPath bool
	Language       string
	// Steady tells IMMUTABLE or STABLE.
	Steady bool
	// Returns is the type that it returns as SQL, empty for a procedure and for RETURNS TABLE; Set tells SETOF.
	Returns string
	Set     bool
	// Parameters are the names of those that a call fills in, empty for one without; a procedure has Procedure set.
	Parameters []string
	Procedure  bool
}

// AlterFunction is ALTER FUNCTION or PROCEDURE: what its definition says of it does not hold any more.
type AlterFunction struct {
	At
	Object Object
}

// Grant is GRANT, or REVOKE when Revoke is set.
type Grant struct {
	At
	Revoke     bool
	Kind       Kind
	Objects    []Object
	Privileges []string
	// Roles are the grantees; "public" is everybody.
	Roles []string
	// All tells ALL … IN SCHEMA, Default that it alters default privileges, OfRole that a role is granted.
	All, Default, OfRole bool
	WithGrantOption      bool
	Definition           string
}

// Comment is COMMENT ON.
type Comment struct {
	At
	Kind       Kind
	Object     Object
	Definition string
}

// Filter says which rows a DML statement touches.
type Filter int

// The filters.
const (
	// AllRows: no WHERE, or one that is always true.
	AllRows Filter = iota
	// NoRows: a WHERE that is never true.
	NoRows
	// SomeRows: a WHERE of which only the data tells.
	SomeRows
	// FewRows: the WHERE compares columns with constants by = or IN, all joined by AND.
	FewRows
)

// Insert is INSERT. Rows is the number of rows of VALUES; FromQuery tells INSERT … SELECT.
type Insert struct {
	At
	Table      Name
	Columns    []string
	Rows       int
	FromQuery  bool
	Reads      []Name
	OnConflict bool
	// Overwrites tells ON CONFLICT DO UPDATE.
	Overwrites bool
}

// Update is UPDATE.
type Update struct {
	At
	Table   Name
	Columns []string
	Filter  Filter
	// Equals are the columns that the WHERE compares with constants, when Filter is FewRows.
	Equals []string
	// Batch tells that it takes its rows from a query with a LIMIT of no more than a batch.
	Batch bool
	// Looped tells that it stands in a loop that commits, and takes other rows in each round.
	Looped bool
	Reads  []Name

	node *pg_query.UpdateStmt
}

// Delete is DELETE.
type Delete struct {
	At
	Table  Name
	Filter Filter
	Equals []string
	Batch  bool
	Looped bool
	Reads  []Name

	node *pg_query.DeleteStmt
}

// Write is COPY FROM, MERGE or another way in which rows are written. Statement is its name in lower case.
type Write struct {
	At
	Statement string
	Table     Name
}

// Select is SELECT, TABLE or VALUES, and PERFORM in a DO block.
type Select struct {
	At
	Reads []Name
}

// Set is SET, RESET and set_config(). Value is as PostgreSQL takes it; Reset tells RESET and SET … TO DEFAULT.
type Set struct {
	At
	Name, Value string
	Local       bool
	Reset       bool
}

// RoleSetting is ALTER ROLE, ALTER DATABASE or ALTER SYSTEM … SET. Kind is Role, Database or "system".
type RoleSetting struct {
	At
	Kind    Kind
	Object  string
	Setting string
}

// OwnSequence is OWNED BY of CREATE or ALTER SEQUENCE: the sequence goes when the column does. Table is empty for OWNED BY NONE.
type OwnSequence struct {
	At
	Sequence, Table Name
	Column          string
}

// Transaction is a statement of transaction control: "begin", "commit", "rollback", "savepoint", "release", "rollback to" …
type Transaction struct {
	At
	Action string
}

// LockTable is LOCK TABLE. Mode is that of pg_locks in words, such as "ACCESS EXCLUSIVE".
type LockTable struct {
	At
	Tables []Name
	Mode   string
}

// Vacuum is VACUUM, or ANALYZE when OnlyAnalyze is set.
type Vacuum struct {
	At
	Tables            []Name
	Full, OnlyAnalyze bool
}

// Cluster is CLUSTER.
type Cluster struct {
	At
	Table Name
}

// Call is CALL of a procedure, or the use of a function in a statement that runs it. It stands before the statement's own change.
type Call struct {
	At
	Name Name
	// Procedure tells CALL.
	Procedure bool
	// Effect tells that the function is none of PostgreSQL's, and that the statement is made for what it does: SELECT f().
	Effect bool
}

// Opaque is a part that cannot be known from the text: dynamic SQL, or a language other than SQL and PL/pgSQL.
type Opaque struct {
	At
	Reason string
	// Unseen tells that it is a function of which nothing is known but its name: an extension's, as a rule.
	Unseen bool
}

// Other is a statement that changes nothing a rule asks about. Statement is its name in lower case.
type Other struct {
	At
	Statement string
}
