package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func varcharLength() Rule {
	return Rule{
		ID: "varchar-length", Title: "varchar with a length", Severity: Information,
		Why:    "A longer one is needed one day. text is as fast, and a CHECK can be changed without a lock.",
		Source: "https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_varchar.28n.29_by_default",
		change: func(c *Case) []Hit {

			return eachColumn(c, func(table statement.Name, column statement.ColumnDefinition) (message, instead string) {
				if column.Type.Name != (statement.Name{Name: "varchar"}) || len(column.Type.Modifiers) == 0 {
					return "", ""
				}
				return statement.QuoteWord(column.Name) + " of " + name(table) + " holds at most as many characters as its type says", "text"
			})
		},
	}
}
