package fingerprint

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// sqliteSchema takes SQLite's own text of each object, as its tokens: SQLite keeps the spaces, the comments and the letters that
// somebody typed, and puts quotes around names that it changes. The parts of a table are sorted, because added columns come behind;
// the order of columns is an object of its own. Two numbers in the file are an application's: https://www.sqlite.org/pragma.html#pragma_user_version
func sqliteSchema(ctx context.Context, db *database.Database) (Schema, error) {
	const query = `SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT IN ($1, $2)
UNION ALL SELECT 'column order', m.name, (SELECT group_concat(name, ', ') FROM (SELECT c.name FROM pragma_table_xinfo(m.name) c ORDER BY c.cid))
FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name NOT IN ($1, $2)
UNION ALL SELECT 'setting', 'user_version', user_version FROM pragma_user_version UNION ALL SELECT 'setting', 'application_id', application_id FROM pragma_application_id`
	rows, err := db.QueryContext(ctx, query, database.GooseTable, database.RecordTable)
	if err != nil {
		return nil, err
	}
	schema, err := objects(rows)
	if err != nil {
		return nil, err
	}
	names, err := sqliteNames(ctx, db)
	if err != nil {
		return nil, err
	}
	for i := range schema {
		switch one := &schema[i]; one.Kind {
		case "table":
			one.Definition = join(sortedParts(tokens(one.Definition, names)))
		case "index", "view", "trigger":
			one.Definition = join(tokens(one.Definition, names))
		}
	}
	return schema, nil
}

// sqliteNames are the names that a word in double quotes can mean; it is a string otherwise. https://www.sqlite.org/quirks.html#dblquote
func sqliteNames(ctx context.Context, db *database.Database) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, `SELECT lower(name) FROM sqlite_schema UNION SELECT lower(c.name) FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return names, errors.Join(rows.Err(), rows.Close())
}

// sortedParts sorts what stands between the outer parentheses of CREATE TABLE and is separated by commas. The arguments of a virtual
// table are its module's, in their order.
func sortedParts(tokens []string) []string {
	if len(tokens) > 1 && tokens[1] == "virtual" {
		return tokens
	}
	begin, depth, from := -1, 0, 0
	var parts [][]string
	for i, token := range tokens {
		switch {
		case token == "(":
			if depth++; depth == 1 {
				begin, from = i, i+1
			}
		case token == "," && depth == 1:
			parts, from = append(parts, tokens[from:i]), i+1
		case token == ")":
			if depth--; depth == 0 {
				parts = append(parts, tokens[from:i])
				slices.SortFunc(parts, slices.Compare[[]string])
				sorted := slices.Clone(tokens[:begin+1])
				for n, part := range parts {
					if n > 0 {
						sorted = append(sorted, ",")
					}
					sorted = append(sorted, part...)
				}
				return append(sorted, tokens[i:]...)
			}
		}
	}
	return tokens
}

// join puts tokens together as people write them.
func join(tokens []string) string {
	var text strings.Builder
	for i, token := range tokens {
		if i > 0 && tokens[i-1] != "(" && tokens[i-1] != "." && token != ")" && token != "," && token != "." {
			text.WriteByte(' ')
		}
		text.WriteString(token)
	}
	return text.String()
}
