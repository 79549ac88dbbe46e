package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func charColumn() Rule {
	return Rule{
		ID: "char-column", Title: "char(n)", Severity: Information,
		Why:    "Values are filled up with spaces, which comparisons ignore and everything else does not.",
		Source: "https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_char.28n.29",
		change: func(c *Case) []Hit {

			return eachColumn(c, func(table statement.Name, column statement.ColumnDefinition) (message, instead string) {
				if column.Type.Name != (statement.Name{Name: "bpchar"}) {
					return "", ""
				}
				return statement.QuoteWord(column.Name) + " of " + name(table) + " is filled up with spaces", "text"
			})
		},
	}
}
