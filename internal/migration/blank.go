package migration

import "strings"

// blank tells whether SQL holds comments, whitespace and semicolons only. Block comments nest, as in PostgreSQL: SQLite
// ends them earlier, and what it would run behind such an end is not counted on.
func blank(sql string) bool {
	for depth := 0; sql != ""; {
		switch {
		case strings.HasPrefix(sql, "/*"):
			depth++
			sql = sql[2:]
		case depth > 0 && strings.HasPrefix(sql, "*/"):
			depth--
			sql = sql[2:]
		case depth == 0 && strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case depth == 0 && !strings.ContainsRune(" \t\r\n\f\v;", rune(sql[0])):
			return false
		default:
			sql = sql[1:]
		}
	}
	return true
}
