package review

import (
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// noTransaction introduces SQL that goose must not wrap.
const noTransaction = "-- in a migration of its own that says: -- +goose NO TRANSACTION\n"

// partitioned tells whether a table is known to be partitioned: CONCURRENTLY and USING INDEX do not work there.
func (c *Case) partitioned(table statement.Name) bool {
	known := c.Table(table)
	return known != nil && known.PartitionBy != ""
}

// addPlainColumn returns SQL that adds a column in a moment: without what reads or writes the rows that are there.
func addPlainColumn(table statement.Name, column statement.ColumnDefinition) string {
	return "ALTER TABLE " + statement.Quote(table) + " ADD COLUMN " + column.PlainSQL() + ";\n"
}

// constraintName returns the name of a constraint: its own, or the one that PostgreSQL would choose, which is free.
// https://www.postgresql.org/docs/current/sql-createtable.html: it makes them of the table, the columns and the kind.
func (c *Case) constraintName(table statement.Name, constraint statement.Constraint) string {
	if constraint.Name != "" {
		return constraint.Name
	}
	suffix := map[statement.ConstraintType]string{statement.ForeignKey: "fkey", statement.Check: "check", statement.Unique: "key", statement.PrimaryKey: "pkey"}[constraint.Type]
	parts := []string{table.Name}
	if constraint.Type != statement.PrimaryKey && (constraint.Type != statement.Check || len(constraint.Columns) == 1) {
		parts = append(parts, constraint.Columns...)
	}
	return c.freeConstraint(table, strings.Join(append(parts, suffix), "_"))
}

// freeConstraint returns a name for a constraint of a table, with a number behind it where the name is taken.
func (c *Case) freeConstraint(table statement.Name, chosen string) string {
	for number := 1; ; number++ {
		name := chosen
		if number > 1 {
			name += strconv.Itoa(number - 1)
		}
		if _, taken := c.Table(table).Constraint(name); !taken {
			return name
		}
	}
}

// validateSteps returns SQL that adds a constraint for new rows in a moment, and checks the others while everybody goes on.
func (c *Case) validateSteps(table statement.Name, constraint statement.Constraint) string {
	if constraint.Type == statement.ForeignKey && c.partitioned(table) && c.Version < 18 {
		return "-- NOT VALID does not work on a partitioned table before PostgreSQL 18: add the foreign key to each partition with NOT VALID, and validate it there"
	}
	chosen := c.constraintName(table, constraint)
	alter := "ALTER TABLE " + statement.Quote(table) + " "
	return alter + "ADD " + constraint.NotValidSQL(chosen) + ";\n-- in a migration of its own:\n" + alter + "VALIDATE CONSTRAINT " + statement.QuoteWord(chosen) + ";"
}

// uniqueSteps returns SQL that builds the index first, and makes a constraint of it in a moment.
func (c *Case) uniqueSteps(table statement.Name, constraint statement.Constraint) string {
	chosen := c.constraintName(table, constraint)
	switch {
	case constraint.Temporal:
		return "" // Its index cannot be built beforehand.
	case c.partitioned(table):
		return "-- on a partitioned table neither CONCURRENTLY nor USING INDEX works: build the index on each partition with CONCURRENTLY,\n" +
			"-- add the constraint ONLY to the parent, and attach the indexes with ALTER INDEX … ATTACH PARTITION\n" +
			"ALTER TABLE ONLY " + statement.Quote(table) + " ADD " + constraint.NamedSQL(chosen) + ";"
	}
	return noTransaction + constraint.UniqueIndexSQL(table, chosen) + ";\n" +
		"-- and after it:\nALTER TABLE " + statement.Quote(table) + " ADD " + constraint.UsingIndexSQL(chosen) + ";"
}
