package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func moneyColumn() Rule {
	return Rule{
		ID: "money-column", Title: "money", Severity: Information,
		Why:    "It does not say which currency, and a setting of the server decides how many digits it has.",
		Source: "https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_money",
		change: func(c *Case) []Hit {

			return eachColumn(c, func(table statement.Name, column statement.ColumnDefinition) (message, instead string) {
				if column.Type.Name != (statement.Name{Name: "money"}) {
					return "", ""
				}
				return statement.QuoteWord(column.Name) + " of " + name(table) + " has no currency: numeric says what is meant", "numeric(19, 4)"
			})
		},
	}
}
