package review

import (
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// work says how long a statement holds its lock.
type work int

const (
	brief   work = iota // the catalogs change, and nothing else
	rows                // rows are written, as many as the statement finds
	scan                // the whole table is read
	build               // an index is built
	rewrite             // the whole table and its indexes are written anew
)

// Mode is a lock mode of PostgreSQL: https://www.postgresql.org/docs/current/explicit-locking.html
type mode int

const (
	accessShare mode = iota + 1
	rowShare
	rowExclusive
	shareUpdateExclusive
	share
	shareRowExclusive
	exclusive
	accessExclusive
)

func (m mode) String() string {
	return []string{"", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}[m]
}

// effect is a lock that a change takes on a relation, and what is done under it.
type effect struct {
	table statement.Name
	mode  mode
	work  work
}

// effects returns the locks that a change takes, that of its own table first. They follow the comments of AlterTableGetLockLevel in PostgreSQL's
// tablecmds.c and the pages of the commands: https://www.postgresql.org/docs/current/sql-altertable.html
func effects(change statement.Change, on *schema.Schema) []effect {
	own := func(table statement.Name, mode mode, work work) []effect { return []effect{{table, mode, work}} }
	switch c := change.(type) {
	case statement.CreateTable:
		return createTableEffects(c, on)
	case statement.AddColumn:
		return addColumnEffects(c, on)
	case statement.DropColumn:
		return own(c.Table, accessExclusive, brief)
	case statement.SetNotNull:
		return own(c.Table, accessExclusive, notNullWork(on, c.Table, c.Column))
	case statement.DropNotNull:
		return own(c.Table, accessExclusive, brief)
	case statement.SetDefault:
		return own(c.Table, accessExclusive, brief)
	case statement.SetType:
		return own(c.Table, accessExclusive, judgeType(on, c).work)
	case statement.AddIdentity:
		return own(c.Table, accessExclusive, brief)
	case statement.SetExpression:
		if c.Expression != nil {
			return own(c.Table, accessExclusive, rewrite)
		}
		return own(c.Table, accessExclusive, brief)
	case statement.AddConstraint:
		return addConstraintEffects(c.Table, c.Constraint, on)
	case statement.DropConstraint:
		return own(c.Table, accessExclusive, brief)
	case statement.ValidateConstraint:
		return own(c.Table, shareUpdateExclusive, scan)
	case statement.AttachPartition, statement.DetachPartition:
		return partitionEffects(change, on)
	case statement.SetPersistence:
		return own(c.Table, accessExclusive, rewrite)
	case statement.SetTablespace:
		if c.Kind == statement.Index {
			return own(indexed(on, c.Object), accessExclusive, rewrite)
		}
		return own(c.Object, accessExclusive, rewrite)
	case statement.SetAccessMethod:
		return own(c.Table, accessExclusive, rewrite)
	case statement.SwitchTrigger:
		return own(c.Table, shareRowExclusive, brief)
	case statement.RowSecurity:
		return own(c.Table, accessExclusive, brief)
	case statement.ReplicaIdentity:
		return own(c.Table, accessExclusive, brief)
	case statement.AlterTable:
		return own(c.Table, alterMode(c), brief)
	}
	return otherEffects(change, on)
}

// otherEffects returns the locks of what is not an ALTER TABLE.
func otherEffects(change statement.Change, on *schema.Schema) []effect {
	own := func(table statement.Name, mode mode, work work) []effect { return []effect{{table, mode, work}} }
	switch c := change.(type) {
	case statement.Rename:
		return renameEffects(c, on)
	case statement.SetSchema:
		if c.Kind == statement.Table {
			return own(c.Object, accessExclusive, brief)
		}
	case statement.Drop:
		return dropEffects(c, on)
	case statement.Truncate:
		var all []effect
		for _, table := range c.Tables {
			all = append(all, effect{table, accessExclusive, brief})
		}
		return all
	case statement.CreateIndex:
		if c.Concurrently {
			return own(c.Table, shareUpdateExclusive, build)
		}
		return own(c.Table, share, build)
	case statement.Reindex:
		return reindexEffects(c, on)
	case statement.RefreshMaterializedView:
		if c.Concurrently {
			return own(c.View, exclusive, rewrite)
		}
		return own(c.View, accessExclusive, rewrite)
	case statement.Define:
		switch {
		case c.Kind == statement.Trigger:
			return own(c.Object.On, shareRowExclusive, brief)
		case c.Object.On.Name != "":
			return own(c.Object.On, accessExclusive, brief)
		}
	case statement.Insert:
		return own(c.Table, rowExclusive, rows)
	case statement.Update:
		return own(c.Table, rowExclusive, rows)
	case statement.Delete:
		return own(c.Table, rowExclusive, rows)
	case statement.Write:
		return own(c.Table, rowExclusive, rows)
	case statement.LockTable:
		var all []effect
		for _, table := range c.Tables {
			all = append(all, effect{table, modeOf(c.Mode), brief})
		}
		return all
	case statement.Vacuum:
		return vacuumEffects(c)
	case statement.Cluster:
		if c.Table.Name != "" {
			return own(c.Table, accessExclusive, rewrite)
		}
	}
	return nil
}

func modeOf(name string) mode {
	for m := accessShare; m < accessExclusive; m++ {
		if m.String() == name {
			return m
		}
	}
	return accessExclusive
}

func createTableEffects(c statement.CreateTable, on *schema.Schema) []effect {
	var all []effect
	if c.PartitionOf.Name != "" {
		all = append(all, effect{c.PartitionOf, accessExclusive, brief})
		all = append(all, defaultEffects(c.PartitionOf, c.Table, c.Limits, on)...)
	}
	for _, parent := range c.Inherits {
		all = append(all, effect{parent, shareUpdateExclusive, brief})
	}
	refer := func(constraints []statement.Constraint) {
		for _, constraint := range constraints {
			if constraint.Type == statement.ForeignKey && constraint.References != c.Table {
				all = append(all, effect{constraint.References, shareRowExclusive, brief})
			}
		}
	}
	refer(c.Constraints)
	for _, column := range c.Columns {
		refer(column.Constraints)
	}
	return all
}

func addColumnEffects(c statement.AddColumn, on *schema.Schema) []effect {
	column := c.Column
	work := brief
	switch {
	case addColumnRewrites(on, column):
		work = rewrite
	case hasConstraint(column, statement.Check):
		work = scan
	case hasConstraint(column, statement.Unique) || hasConstraint(column, statement.PrimaryKey):
		work = build
	case hasConstraint(column, statement.ForeignKey) && column.Default != nil && !column.Default.Null:
		work = scan
	}
	all := []effect{{c.Table, accessExclusive, work}}
	for _, constraint := range column.Constraints {
		if constraint.Type == statement.ForeignKey {
			all = append(all, effect{constraint.References, shareRowExclusive, brief})
		}
	}
	return all
}

// addColumnRewrites tells whether PostgreSQL writes the whole table anew to add the column: a value that differs from row to
// row has to be stored in each. https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
func addColumnRewrites(on *schema.Schema, column statement.ColumnDefinition) bool {
	volatile := column.Default != nil && volatile(on, column.Default)
	return volatile || column.Identity || column.Stored != nil || isSerial(column.Type) || on.ConstrainedDomain(column.Type.Name)
}

func isSerial(of statement.TypeName) bool {
	switch of.Name {
	case statement.Name{Name: "serial2"}, statement.Name{Name: "serial4"}, statement.Name{Name: "serial8"}:
		return true
	}
	return false
}

func hasConstraint(column statement.ColumnDefinition, kind statement.ConstraintType) bool {
	for _, constraint := range column.Constraints {
		if constraint.Type == kind {
			return !constraint.NotEnforced
		}
	}
	return false
}

func addConstraintEffects(table statement.Name, c statement.Constraint, on *schema.Schema) []effect {
	scanned := scan
	if c.NotValid || c.NotEnforced {
		scanned = brief
	}
	switch c.Type {
	case statement.ForeignKey:
		return []effect{{table, shareRowExclusive, scanned}, {c.References, shareRowExclusive, brief}}
	case statement.Check:
		return []effect{{table, accessExclusive, scanned}}
	case statement.NotNull:
		if !c.NotValid && len(c.Columns) == 1 {
			scanned = notNullWork(on, table, c.Columns[0])
		}
		return []effect{{table, accessExclusive, scanned}}
	case statement.PrimaryKey, statement.Unique:
		if c.UsingIndex == "" {
			return []effect{{table, accessExclusive, build}}
		}
		work := brief
		if c.Type == statement.PrimaryKey {
			for _, column := range indexColumns(on, table, c.UsingIndex) {
				work = max(work, notNullWork(on, table, column))
			}
		}
		return []effect{{table, accessExclusive, work}}
	}
	return []effect{{table, accessExclusive, build}}
}

// alterMode returns the lock of the actions of ALTER TABLE that only the catalogs notice.
func alterMode(c statement.AlterTable) mode {
	switch c.Action {
	case "set statistics", "set options", "reset options", "cluster on", "drop cluster", "set rel options", "reset rel options", "replace rel options":
		return shareUpdateExclusive
	}
	return accessExclusive
}

func partitionEffects(change statement.Change, on *schema.Schema) []effect {
	switch c := change.(type) {
	case statement.AttachPartition:
		if c.OfIndex {
			return nil
		}
		work := scan
		if on.Implied(c.Table, c.Partition, c.Limits) {
			work = brief
		}
		return append([]effect{{c.Partition, accessExclusive, work}, {c.Table, shareUpdateExclusive, brief}}, defaultEffects(c.Table, c.Partition, c.Limits, on)...)
	case statement.DetachPartition:
		mode := accessExclusive
		if c.Concurrently || c.Finalize {
			mode = shareUpdateExclusive
		}
		return []effect{{c.Table, mode, brief}, {c.Partition, accessExclusive, brief}}
	}
	return nil
}

// defaultEffects are those on the default partition beside a new one: its rows are read for such as belong there.
func defaultEffects(parent, partition statement.Name, limits statement.Limits, on *schema.Schema) []effect {
	other, read := on.DefaultPartition(parent, limits)
	switch {
	case other == nil || other.Name == on.Resolve(partition):
		return nil
	case read:
		return []effect{{other.Name, accessExclusive, scan}}
	}
	return []effect{{other.Name, accessExclusive, brief}}
}

func renameEffects(c statement.Rename, on *schema.Schema) []effect {
	switch c.Kind {
	case statement.Index:
		return []effect{{indexed(on, c.Object), shareUpdateExclusive, brief}}
	case statement.Table, statement.Column, statement.ConstraintKind, statement.View, statement.MaterializedView, statement.ForeignTable, statement.Trigger, statement.Policy:
		return []effect{{c.Object, accessExclusive, brief}}
	}
	return nil
}

func dropEffects(c statement.Drop, on *schema.Schema) []effect {
	var all []effect
	for _, object := range c.Objects {
		switch {
		case c.Kind == statement.Index && c.Concurrently:
			all = append(all, effect{indexed(on, object.Name), shareUpdateExclusive, brief})
		case c.Kind == statement.Index:
			all = append(all, effect{indexed(on, object.Name), accessExclusive, brief})
		case object.On.Name != "":
			all = append(all, effect{object.On, accessExclusive, brief})
		case c.Kind == statement.Table || c.Kind == statement.ForeignTable || c.Kind == statement.View || c.Kind == statement.MaterializedView:
			all = append(all, effect{object.Name, accessExclusive, brief})
		}
	}
	return all
}

func reindexEffects(c statement.Reindex, on *schema.Schema) []effect {
	table := c.Object
	switch c.Kind {
	case statement.Index:
		table = indexed(on, c.Object)
	case statement.Table:
	default:
		return nil
	}
	if c.Concurrently {
		return []effect{{table, shareUpdateExclusive, build}}
	}
	return []effect{{table, share, build}}
}

func vacuumEffects(c statement.Vacuum) []effect {
	var all []effect
	for _, table := range c.Tables {
		switch {
		case c.Full:
			all = append(all, effect{table, accessExclusive, rewrite})
		default:
			all = append(all, effect{table, shareUpdateExclusive, scan})
		}
	}
	return all
}
