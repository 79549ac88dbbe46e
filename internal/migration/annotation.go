package migration

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// annotation returns what a line tells goose in upper case, empty when it tells nothing that goose accepts. Goose looks
// for annotations in each line, also inside a statement or a block comment:
// https://pressly.github.io/goose/documentation/annotations/
func annotation(line string) string {
	rest, found := strings.CutPrefix(line, "--")
	before, after, annotated := strings.Cut(rest, "+goose")
	if !found || !annotated {
		return ""
	}
	return strings.ToUpper(strings.TrimSpace(strings.ReplaceAll(before+after, "--", "")))
}

// annotate sets what the annotations of content say about the file. title names the folder in errors.
func (f *File) annotate(title, content string) error {
	var down string
	rest, number := content, 0
	for line := range strings.Lines(content) {
		number++
		rest = rest[len(line):]
		switch annotation(line) {
		case "DOWN":
			down = rest
		case "NO TRANSACTION":
			f.NoTransaction = true
		case "ENVSUB ON":
			return problem.Wrong("write the value into the file, or set it outside of the migrations: what runs must be what was tested",
				"%s/%s:%d: `-- +goose ENVSUB ON` puts variables of the environment into SQL, and this version of Airlock does not do that yet",
				title, f.Name, number)
		}
	}
	f.EmptyDown = blank(down)
	return nil
}

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
