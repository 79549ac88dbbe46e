package fingerprint

import "strings"

// tokens splits a statement of SQLite into its words, strings and signs, without spaces and comments. Words are in small letters and
// names without the quotes that they need not, because neither means anything; what is in a string stays.
// https://www.sqlite.org/lang_keywords.html, https://www.sqlite.org/lang_comment.html
func tokens(text string, names map[string]bool) []string {
	var all []string
	for len(text) > 0 {
		token, length := "", 1
		switch first := text[0]; {
		case strings.IndexByte(" \t\r\n\f", first) >= 0:
		case strings.HasPrefix(text, "--"):
			length = end(text, "\n")
		case strings.HasPrefix(text, "/*"):
			length = end(text, "*/")
		case first == '\'':
			length = quoted(text, '\'')
			token = text[:length]
		case first == '[':
			length = end(text, "]")
			token = named(strings.Trim(text[:length], "[]"))
		case first == '"' || first == '`':
			length = quoted(text, first)
			mark := string(first)
			inner := strings.ReplaceAll(text[1:max(1, length-1)], mark+mark, mark)
			if token = named(inner); first == '"' && (!names[strings.ToLower(inner)] || len(all) > 0 && all[len(all)-1] == "default") {
				token = "'" + strings.ReplaceAll(inner, "'", "''") + "'"
			}
		case inWord(first):
			for length < len(text) && (inWord(text[length]) || text[length] == '.' && first >= '0' && first <= '9') {
				length++
			}
			token = strings.ToLower(text[:length])
			if token == "x" && length < len(text) && text[length] == '\'' {
				blob := quoted(text[length:], '\'')
				token, length = strings.ToLower(text[:length+blob]), length+blob
			}
		default:
			token = text[:1]
		}
		if token != "" {
			all = append(all, token)
		}
		text = text[length:]
	}
	return all
}

// end returns how long a text is until after a mark, all of it where there is none.
func end(text, mark string) int {
	if at := strings.Index(text[1:], mark); at >= 0 {
		return 1 + at + len(mark)
	}
	return len(text)
}

// quoted returns how long something in quotes is that begins a text. Two quotes in it are one.
func quoted(text string, mark byte) int {
	for i := 1; i < len(text); i++ {
		if text[i] == mark {
			if i+1 == len(text) || text[i+1] != mark {
				return i + 1
			}
			i++
		}
	}
	return len(text)
}

// named writes a name, in quotes only when it is no plain word.
func named(name string) string {
	name = strings.ToLower(name)
	for i := range len(name) {
		if !inWord(name[i]) || i == 0 && name[i] >= '0' && name[i] <= '9' {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return name
}

// inWord tells whether a letter is one of those that names and numbers have.
func inWord(letter byte) bool {
	return letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z' || letter >= '0' && letter <= '9' || letter == '_' || letter == '$' || letter >= 0x80
}
