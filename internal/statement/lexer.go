package statement

import (
	"strings"
	"unicode/utf8"
)

// tokenKind tells one kind of token from another.
type tokenKind int

const (
	word       tokenKind = iota // an identifier or a key word, not quoted
	quotedWord                  // "an identifier"
	literal                     // a string, a dollar-quoted string, a number
	symbol                      // one character of an operator or of punctuation
)

// token is one token of SQL; comments and whitespace are none.
type token struct {
	kind       tokenKind
	start, end int
}

// scanner splits SQL into tokens as PostgreSQL does it with standard_conforming_strings on:
// https://www.postgresql.org/docs/current/sql-syntax-lexical.html. It knows no grammar.
type scanner struct {
	text string
	at   int
}

// next returns the next token, and false at the end of the text.
func (s *scanner) next() (token, bool) {
	s.skipBlank()
	if s.at >= len(s.text) {
		return token{}, false
	}
	start, rest := s.at, s.text[s.at:]
	kind := symbol
	switch character := rest[0]; {
	case character == '\'':
		kind = literal
		s.quoted('\'', false)
	case character == '"':
		kind = quotedWord
		s.quoted('"', false)
	case (character == 'e' || character == 'E') && strings.HasPrefix(rest[1:], "'"):
		kind = literal
		s.at++
		s.quoted('\'', true)
	case strings.IndexByte("bBxXnN", character) >= 0 && strings.HasPrefix(rest[1:], "'"):
		kind = literal
		s.at++
		s.quoted('\'', false)
	case (character == 'u' || character == 'U') && strings.HasPrefix(rest[1:], "&'"):
		kind = literal
		s.at += 2
		s.quoted('\'', false)
	case (character == 'u' || character == 'U') && strings.HasPrefix(rest[1:], `&"`):
		kind = quotedWord
		s.at += 2
		s.quoted('"', false)
	case character == '$' && dollarTag(rest) != "":
		kind = literal
		tag := dollarTag(rest)
		s.at += len(tag)
		if end := strings.Index(s.text[s.at:], tag); end >= 0 {
			s.at += end + len(tag)
		} else {
			s.at = len(s.text)
		}
	case isDigit(character):
		kind = literal
		for s.at < len(s.text) && (isWord(s.text[s.at]) || s.text[s.at] == '.') {
			s.at++
		}
	case isWord(character):
		kind = word
		for s.at < len(s.text) && (isWord(s.text[s.at]) || s.text[s.at] == '$') {
			s.at++
		}
	default:
		_, size := utf8.DecodeRuneInString(rest)
		s.at += size
	}
	return token{kind: kind, start: start, end: s.at}, true
}

// skipBlank passes whitespace, line comments and block comments, which nest.
func (s *scanner) skipBlank() {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			s.at++
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			s.at += end
		case strings.HasPrefix(rest, "/*"):
			s.blockComment()
		default:
			return
		}
	}
}

func (s *scanner) blockComment() {
	for depth := 0; s.at < len(s.text); {
		switch rest := s.text[s.at:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			s.at += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.at += 2
			if depth == 0 {
				return
			}
		default:
			s.at++
		}
	}
}

// quoted passes a quoted token; a doubled quote is part of it, and with escapes a quote behind a backslash too.
func (s *scanner) quoted(quote byte, escapes bool) {
	s.at++
	for s.at < len(s.text) {
		switch character := s.text[s.at]; {
		case escapes && character == '\\' && s.at+1 < len(s.text):
			s.at += 2
		case character == quote && s.at+1 < len(s.text) && s.text[s.at+1] == quote:
			s.at += 2
		case character == quote:
			s.at++
			return
		default:
			s.at++
		}
	}
}

// dollarTag returns the opening tag of a dollar-quoted string, such as $$ or $body$, or an empty string.
func dollarTag(text string) string {
	for index := 1; index < len(text); index++ {
		character := text[index]
		switch {
		case character == '$':
			return text[:index+1]
		case !isWord(character) || index == 1 && isDigit(character):
			return ""
		}
	}
	return ""
}

func isDigit(character byte) bool { return character >= '0' && character <= '9' }

// isWord tells whether a byte may be part of an identifier; all letters outside of ASCII may.
func isWord(character byte) bool {
	return character == '_' || character >= 0x80 || isDigit(character) || character|0x20 >= 'a' && character|0x20 <= 'z'
}

// tokens returns all tokens of text.
func tokens(text string) []token {
	var all []token
	scan := scanner{text: text}
	for {
		next, more := scan.next()
		if !more {
			return all
		}
		all = append(all, next)
	}
}

// OpenDollar returns the tag of a dollar-quoted string that the text does not end, such as $$; empty when there is none.
func OpenDollar(text string) string {
	all := tokens(text)
	if len(all) == 0 {
		return ""
	}
	last := text[all[len(all)-1].start:all[len(all)-1].end]
	if last[0] != '$' {
		return ""
	}
	tag := dollarTag(last)
	if tag == "" || len(last) >= 2*len(tag) && strings.HasSuffix(last, tag) {
		return ""
	}
	return tag
}

// FirstToken returns where the first token of text begins, behind whitespace and comments; its length when there is none.
func FirstToken(text string) int {
	scan := scanner{text: text}
	scan.skipBlank()
	return scan.at
}

// Even returns SQL without comments, and with one space where whitespace or comments stood, so that two texts which mean the
// same are more often the same.
func Even(text string) string {
	var even strings.Builder
	last := 0
	for _, one := range tokens(text) {
		if even.Len() > 0 && one.start > last {
			even.WriteByte(' ')
		}
		if part := text[one.start:one.end]; one.kind == word {
			even.WriteString(strings.ToLower(part)) // As PostgreSQL does.
		} else {
			even.WriteString(part)
		}
		last = one.end
	}
	return strings.TrimRight(even.String(), " ;")
}

// Literals returns the strings and numbers in SQL, without their quotes.
func Literals(text string) map[string]bool {
	found := map[string]bool{}
	for _, one := range tokens(text) {
		if one.kind == literal {
			found[strings.Trim(text[one.start:one.end], "'")] = true
		}
	}
	return found
}

// Words returns the identifiers and key words in SQL, without quotes.
func Words(text string) []string {
	var found []string
	for _, one := range tokens(text) {
		switch one.kind {
		case word:
			found = append(found, text[one.start:one.end])
		case quotedWord:
			found = append(found, strings.Trim(text[one.start:one.end], `"`))
		}
	}
	return found
}
