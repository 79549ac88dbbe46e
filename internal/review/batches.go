package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// writing is what of UPDATE and DELETE the rules about rows ask for.
type writing interface {
	InBatches(key string, taken ...string) string
}

// inBatches returns a statement that changes rows as one that goes through the table's primary key, to stand in a migration of its
// own; in words where the key is not known or not of one column, or where the statement is another, which change is nil for.
func inBatches(c *Case, table statement.Name, change writing) string {
	if key, known := c.Table(table).PrimaryKey(); known && len(key.Columns) == 1 && change != nil && !c.Statement.Block {
		var taken []string
		for _, column := range c.Table(table).Columns {
			taken = append(taken, column.Name)
		}
		if block := change.InBatches(key.Columns[0], taken...); block != "" {
			return noTransaction + "-- +goose StatementBegin\n" + block + "\n-- +goose StatementEnd"
		}
	}
	return "-- in batches of some thousand rows, with a commit after each, in a migration of its own that says: -- +goose NO TRANSACTION"
}
