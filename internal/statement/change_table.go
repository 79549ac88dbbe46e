package statement

// CreateTable is CREATE TABLE, also AS and PARTITION OF.
type CreateTable struct {
	At
	Table       Name
	IfNotExists bool
	Temporary   bool
	Unlogged    bool
	Foreign     bool
	Columns     []ColumnDefinition
	// Constraints are those of the table; those of columns are in Columns.
	Constraints []Constraint
	// PartitionBy is "range", "list" or "hash" for a partitioned table; PartitionKey are its columns ("" for an expression).
	PartitionBy  string
	PartitionKey []string
	// PartitionOf is the parent of a partition; Bound is what it takes, as SQL, "DEFAULT" for the default partition.
	PartitionOf Name
	Bound       string
	Limits      Limits
	Inherits    []Name
	Like        []Name
	// FromQuery tells CREATE TABLE … AS and SELECT INTO: the columns are not known. Reads are the tables that it reads.
	FromQuery bool
	Reads     []Name
}

// AddColumn is ADD COLUMN.
type AddColumn struct {
	At
	Table       Name
	IfNotExists bool
	Column      ColumnDefinition
}

// DropColumn is DROP COLUMN.
type DropColumn struct {
	At
	Table             Name
	Column            string
	IfExists, Cascade bool
}

// SetNotNull is ALTER COLUMN … SET NOT NULL.
type SetNotNull struct {
	At
	Table  Name
	Column string
}

// DropNotNull is ALTER COLUMN … DROP NOT NULL.
type DropNotNull struct {
	At
	Table  Name
	Column string
}

// SetDefault is ALTER COLUMN … SET DEFAULT, or DROP DEFAULT when Default is nil.
type SetDefault struct {
	At
	Table   Name
	Column  string
	Default *Expression
}

// SetType is ALTER COLUMN … TYPE.
type SetType struct {
	At
	Table     Name
	Column    string
	Type      TypeName
	Collation string
	// Using is nil when the SQL says none.
	Using *Expression
}

// AddIdentity is ALTER COLUMN … ADD GENERATED AS IDENTITY; Drop tells DROP IDENTITY.
type AddIdentity struct {
	At
	Table  Name
	Column string
	Drop   bool
	// Always tells GENERATED ALWAYS: an INSERT cannot name a value of its own.
	Always bool
}

// SetExpression is ALTER COLUMN … SET EXPRESSION, or DROP EXPRESSION when Expression is nil.
type SetExpression struct {
	At
	Table      Name
	Column     string
	Expression *Expression
}

// AddConstraint is ADD CONSTRAINT.
type AddConstraint struct {
	At
	Table      Name
	Constraint Constraint
}

// DropConstraint is DROP CONSTRAINT.
type DropConstraint struct {
	At
	Table             Name
	Name              string
	IfExists, Cascade bool
}

// ValidateConstraint is VALIDATE CONSTRAINT.
type ValidateConstraint struct {
	At
	Table Name
	Name  string
}

// AttachPartition is ATTACH PARTITION of a table, or of an index when OfIndex is set.
type AttachPartition struct {
	At
	Table, Partition Name
	Bound            string
	Limits           Limits
	OfIndex          bool
}

// DetachPartition is DETACH PARTITION.
type DetachPartition struct {
	At
	Table, Partition       Name
	Concurrently, Finalize bool
}

// SetPersistence is SET LOGGED or SET UNLOGGED.
type SetPersistence struct {
	At
	Table  Name
	Logged bool
}

// SetTablespace is SET TABLESPACE of a table, index or materialized view.
type SetTablespace struct {
	At
	Kind       Kind
	Object     Name
	Tablespace string
}

// SetAccessMethod is SET ACCESS METHOD.
type SetAccessMethod struct {
	At
	Table  Name
	Method string
}

// SwitchTrigger is ENABLE or DISABLE TRIGGER. Trigger is "all" or "user" for those words.
type SwitchTrigger struct {
	At
	Table   Name
	Trigger string
	Enabled bool
}

// RowSecurity is ENABLE, DISABLE, FORCE or NO FORCE ROW LEVEL SECURITY.
type RowSecurity struct {
	At
	Table  Name
	Action string
}

// ReplicaIdentity is REPLICA IDENTITY: "default", "full", "nothing", or "index" with its name.
type ReplicaIdentity struct {
	At
	Table    Name
	Identity string
	Index    string
}

// AlterTable is any other action of ALTER TABLE: it touches the catalogs only.
type AlterTable struct {
	At
	Kind   Kind
	Table  Name
	Column string
	// Action is the action's name in lower case, such as "set statistics" or "change owner". Those on an attribute of a composite
	// type are called as those on a column.
	Action string
	// Parent is that of "add inherit" and "drop inherit".
	Parent Name
	// Generated is "always" or "by default" where "set identity" says one.
	Generated string
	// Definition is the statement's text, so that two settings can be compared.
	Definition string
}

// Rename renames an object, or a part of one. Object is what is altered: for columns and constraints the table, for enum
// values the type. Part is the old name of the column, constraint or value; To is the new name.
type Rename struct {
	At
	Kind     Kind
	Object   Name
	Part, To string
	IfExists bool
	// OnView tells that the column is that of a view.
	OnView bool
}

// SetSchema is SET SCHEMA.
type SetSchema struct {
	At
	Kind   Kind
	Object Name
	Schema string
}

// Drop is DROP of one or more objects of one kind. Objects on a table (triggers, policies, rules) have On filled in.
type Drop struct {
	At
	Kind                            Kind
	Objects                         []Object
	IfExists, Cascade, Concurrently bool
}

// Object is one object that DROP, COMMENT or the like names.
type Object struct {
	At
	Name Name
	// On is the table of a trigger, policy or rule.
	On Name
	// Arguments is the list of argument types of a function, as SQL; Signed tells that there is one.
	Arguments string
	Signed    bool
}

// Truncate is TRUNCATE.
type Truncate struct {
	At
	Tables  []Name
	Cascade bool
}
