package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func searchPath() Rule {
	return Rule{
		ID: "search-path", Title: "A search_path that outlives the migration", Severity: Blocking, down: downSame,
		Why:    "Goose looks for its own table through the search_path: with another one it finds none, or makes a second, and applies every migration again. The migrations after it run with it too.",
		Source: "https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH",
		change: func(c *Case) []Hit {

			switch change := c.Change.(type) {
			case statement.RoleSetting:
				if change.Setting == "search_path" {
					return one(Hit{Message: "every later session of the " + string(change.Kind) + " " + change.Object + " has another search_path: goose may not find its table"})
				}
			case statement.Set:
				if !strings.EqualFold(change.Name, "search_path") || change.Local && c.Transaction.Open || change.Reset || resets(change.Value) {
					return nil
				}
				return one(Hit{
					Message:    "the session keeps this search_path after the migration: goose may not find its table, and later migrations run with it",
					Suggestion: "SET LOCAL search_path = " + pathText(change.Value) + ";",
				})
			}
			return nil
		},
	}
}

// resets tells whether a search_path still finds what goose made in public.
func resets(path string) bool {
	for _, schema := range strings.Split(path, ",") {
		if strings.Trim(strings.TrimSpace(schema), `"`) == "public" {
			return true
		}
	}
	return false
}

// pathText returns a search_path as SQL.
func pathText(path string) string {
	var all []string
	for _, schema := range strings.Split(path, ",") {
		if schema = strings.Trim(strings.TrimSpace(schema), `"`); schema != "" {
			all = append(all, statement.QuoteWord(schema))
		}
	}
	if len(all) == 0 {
		return "''"
	}
	return strings.Join(all, ", ")
}
