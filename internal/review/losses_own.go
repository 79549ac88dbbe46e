package review

import (
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// ownWork is what up does to rows and values from before: down takes that back, and destroys nothing by it.
type ownWork struct {
	// tables are those that up makes, be it IF NOT EXISTS.
	tables map[statement.Name]bool
	// rows are the tables that up adds rows to, values the columns that it writes to, or opens for values that there were none of.
	// Both are by the names of before.
	rows   map[statement.Name]bool
	values map[columnName]bool
}

// noteOwn notes a change of up before it is done.
func (l *losing) noteOwn(change statement.Change) {
	open := func(table statement.Name, columns ...string) {
		for _, column := range columns {
			own, former := l.formerColumn(table, column)
			l.own.values[columnName{own, former}] = true
		}
	}
	switch c := change.(type) {
	case statement.CreateTable:
		l.own.tables[l.Before.Resolve(c.Table)] = true
	case statement.Insert:
		l.own.rows[l.former(c.Table)] = true
	case statement.Write:
		l.own.rows[l.former(c.Table)] = true
	case statement.Update:
		open(c.Table, c.Columns...)
	case statement.SetType:
		open(c.Table, c.Column)
	case statement.DropNotNull:
		open(c.Table, c.Column)
	case statement.DropConstraint:
		if dropped, known := l.Before.Table(l.former(c.Table)).Constraint(c.Name); known {
			open(c.Table, dropped.Columns...)
			if dropped.Expression != nil {
				open(c.Table, dropped.Expression.Columns...)
			}
		}
	case statement.AddEnumValue:
		for _, of := range l.Before.ColumnsOf(c.Type) {
			l.own.values[columnName{of.Table, of.Column}] = true
		}
	}
}

// makes tells whether up makes a table that was not there.
func (o ownWork) makes(before *schema.Schema, table statement.Name) bool {
	return o.tables[table] && before.Table(table) == nil
}

// undoes tells whether a DELETE may take out the rows that up added, and no others.
func (o ownWork) undoes(c statement.Delete, table statement.Name) bool {
	return o.rows[table] && c.Filter != statement.AllRows
}
