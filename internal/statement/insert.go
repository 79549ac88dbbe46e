package statement

import "strings"

// largeInsert is the size from which an INSERT is read by its tokens alone, in bytes: the tree of a data load is many times
// as large as its text, and says nothing that a rule asks about.
const largeInsert = 512

// readInsert reads a text that is one INSERT INTO table (columns) VALUES with literal rows. Anything else in it, a function, a
// subquery, ON CONFLICT or a second statement, is not known.
func readInsert(sql string) (Statement, bool) {
	scan := scanner{text: sql}
	read := func() (token, string) {
		one, more := scan.next()
		if !more {
			return token{kind: symbol, start: len(sql), end: len(sql)}, ""
		}
		return one, sql[one.start:one.end]
	}
	first, text := read()
	if _, into := read(); first.kind != word || !strings.EqualFold(text, "INSERT") || !strings.EqualFold(into, "INTO") {
		return Statement{}, false
	}
	insert := Insert{At: At(first.start)}
	identifier := func(one token, text string) (string, bool) {
		switch one.kind {
		case word:
			return strings.ToLower(text), true
		case quotedWord:
			return strings.ReplaceAll(strings.Trim(text, `"`), `""`, `"`), true
		}
		return "", false
	}
	name, known := identifier(read())
	if !known {
		return Statement{}, false
	}
	insert.Table.Name = name
	one, text := read()
	if text == "." {
		insert.Table.Schema = insert.Table.Name
		if insert.Table.Name, known = identifier(read()); !known {
			return Statement{}, false
		}
		one, text = read()
	}
	if text == "(" {
		for text != ")" {
			column, known := identifier(read())
			if one, text = read(); !known || text != "," && text != ")" {
				return Statement{}, false
			}
			insert.Columns = append(insert.Columns, column)
		}
		one, text = read()
	}
	if one.kind != word || !strings.EqualFold(text, "VALUES") {
		return Statement{}, false
	}
	for {
		if _, text = read(); text != "(" {
			return Statement{}, false
		}
		end, known := literalRow(&scan)
		if !known {
			return Statement{}, false
		}
		insert.Rows++
		one, text = read()
		switch text {
		case ",":
		case ";":
			if _, rest := read(); rest != "" {
				return Statement{}, false
			}
			fallthrough
		case "":
			return Statement{Text: sql[first.start:end], Offset: first.start, End: end, Changes: []Change{insert}}, true
		default:
			return Statement{}, false
		}
	}
}

// literalRow passes a row of literals up to its closing parenthesis, and returns where that ends.
func literalRow(scan *scanner) (end int, known bool) {
	for {
		one, more := scan.next()
		if !more {
			return 0, false
		}
		text := scan.text[one.start:one.end]
		switch {
		case text == ")" && one.kind == symbol:
			return one.end, true
		case one.kind == literal, one.kind == symbol && strings.Contains(",-+:", text), one.kind == word && plainWord(text):
		default:
			return 0, false
		}
	}
}

// plainWord tells whether a word in a row is a literal or the name of a type behind a cast.
func plainWord(text string) bool {
	switch strings.ToLower(text) {
	case "null", "true", "false", "default", "text", "int", "integer", "bigint", "uuid", "jsonb", "json", "date", "timestamp", "timestamptz",
		"numeric", "boolean", "bytea", "varchar", "interval", "inet":
		return true
	}
	return false
}
