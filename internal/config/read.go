package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds keep a hostile file from costing more than a moment: the YAML library recurses for each level, and takes
// time by the square of the number of keys and of the empty lines in a row.
const (
	maximumBytes      = 1 << 20
	maximumTokens     = 20_000
	maximumDepth      = 64
	maximumEmptyLines = 100
)

// YAML reads the braces of ${NAME} as its own between other braces, as in {key: ${NAME}}, which nobody means. So they are
// letters of the private use area until the text is cut into tokens; as many letters, so that columns stay right.
const (
	openMark  = "\ue000\ue001"
	closeMark = "\ue002"
)

var (
	variableForm = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	marks        = strings.NewReplacer(openMark, "${", closeMark, "}")
)

// readTree returns the one YAML document in source, or what is wrong with it as YAML.
func readTree(file string, source []byte) (ast.Node, []Finding) {
	text, wrong := readText(file, source)
	if wrong != nil {
		return nil, []Finding{*wrong}
	}
	tokens, body, err := parseTree(text)
	if found := refusals(file, tokens); len(found) > 0 {
		return nil, found
	}
	if err != nil {
		return nil, []Finding{syntaxFinding(file, err)}
	}
	if body == nil {
		return nil, []Finding{finding(file, 1, 1, "", "the file is empty; expected the keys "+strings.Join(requiredKeys(), ", "))}
	}
	return body, nil
}

