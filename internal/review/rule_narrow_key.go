package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func narrowKey() Rule {
	return Rule{
		ID: "narrow-key", Title: "A key that can run out", Severity: Information,
		Why:    "An integer key ends at 2,147,483,647, a smallint one at 32,767; then INSERTs fail, and a wider type means that the table is written anew.",
		Source: "https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL",
		change: func(c *Case) []Hit {

			return eachColumn(c, func(table statement.Name, column statement.ColumnDefinition) string {
				if !isKey(c, column) || !slices.Contains([]string{"serial2", "serial4", "int2", "int4"}, column.Type.Name.Name) || column.Type.Name.Schema != "" {
					return ""
				}
				return statement.QuoteWord(column.Name) + " of " + name(table) + " is " + column.Type.SQL + ": bigint never runs out"
			})
		},
	}
}

// eachColumn calls judge for the columns that a change makes, and returns one hit for all that it says something of: a table with
// twenty such columns is one remark.
func eachColumn(c *Case, judge func(statement.Name, statement.ColumnDefinition) string) []Hit {
	var hit Hit
	more := 0
	see := func(table statement.Name, column statement.ColumnDefinition) {
		message := judge(table, column)
		switch {
		case message == "":
		case hit.Message == "":
			hit = Hit{Message: message, Tables: []statement.Name{table}, At: column.Where()}
		default:
			more++
		}
	}
	switch change := c.Change.(type) {
	case statement.CreateTable:
		if change.Temporary {
			return nil
		}
		for _, column := range change.Columns {
			see(change.Table, column)
		}
	case statement.AddColumn:
		see(change.Table, change.Column)
	}
	if hit.Message == "" {
		return nil
	}
	if more > 0 {
		hit.Message += " (and " + count(int64(more), "more column") + ")"
	}
	return one(hit)
}

// isKey tells whether a new column numbers its rows: it is the primary key alone, a serial or an identity column.
func isKey(c *Case, column statement.ColumnDefinition) bool {
	if column.Identity || isSerial(column.Type) || hasConstraint(column, statement.PrimaryKey) && len(column.Constraints) == 1 {
		return true
	}
	table, is := c.Change.(statement.CreateTable)
	return is && slices.ContainsFunc(table.Constraints, func(one statement.Constraint) bool {
		return one.Type == statement.PrimaryKey && slices.Equal(one.Columns, []string{column.Name})
	})
}
