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

// decoder walks a YAML tree and the Go types together, and collects all that is wrong.
type decoder struct {
	file string
	// lookup finds the values of ${NAME}; nil leaves them as they are and checks their form only.
	lookup   Lookup
	keys     []key
	findings []Finding
	secrets  []string
}

// key is one key of the document, or one entry of a list in it.
type key struct {
	path     string
	position Position
	entry    bool
	value    ast.Node
}

func (d *decoder) report(at Position, path, format string, arguments ...any) {
	d.findings = append(d.findings, Finding{Position: at, Path: path, Message: fmt.Sprintf(format, arguments...)})
}

// position returns where a node begins; a block mapping begins at its first key.
func (d *decoder) position(node ast.Node) Position {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		node = mapping.Values[0].Key
	}
	at := node.GetToken().Position
	return Position{File: d.file, Line: at.Line, Column: max(1, at.Column)}
}

// value decodes a node into target, which is a field or an entry of one.
func (d *decoder) value(node ast.Node, target reflect.Value, f field, path string) {
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		d.value(node, target.Elem(), f, path)
		return
	}
	if target.Type() == valueType {
		d.answer(node, target, path)
		return
	}
	if one, ok := asScalar(target); ok {
		d.scalar(node, one, f, path)
		return
	}
	switch target.Kind() {
	case reflect.Struct:
		d.structure(node, target, path)
	case reflect.Map:
		d.names(node, target, f, path)
	case reflect.Slice:
		d.list(node, target, f, path)
	case reflect.String:
		if text, ok := d.text(node, f, path); ok {
			target.SetString(text)
		}
	case reflect.Int:
		if number, ok := d.number(node, f, path); ok {
			target.SetInt(int64(number))
		}
	case reflect.Bool:
		text := node.GetToken().Value
		if _, ok := node.(*ast.BoolNode); !ok || text != "true" && text != "false" {
			d.report(d.position(node), path, "expected true or false, %s", describe(node))
			return
		}
		target.SetBool(text == "true")
	default:
		panic("config: no rule for " + target.Type().String()) // a mistake in types.go, which every test would hit
	}
}

// structure decodes a mapping into a struct whose fields are all the keys that there are.
func (d *decoder) structure(node ast.Node, target reflect.Value, path string) {
	setDefaults(target)
	fields := fieldsOf(target.Type())
	set := map[string]bool{}
	if !d.mapping(node, path, func(name string, at Position, value ast.Node) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			d.report(at, join(path, shown(name)), "unknown key%s", suggestion(name, namesOf(fields)))
			return
		}
		set[name] = true
		d.keys = append(d.keys, key{path: join(path, name), position: at, value: value})
		d.value(value, target.Field(fields[i].index), fields[i], join(path, name))
	}) {
		return
	}
	d.together(d.position(node), path, fields, set)
}

// together reports which keys of a struct are missing and which must not stand beside each other.
func (d *decoder) together(at Position, path string, fields []field, set map[string]bool) {
	groups := map[string]bool{}
	for _, f := range fields {
		if f.required && !set[f.name] {
			d.report(at, join(path, f.name), "the key is missing; expected %s", expectation(f))
		}
		if f.beside != "" && set[f.name] && !set[f.beside] {
			d.report(at, join(path, f.name), "it is allowed only beside the key %s", f.beside)
		}
		group := f.one + f.most
		if group == "" || groups[group] {
			continue
		}
		groups[group] = true
		all := namesOf(slices.DeleteFunc(slices.Clone(fields), func(other field) bool { return other.one+other.most != group }))
		there := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !set[name] })
		switch {
		case len(there) > 1 && f.one != "":
			d.report(at, path, "expected exactly one of the keys %s, got %s", strings.Join(all, ", "), strings.Join(there, " and "))
		case len(there) > 1:
			d.report(at, path, "expected at most one of the keys %s, got %s", strings.Join(all, ", "), strings.Join(there, " and "))
		case len(there) == 0 && f.one != "":
			d.report(at, path, "expected exactly one of the keys %s, got none", strings.Join(all, ", "))
		}
	}
}

