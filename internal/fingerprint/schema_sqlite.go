package fingerprint

import (
	"context"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// sqliteSchema takes SQLite's own text of each object, with its whitespace made even. The parts of a table are sorted, because
// SQLite keeps the text of CREATE TABLE and puts added columns behind; the order of columns is an object of its own.
func sqliteSchema(ctx context.Context, db *database.Database) (Schema, error) {
	const query = `SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT IN ($1, $2)
UNION ALL SELECT 'column order', m.name, (SELECT group_concat(name, ', ') FROM (SELECT c.name FROM pragma_table_xinfo(m.name) c ORDER BY c.cid))
FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name NOT IN ($1, $2)`
	rows, err := db.QueryContext(ctx, query, database.GooseTable, database.RecordTable)
	if err != nil {
		return nil, err
	}
	schema, err := objects(rows)
	for i := range schema {
		schema[i].Definition = strings.Join(strings.Fields(schema[i].Definition), " ")
		if schema[i].Kind == "table" {
			schema[i].Definition = sortedParts(schema[i].Definition)
		}
	}
	return schema, err
}

// sortedParts sorts what stands between the outer parentheses of CREATE TABLE and is separated by commas.
func sortedParts(text string) string {
	begin, depth, from := -1, 0, 0
	var quote byte
	var parts []string
	for i := range len(text) {
		switch character := text[i]; {
		case quote != 0:
			if character == quote {
				quote = 0
			}
		case character == '\'' || character == '"' || character == '`':
			quote = character
		case character == '[':
			quote = ']'
		case character == '(':
			if depth++; depth == 1 && begin < 0 {
				begin, from = i, i+1
			}
		case character == ',' && depth == 1:
			parts, from = append(parts, strings.TrimSpace(text[from:i])), i+1
		case character == ')':
			if depth--; depth == 0 && begin >= 0 {
				parts = append(parts, strings.TrimSpace(text[from:i]))
				slices.Sort(parts)
				return text[:begin] + "(" + strings.Join(parts, ", ") + ")" + text[i+1:]
			}
		}
	}
	return text
}