// readText returns source with Unix line ends, or why it is no text.
func readText(file string, source []byte) (string, *Finding) {
	if len(source) > maximumBytes {
		wrong := finding(file, 1, 1, "", "the file is larger than 1 MiB")
		return "", &wrong
	}
	source = bytes.ReplaceAll(bytes.TrimPrefix(source, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	line, column, empty := 1, 0, 0
	for rest := source; len(rest) > 0; {
		letter, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		column++
		wrong := ""
		switch {
		case letter == utf8.RuneError && size == 1:
			wrong = "this is not UTF-8 text"
		case letter == '\n':
			line, column, empty = line+1, 0, empty+1
			if empty > maximumEmptyLines {
				wrong = fmt.Sprintf("more than %d empty lines in a row", maximumEmptyLines)
			}
		case isControl(letter):
			wrong = fmt.Sprintf("the character %U has no place in a config", letter)
		case letter != ' ' && letter != '\t':
			empty = 0
		}
		if wrong != "" {
			found := finding(file, line, max(1, column), "", wrong)
			return "", &found
		}
	}
	return string(source), nil
}

// isControl tells whether a letter has no place in a config: control characters but tabs and line feeds, the line ends of
// Unicode, byte order marks, and the letters of openMark and closeMark.
func isControl(letter rune) bool {
	switch {
	case letter == '\n', letter == '\t':
		return false
	case letter == '\u2028', letter == '\u2029', letter == '\ufeff':
		return true
	}
	return unicode.IsControl(letter) || letter >= '\ue000' && letter <= '\ue002'
}

// parseTree returns the tokens of text and, when they are bounded, the tree of the first document.
func parseTree(text string) (tokens token.Tokens, body ast.Node, err error) {
	// The text is somebody else's and so is the parser: a panic in it says that it cannot read this text.
	defer func() {
		if recover() != nil {
			err = errors.New("unreadable")
		}
	}()
	tokens = lexer.Tokenize(variableForm.ReplaceAllString(text, openMark+"$1"+closeMark))
	for _, at := range tokens {
		at.Value = marks.Replace(at.Value)
	}
	isText := tokens.InvalidToken() == nil // otherwise Parse stops before it recurses, and says why
	if len(tokens) > maximumTokens || isText && depthOf(tokens) != nil {
		return tokens, nil, nil
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil || len(tree.Docs) == 0 {
		return tokens, nil, err
	}
	return tokens, tree.Docs[0].Body, nil
}

// refusals returns what YAML has and a config has not.
func refusals(file string, tokens token.Tokens) []Finding {
	var found []Finding
	report := func(at *token.Token, message string) {
		found = append(found, finding(file, at.Position.Line, at.Position.Column, "", message))
	}
	if len(tokens) > maximumTokens {
		report(tokens[maximumTokens], "the file has more keys and values than a config can need")
		return found
	}
	if tokens.InvalidToken() != nil {
		return nil
	}
	if deep := depthOf(tokens); deep != nil {
		report(deep, fmt.Sprintf("lists and mappings are nested more than %d deep", maximumDepth))
	}
	const quoteIt = "; put the text in quotes if it is meant as text"
	flow, content, ended := 0, false, false
	before := token.UnknownType
	for _, at := range tokens {
		if at.Type == token.CommentType {
			continue
		}
		if ended || content && at.Type == token.DocumentHeaderType {
			report(at, "more than one YAML document is not allowed: keep everything in one")
			return found
		}
		content, ended = true, at.Type == token.DocumentEndType
		flow += nesting(at)
		if wrong := misread(at, before, flow > 0); wrong != "" {
			report(at, wrong)
		}
		before = at.Type
		switch at.Type {
		case token.AnchorType:
			report(at, "anchors (&name) are not allowed: write the value where it counts"+quoteIt)
		case token.AliasType:
			report(at, "aliases (*name) are not allowed: write the value where it counts"+quoteIt)
		case token.MergeKeyType:
			report(at, "merge keys (<<) are not allowed: write the keys where they count")
		case token.TagType:
			report(at, "tags (!name) are not allowed: the key decides the type"+quoteIt)
		case token.MappingKeyType:
			report(at, "keys that begin with ? are not allowed: write name: value")
		case token.DirectiveType:
			report(at, "directives (%NAME) are not allowed: the file is YAML 1.2")
			return found // the words of a directive are tokens too, and no document
		}
	}
	return found
}

// nesting returns how much deeper the brackets and braces are after a token.
func nesting(at *token.Token) int {
	switch at.Type {
	case token.MappingStartType, token.SequenceStartType:
		return 1
	case token.MappingEndType, token.SequenceEndType:
		return -1
	}
	return 0
}

// notPlain finds what YAML does not have in text without quotes between brackets or braces.
var notPlain = regexp.MustCompile(`[][{}]|:(\s|$)`)

// misread returns why a token is refused that the YAML library reads more loosely than YAML is defined: it drops tabs
// between words, takes a:b between braces for a key with a value, and a missing comma for text. before is the type of the
// token before it that is no comment.
func misread(at *token.Token, before token.Type, flow bool) string {
	written := strings.TrimSpace(at.Origin)
	isBlock := before == token.LiteralType || before == token.FoldedType
	isQuoted := at.Type == token.SingleQuoteType || at.Type == token.DoubleQuoteType
	switch {
	case isBlock || isQuoted:
	case strings.Contains(at.Origin, "\t"):
		return "tabs are not allowed here: write spaces, or put the text in quotes"
	case flow && at.Type == token.MappingValueType && before != token.SingleQuoteType && before != token.DoubleQuoteType && touches(at):
		return "expected a space after the colon, or the text in quotes"
	case flow && len(written) > 1 && notPlain.MatchString(written):
		return "expected a comma before the next key, or the text in quotes"
	}
	return ""
}

// touches tells whether a colon is followed by text with nothing between them.
func touches(colon *token.Token) bool {
	next := colon.Next
	if next == nil || nesting(next) != 0 || next.Type == token.CollectEntryType {
		return false
	}
	return next.Position.Line == colon.Position.Line && next.Position.Column == colon.Position.Column+1
}

// depthOf returns the first token that is nested too deep, or nil.
func depthOf(tokens token.Tokens) *token.Token {
	flow := 0
	var columns []int // of the block entries that are open
	for _, at := range tokens {
		flow += nesting(at)
		switch at.Type {
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			column := at.Position.Column
			if at.Type == token.MappingValueType && at.Prev != nil {
				column = at.Prev.Position.Column
			}
			for len(columns) > 0 && columns[len(columns)-1] >= column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, column)
		}
		if flow+len(columns) > maximumDepth {
			return at
		}
	}
	return nil
}

// syntaxFinding returns the finding for an error of the YAML library, without the lines of source that it prints.
func syntaxFinding(file string, err error) Finding {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil || syntax.Token.Position == nil {
		return finding(file, 1, 1, "", "this is not valid YAML")
	}
	at := syntax.Token.Position
	return finding(file, at.Line, max(1, at.Column), "", "this is not valid YAML: "+syntax.Message)
}

// finding returns a finding at a line and column.
func finding(file string, line, column int, path, message string) Finding {
	return Finding{Position: Position{File: file, Line: line, Column: column}, Path: path, Message: message}
}
