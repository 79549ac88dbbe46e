package review

import (
	"github.com/randomchaoslabs/airlock/internal/statement"
)

func timestampWithoutZone() Rule {
	return Rule{
		ID: "timestamp-without-zone", Title: "A timestamp without time zone", Severity: Information,
		Why:    "It says which hands the clock showed, not where: two servers in two zones read two moments. timestamptz takes the same space.",
		Source: "https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_timestamp_.28without_time_zone.29",
		change: func(c *Case) []Hit {

			return eachColumn(c, func(table statement.Name, column statement.ColumnDefinition) (message, instead string) {
				if column.Type.Name != (statement.Name{Name: "timestamp"}) {
					return "", ""
				}
				return statement.QuoteWord(column.Name) + " of " + name(table) + " has no time zone", "timestamptz"
			})
		},
	}
}