// mapping calls each for every key of a mapping that is there once; false when the node is no mapping.
func (d *decoder) mapping(node ast.Node, path string, each func(name string, at Position, value ast.Node)) bool {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		d.report(d.position(node), path, "expected keys with values, %s", describe(node))
		return false
	}
	first := map[string]Position{}
	for _, pair := range mapping.Values {
		name, at := pair.Key.GetToken().Value, d.position(pair.Key)
		if _, ok := pair.Key.(ast.ScalarNode); !ok {
			d.report(at, path, "expected a name as the key")
			continue
		}
		if before, twice := first[name]; twice {
			d.report(at, join(path, shown(name)), "the key is there twice: in line %d and in line %d", before.Line, at.Line)
			continue
		}
		first[name] = at
		each(name, at, pair.Value)
	}
	return true
}

// names decodes a mapping into a map from names to values.
func (d *decoder) names(node ast.Node, target reflect.Value, f field, path string) {
	form := regexp.MustCompile(f.names)
	decoded := reflect.MakeMap(target.Type())
	if !d.mapping(node, path, func(name string, at Position, value ast.Node) {
		if !form.MatchString(name) {
			d.report(at, join(path, shown(name)), "expected a name of %s", f.namesExpected)
		}
		inner := join(path, shown(name))
		d.keys = append(d.keys, key{path: inner, position: at, value: value})
		element := reflect.New(target.Type().Elem()).Elem()
		d.value(value, element, f, inner)
		decoded.SetMapIndex(reflect.ValueOf(name), element)
	}) {
		return
	}
	d.count(node, decoded.Len(), f, path)
	target.Set(decoded)
}

// list decodes a sequence into a slice.
func (d *decoder) list(node ast.Node, target reflect.Value, f field, path string) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.report(d.position(node), path, "expected a list, %s", describe(node))
		return
	}
	target.Set(reflect.MakeSlice(target.Type(), len(sequence.Values), len(sequence.Values)))
	for i, value := range sequence.Values {
		inner := path + "[" + strconv.Itoa(i) + "]"
		d.keys = append(d.keys, key{path: inner, position: d.position(value), entry: true, value: value})
		d.value(value, target.Index(i), f, inner)
	}
	if f.greatest != nil && len(sequence.Values) > *f.greatest {
		node = sequence.Values[*f.greatest]
	}
	d.count(node, len(sequence.Values), f, path)
}

// count reports a list or a map with too few or too many entries.
func (d *decoder) count(node ast.Node, entries int, f field, path string) {
	if f.least != nil && entries < *f.least {
		d.report(d.position(node), path, "expected at least %d, got %d", *f.least, entries)
	}
	if f.greatest != nil && entries > *f.greatest {
		because := ""
		if f.why != "" {
			because = ": " + f.why
		}
		d.report(d.position(node), path, "expected at most %d, got %d%s", *f.greatest, entries, because)
	}
}

// namesOf returns the names of fields.
func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// requiredKeys returns the keys that every config has.
func requiredKeys() []string {
	return namesOf(slices.DeleteFunc(fieldsOf(reflect.TypeFor[Config]()), func(f field) bool { return !f.required }))
}

// shown returns a name as it can stand in a path: quoted and cut when it is not a plain word.
func shown(name string) string {
	if plain := regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`); plain.MatchString(name) {
		return name
	}
	return quote(name)
}

// setDefaults gives every key of a struct the value that it has when the document does not set it.
func setDefaults(target reflect.Value) {
	for _, f := range fieldsOf(target.Type()) {
		inner := target.Field(f.index)
		one, isScalar := asScalar(inner)
		switch {
		case isScalar && f.standard != "":
			one.parse(f.standard)
		case isScalar || inner.Type() == valueType:
		case inner.Kind() == reflect.Struct:
			setDefaults(inner)
		case f.standard != "" && inner.Kind() == reflect.Int:
			inner.SetInt(int64(*number(f.standard)))
		case f.standard != "":
			inner.SetString(f.standard)
		}
	}
}
