package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// wholeNumber leaves out the forms that YAML's versions read differently, such as 010 and 0x1f.
var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`)

// textOf returns the text of a node that YAML reads as text.
func textOf(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	}
	return "", false
}

// describe says what a node is, without the value when that is text: it may be a secret.
func describe(node ast.Node) string {
	switch node := node.(type) {
	case *ast.MappingNode:
		return "got keys with values"
	case *ast.SequenceNode:
		return "got a list"
	case *ast.NullNode:
		return "got nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "got text"
	case *ast.BoolNode:
		return "got " + node.Token.Value
	default:
		return "got a number"
	}
}

// expectation says what the value of a key is.
func expectation(f field) string {
	if one, ok := asScalar(reflect.New(f.kind).Elem()); ok {
		expected, _ := one.describe()
		return expected
	}
	if len(f.choices) > 0 {
		return strings.Join(f.choices, " or ")
	}
	switch f.kind.Kind() {
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return wholeNumberFrom(f)
	case reflect.String:
		if f.expected != "" {
			return f.expected
		}
		return "text"
	}
	if f.kind == valueType {
		return "a whole number or text"
	}
	return "keys with values"
}

// wholeNumberFrom says which whole numbers a key may have.
func wholeNumberFrom(f field) string {
	switch {
	case f.least != nil && f.greatest != nil:
		return fmt.Sprintf("a whole number from %d to %d", *f.least, *f.greatest)
	case f.least != nil:
		return fmt.Sprintf("a whole number, at least %d", *f.least)
	}
	return "a whole number"
}

// text decodes a text, checks it against the tags and replaces ${NAME} where that is documented.
func (d *decoder) text(node ast.Node, f field, path string) (string, bool) {
	expected := f.expected
	if expected == "" {
		expected = "text"
	}
	text, ok := d.plain(node, expected, f, path)
	if !ok {
		return "", false
	}
	switch at := d.position(node); {
	case len(f.choices) > 0 && !slices.Contains(f.choices, text):
		d.report(at, path, "expected %s, %s", strings.Join(f.choices, " or "), got(text))
	case text == "" && !f.empty:
		d.report(at, path, "expected %s, got an empty text", expected)
	case f.pattern != "" && !regexp.MustCompile(f.pattern).MatchString(text):
		d.report(at, path, "expected %s", expected)
	default:
		return d.replaced(text, node, f, path)
	}
	return "", false
}

// scalar decodes a type that is written as one text.
func (d *decoder) scalar(node ast.Node, target scalar, f field, path string) {
	expected, _ := target.describe()
	text, ok := d.plain(node, expected, f, path)
	if !ok {
		return
	}
	if text == "" {
		d.report(d.position(node), path, "expected %s, got an empty text", expected)
		return
	}
	if text, ok = d.replaced(text, node, f, path); !ok {
		return
	}
	if wrong := target.parse(text); wrong != "" {
		d.report(d.position(node), path, "expected %s, %s", expected, wrong)
	}
}

// plain returns the text of a node in which nothing is replaced yet.
func (d *decoder) plain(node ast.Node, expected string, f field, path string) (string, bool) {
	text, ok := textOf(node)
	switch at := d.position(node); {
	case !ok && expected == "text" && isWord(node):
		d.report(at, path, "expected text, %s; put it in quotes", describe(node))
	case !ok:
		d.report(at, path, "expected %s, %s", expected, describe(node))
	case strings.ContainsFunc(text, isControl):
		d.report(at, path, "expected %s, got text with a control character", expected)
	case !f.expand && strings.Contains(text, "${"):
		d.report(at, path, "${NAME} is not replaced in this key; it is in %s", strings.Join(expandable(), ", "))
	default:
		return text, true
	}
	return "", false
}

// isWord tells whether a node is one word that quotes would make text of.
func isWord(node ast.Node) bool {
	_, nothing := node.(*ast.NullNode)
	_, word := node.(ast.ScalarNode)
	return word && !nothing
}

// number decodes a whole number.
func (d *decoder) number(node ast.Node, f field, path string) (int, bool) {
	digits := node.GetToken().Value
	if _, ok := node.(*ast.IntegerNode); !ok || !wholeNumber.MatchString(digits) {
		d.report(d.position(node), path, "expected %s, %s", expectation(f), describe(node))
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	outside := f.least != nil && number < *f.least || f.greatest != nil && number > *f.greatest
	if err != nil || outside || len(f.choices) > 0 && !slices.Contains(f.choices, digits) {
		d.report(d.position(node), path, "expected %s, got %s", expectation(f), digits)
		return 0, false
	}
	return number, true
}

// answer decodes the value that a query must give.
func (d *decoder) answer(node ast.Node, target reflect.Value, path string) {
	if digits := node.GetToken().Value; node.Type() == ast.IntegerType && wholeNumber.MatchString(digits) {
		target.Set(reflect.ValueOf(Value{Text: digits, Number: true}))
		return
	}
	const expected = "a whole number or text in quotes"
	if text, ok := d.plain(node, expected, field{}, path); ok {
		target.Set(reflect.ValueOf(Value{Text: text}))
	}
}
